/**
 * Tells the files of an installed `async-mutex` from all others.
 *
 * Guarantees: a package counts by the name in its package.json, wherever it lies (nested, hoisted, linked, installed
 * under another name); a file takes part only if it belongs to the public face of a version whose interface is
 * known. Used on every module that the process loads, so a file is dismissed by its path alone if it can be, and a
 * package.json is read once. Knows nothing but the file system: it also runs in the thread of the module hooks.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What a file of the package exports: all of it, or one of its parts. */
export type Part = 'all' | 'Mutex' | 'Semaphore' | 'withTimeout' | 'tryAcquire' | 'errors';

export interface PackageCopy {
  /** The folder of the package, with slashes on every system and without one at the end. */
  readonly root: string;
  readonly version: string;
  /** Whether the interface of this version is one that can be stood in for. */
  readonly known: boolean;
}

export interface PackageFile {
  readonly copy: PackageCopy;
  /** Undefined for a file that is not part of the public face. */
  readonly part: Part | undefined;
  /** Whether the file is an ES module; otherwise it is CommonJS. */
  readonly esm: boolean;
}

/** Every published interface so far is a subset of that of 0.5. */
const KNOWN_VERSION = /^0\.[1-5]\.\d+(?:$|[-+])/;

const FILES: Readonly<Record<string, { part: Part; esm: boolean } | undefined>> = {
  'index.mjs': { part: 'all', esm: true },
  'es6/index.js': { part: 'all', esm: true },
  'lib/index.js': { part: 'all', esm: false },
  'lib/Mutex.js': { part: 'Mutex', esm: false },
  'lib/Semaphore.js': { part: 'Semaphore', esm: false },
  'lib/withTimeout.js': { part: 'withTimeout', esm: false },
  'lib/tryAcquire.js': { part: 'tryAcquire', esm: false },
  'lib/errors.js': { part: 'errors', esm: false },
};

/** A copy that is installed under another name is noticed by the path of its public files. */
const PUBLIC_FILE = new RegExp(`^(.+)/(${Object.keys(FILES).join('|').replaceAll('.', '\\.')})$`);
const PUBLIC_URL = /\/(?:index\.mjs|(?:es6|lib)\/\w+\.js)(?:[?#]|$)/;
const INSTALLED = '/node_modules/async-mutex/';

/** By folder; undefined for a folder that does not hold the package. */
const copies = new Map<string, PackageCopy | undefined>();

/** The file at a path, if it belongs to an `async-mutex`. */
export function packageFileAt(path: string): PackageFile | undefined {
  const slashed = path.includes('\\') ? path.replaceAll('\\', '/') : path;
  const installed = slashed.lastIndexOf(INSTALLED);
  const match = installed === -1 ? PUBLIC_FILE.exec(slashed) : null;
  const root = match?.[1] ?? slashed.slice(0, installed + INSTALLED.length - 1);
  if (installed === -1 && match === null) return undefined;
  const copy = copyIn(root);
  if (copy === undefined) return undefined;
  const file = FILES[slashed.slice(root.length + 1)];
  return { copy, part: file?.part, esm: file?.esm ?? slashed.endsWith('.mjs') };
}

/** The same for the URL of a module. */
export function packageFileOf(url: string): PackageFile | undefined {
  if (!url.startsWith('file:')) return undefined;
  // Cheaper than taking the URL apart, which is done for the few that pass.
  if (!url.includes(INSTALLED) && !PUBLIC_URL.test(url)) return undefined;
  const end = url.search(/[?#]/);
  return packageFileAt(fileURLToPath(end === -1 ? url : url.slice(0, end)));
}

function copyIn(root: string): PackageCopy | undefined {
  if (copies.has(root)) return copies.get(root);
  const copy = readCopy(root);
  copies.set(root, copy);
  return copy;
}

function readCopy(root: string): PackageCopy | undefined {
  try {
    const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { name?: unknown; version?: unknown };
    if (manifest.name !== 'async-mutex') return undefined;
    const version = String(manifest.version);
    return { root, version, known: KNOWN_VERSION.test(version) };
  } catch {
    return undefined;
  }
}
