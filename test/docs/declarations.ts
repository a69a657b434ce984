/**
 * The declarations that come with the package, as editors read them: each name with its members and their doc comments.
 *
 * Knows the form in which the compiler writes them: what is declared begins at the margin, members four columns in.
 */
import { readFileSync } from 'node:fs';

export interface Member {
  /** `acquire`; of a constructor `constructor` or `new`, of a call signature `()`. */
  readonly name: string;
  readonly isOptional: boolean;
  /** Its text without the marks of a comment; undefined where it has none. */
  readonly doc: string | undefined;
  /** From 1. */
  readonly line: number;
}

export interface Declaration extends Member {
  readonly kind: 'class' | 'interface' | 'type' | 'const' | 'function';
  readonly members: readonly Member[];
  /** The names of what it extends, or is a value of. */
  readonly bases: readonly string[];
}

const DECLARED = /^(?:export )?(?:declare )?(?:abstract )?(class|interface|type|const|function) (\w+)/;
const MODIFIERS = /^(?:(?:static|readonly|abstract|get|set|declare) )*/;
const MEMBER = /^(\[[\w.]+\]|\w+|(?=\())(\?)?/;

export function declarationsOf(text: string): Declaration[] {
  const found: (Declaration & { members: Member[] })[] = [];
  const docs = ['', ''];
  let open: string[] | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const depth = line.startsWith('    ') ? 1 : 0;
    const code = line.slice(depth * 4);
    if (open === undefined && code.startsWith('/**')) open = [];
    if (open !== undefined) {
      open.push(line);
      if (!line.endsWith('*/')) continue;
      docs[depth] = plainDoc(open.join('\n'));
      open = undefined;
    } else if (/^\S/.test(code)) {
      const doc = docs[depth] === '' ? undefined : docs[depth];
      docs[depth] = '';
      const at = { doc, line: index + 1 };
      const outer = found.at(-1);
      if (depth === 0) found.push(...declared(code, at));
      else if (outer?.kind === 'class' || outer?.kind === 'interface') outer.members.push(...member(code, at));
    }
  }
  return found;
}

type Place = Pick<Member, 'doc' | 'line'>;

function declared(code: string, place: Place): (Declaration & { members: Member[] })[] {
  const [, kind, name] = DECLARED.exec(code) ?? [];
  if (kind === undefined || name === undefined) return [];
  const heritage = kind === 'const' ? /: (\w+);/.exec(code) : / extends ([^{]+) \{/.exec(code.replace(/<[^{]*?>/, ''));
  const bases = (heritage?.[1] ?? '').split(', ').map((base) => base.replace(/[<.].*/, ''));
  return [{ ...place, kind: kind as Declaration['kind'], name, isOptional: false, members: [], bases }];
}

function member(code: string, place: Place): Member[] {
  if (/^(?:#|private |protected |\})/.test(code)) return [];
  const [, name, mark] = MEMBER.exec(code.replace(MODIFIERS, '')) ?? [];
  if (name === undefined) return [];
  return [{ ...place, name: name === '' ? '()' : name, isOptional: mark !== undefined }];
}

function plainDoc(comment: string): string {
  return comment
    .replace(/^\s*\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trimEnd())
    .join('\n')
    .trim();
}

/** A block tag of a doc comment: `@throws {A} text` has the name `throws` and the text `{A} text`. */
export interface Tag {
  readonly name: string;
  readonly text: string;
}

/** What stands in a block of code is no tag. */
export function tagsOf(doc: string): Tag[] {
  const tags: { name: string; lines: string[] }[] = [];
  let inCode = false;
  for (const line of doc.split('\n')) {
    const [, name, rest = ''] = inCode ? [] : (/^@(\w+) ?(.*)$/.exec(line) ?? []);
    if (line.startsWith('```')) inCode = !inCode;
    if (name === undefined) tags.at(-1)?.lines.push(line);
    else tags.push({ name, lines: [rest] });
  }
  return tags.map(({ name, lines }) => ({ name, text: lines.join('\n').trim() }));
}

/** The modules behind an entry point, and what they say of its names. */
export class Declarations {
  readonly #modules = new Map<string, { readonly text: string; readonly declared: Declaration[] }>();

  /** All that the module at `url` declares or passes on as `name`, and what that extends or is a value of. */
  of(url: URL, name: string): Declaration[] {
    const { text, declared } = this.#read(url);
    const here = declared.filter((declaration) => declaration.name === name);
    const bases = here.flatMap((declaration) => declaration.bases).flatMap((base) => this.#basesOf(url, base));
    if (here.length > 0) return [...here, ...bases];
    const from = sourceOf(text, name);
    return from === undefined || !from.startsWith('.') ? [] : this.of(declarationsUrl(url, from), name);
  }

  #basesOf(url: URL, name: string): Declaration[] {
    return name === '' || /^(?:Error|Disposable|AsyncDisposable)$/.test(name) ? [] : this.of(url, name);
  }

  #read(url: URL): { readonly text: string; readonly declared: Declaration[] } {
    let read = this.#modules.get(url.href);
    if (read === undefined) {
      const text = readFileSync(url, 'utf8');
      this.#modules.set(url.href, (read = { text, declared: declarationsOf(text) }));
    }
    return read;
  }
}

/** The module that a list of names in braces brings `name` from. */
function sourceOf(text: string, name: string): string | undefined {
  const lists = text.matchAll(/^(?:import|export) (?:type )?\{([^}]*)\} from '([^']+)';/gm);
  for (const [, names = '', from] of lists) {
    if (names.split(',').some((each) => each.replace('type ', '').trim() === name)) return from;
  }
  return undefined;
}

function declarationsUrl(url: URL, from: string): URL {
  return new URL(from.replace(/\.js$/, '.d.ts'), url);
}
