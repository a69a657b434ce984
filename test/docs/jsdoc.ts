/** What the public declarations say of themselves: every comment that an editor may show for a name of the package. */
import { readFileSync } from 'node:fs';
import { Declarations, tagsOf, type Declaration, type Member, type Tag } from './declarations.js';
import { exportedNames } from './exported-names.js';
import { projectUrl } from './documents.js';

/** Each entry point with names of its own, and the module behind it. */
export const entryPoints: Readonly<Record<string, string>> = {
  lockdep: 'index',
  'lockdep/testing': 'testing',
  'lockdep/http': 'http',
};

/** Those of async-mutex, whose declarations are its own. */
const FOREIGN = new Set(['E_ALREADY_LOCKED', 'E_CANCELED', 'E_TIMEOUT', 'MutexInterface', 'SemaphoreInterface']);

export interface PublicName {
  readonly name: string;
  /** An interface and a constant may share it. With what it extends. */
  readonly declarations: readonly Declaration[];
}

function readPublicNames(module: string): PublicName[] {
  const url = new URL(`dist/types/${module}.d.ts`, projectUrl);
  const declarations = new Declarations();
  const names = exportedNames(readFileSync(url, 'utf8')).filter((name) => !FOREIGN.has(name));
  return names.map((name) => ({ name, declarations: declarations.of(url, name) }));
}

export const publicNames: readonly PublicName[] = Object.values(entryPoints).flatMap(readPublicNames);

export interface Commented extends Member {
  /** `Mutex.acquire`. */
  readonly path: string;
  readonly tags: readonly Tag[];
}

/** Each public name and each member of one, its own or inherited. */
export const commented: readonly Commented[] = publicNames
  .flatMap(({ name, declarations }) => declarations.map((declaration) => ({ name, declaration })))
  .flatMap(({ name, declaration }) => [
    at(declaration.name === name ? name : `${name} (${declaration.name})`, declaration),
    ...declaration.members.map((member) => at(`${name}.${member.name}`, member)),
  ]);

function at(path: string, member: Member): Commented {
  return { ...member, path, tags: tagsOf(member.doc ?? '') };
}

/** The code of the `@example` of a comment. */
export function examplesOf({ tags }: Commented): string[] {
  return tags.filter(({ name }) => name === 'example').map(({ text }) => /^```ts\n([^]*)\n```$/.exec(text)?.[1] ?? '');
}
