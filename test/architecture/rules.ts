/** The rules of the source tree, as functions from a file to its violations. Imports between its folders point down only. */

import { posix } from 'node:path';
import { isBuiltin } from 'node:module';

import { countCodeLines, moduleReferences, scan, topLevelAwaits } from './source-scan.js';
import type { Token } from './source-scan.js';

/** A source file; its path is relative to src/ and has forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly source: string;
}

/** What a folder may import besides itself. A folder that is not here is a violation, so it has to be placed. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  cli: ['index', 'adapters', 'attach', 'report', 'platform'],
  adapters: ['index', 'cli', 'platform'],
  attach: ['report', 'platform'],
  api: ['liveness', 'validator', 'locks', 'report', 'flow', 'order', 'queue', 'errors', 'model', 'platform'],
  liveness: ['validator', 'locks', 'report', 'flow', 'order', 'errors', 'model', 'platform'],
  validator: ['locks', 'report', 'flow', 'order', 'errors', 'model', 'platform'],
  locks: ['queue', 'errors', 'model', 'platform'],
  report: ['order', 'model', 'platform'],
  flow: ['order', 'model', 'platform'],
  errors: ['report', 'model', 'platform'],
  model: ['order', 'platform'],
  order: [],
  queue: [],
  platform: [],
};

/** Layers that are one file. */
export const files: readonly string[] = ['errors'];

/** The entry points of the package: they put the parts together, and may import any of them. */
export const entries: readonly string[] = [
  'index',
  'locks',
  'async-mutex',
  'register',
  'testing',
  'http',
  'eager',
  'engine',
  'load-validator',
];

/** Packages that the source may import; and its own manifest, by the one name that holds wherever it is compiled to. */
export const packages: readonly string[] = ['async-mutex', 'lockdep/package.json'];

/** Folders of pure code: no Node module in any; the order knows no clock, no context, no process. */
export const withoutNodeModules: readonly string[] = ['order', 'queue'];
export const forbiddenNames: Readonly<Record<string, readonly string[]>> = {
  order: [
    'AsyncLocalStorage',
    'Date',
    'performance',
    'process',
    'setTimeout',
    'setInterval',
    'setImmediate',
    'console',
  ],
};

export const maxCodeLines = 400;

/** The folder that a file belongs to, or for a file directly under src/ its name without the extension. */
export function partOf(path: string): string {
  const slash = path.indexOf('/');
  return slash === -1 ? path.replace(/\.[cm]?[jt]s$/, '') : path.slice(0, slash);
}

const at = (file: SourceFile, line: number, text: string): string => `src/${file.path}:${line}: ${text}`;

/** Imports go only where the table of layers lets them. */
export function layerViolations(file: SourceFile): string[] {
  const part = partOf(file.path);
  const isEntry = !file.path.includes('/') && entries.includes(part);
  const allowed = layers[part];
  if (!isEntry && (allowed === undefined || file.path.includes('/') === files.includes(part))) {
    return [`src/${file.path}: no layer and no entry point has the name ${part}`];
  }
  const found: string[] = [];
  for (const { specifier, line, kind } of moduleReferences(scan(file.source))) {
    if (!specifier.startsWith('.')) {
      continue;
    }
    const target = posix.join(posix.dirname(file.path), specifier);
    const targetPart = partOf(target);
    if (target.startsWith('..')) {
      found.push(at(file, line, `${kind} of ${specifier}, which is outside src/`));
    } else if (!isEntry && targetPart !== part && allowed?.includes(targetPart) !== true) {
      found.push(at(file, line, `${kind} of ${specifier}: ${part} may not know ${targetPart}`));
    }
  }
  return found;
}

/** Only Node's modules by their `node:` names, relative files, and the listed packages; and none in the pure folders. */
export function moduleViolations(file: SourceFile): string[] {
  const pure = withoutNodeModules.includes(partOf(file.path));
  const found: string[] = [];
  for (const { specifier, line, kind } of moduleReferences(scan(file.source))) {
    if (specifier === '') {
      // A module whose name is computed: the command line and the preload load what the user names.
      if (pure) {
        found.push(at(file, line, `${kind} of a computed name`));
      }
    } else if (specifier.startsWith('node:')) {
      if (pure) {
        found.push(at(file, line, `${kind} of ${specifier} in a folder that takes nothing from Node`));
      }
    } else if (isBuiltin(specifier)) {
      found.push(at(file, line, `${kind} of ${specifier} without node:`));
    } else if (!specifier.startsWith('.') && !packages.includes(specifier)) {
      found.push(at(file, line, `${kind} of the package ${specifier}`));
    }
  }
  return found;
}

/** Names of clocks, contexts and the like do not occur in folders that are to be pure. */
export function nameViolations(file: SourceFile): string[] {
  const forbidden = forbiddenNames[partOf(file.path)] ?? [];
  return words(scan(file.source))
    .filter(({ text }) => forbidden.includes(text))
    .map(({ text, line }) => at(file, line, `${text} in a pure folder`));
}

/** Layers that run in the process of the command line, and never in that of a program. */
export const ofCommandLine: readonly string[] = ['cli', 'attach'];

/** Runs in the process of a program, which may replace the global Promise: all but where its own is named, and the command line. */
export function globalViolations(file: SourceFile): string[] {
  if (file.path === 'platform/intrinsics.ts' || ofCommandLine.includes(partOf(file.path))) return [];
  const tokens = scan(file.source);
  const found: string[] = [];
  for (const [index, { kind, text, line }] of tokens.entries()) {
    if (kind !== 'word' || text !== 'Promise') continue;
    const before = tokens[index - 1]?.text ?? '';
    const isValue = ['new', 'instanceof', 'extends'].includes(before) || tokens[index + 1]?.text === '.';
    if (isValue) found.push(at(file, line, 'the global Promise, which a program may replace'));
  }
  return found;
}

const TIME: readonly string[] = [
  'Date',
  'performance',
  'queueMicrotask',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
];

/** Time has one place: all but the adapters and the command line, which run a process, go by its clocks. */
export function clockViolations(file: SourceFile): string[] {
  if (file.path === 'platform/clock.ts' || [...ofCommandLine, 'adapters'].includes(partOf(file.path))) return [];
  const tokens = scan(file.source);
  const found: string[] = [];
  for (const [index, { kind, text, line }] of tokens.entries()) {
    if (kind !== 'word' || !TIME.includes(text)) continue;
    const [owner, before] = [tokens[index - 2]?.text, tokens[index - 1]?.text];
    // A property is that of a clock, unless it is the global object's.
    if ((before === '.' || before === '?.') && owner !== 'globalThis') continue;
    found.push(at(file, line, `${text}, where a clock is to be asked`));
  }
  return found;
}

/** Words that stand for themselves: not properties, nor the keys of an object or type. */
function words(tokens: readonly Token[]): Token[] {
  return tokens.filter((token, index) => {
    const before = tokens[index - 1]?.text;
    const after = tokens[index + 1]?.text;
    return token.kind === 'word' && before !== '.' && before !== '?.' && after !== ':';
  });
}

/** Top-level await would make `require()` of the package fail. */
export function awaitViolations(file: SourceFile): string[] {
  return topLevelAwaits(scan(file.source)).map((line) => at(file, line, 'top-level await'));
}

export function lengthViolations(file: SourceFile): string[] {
  const count = countCodeLines(scan(file.source));
  return count > maxCodeLines ? [`src/${file.path}: ${count} lines of code; at most ${maxCodeLines}`] : [];
}

/** The public face is a list of names, written by hand. */
export function faceViolations(file: SourceFile): string[] {
  const tokens = scan(file.source);
  const found: string[] = [];
  for (const [index, { kind, text, line }] of tokens.entries()) {
    if (kind !== 'word' || text !== 'export') {
      continue;
    }
    const next = tokens[index + 1]?.text === 'type' ? tokens[index + 2] : tokens[index + 1];
    if (next?.text === '*') {
      found.push(at(file, line, 'export *'));
    } else if (next?.text === 'default' || (next?.text === '{' && namesDefault(tokens, index + 1))) {
      found.push(at(file, line, 'default export'));
    }
  }
  return found;
}

/** Whether a list `{ … }` that begins here exports something as `default`. */
function namesDefault(tokens: readonly Token[], start: number): boolean {
  for (let index = start; index < tokens.length && tokens[index]?.text !== '}'; index++) {
    const after = tokens[index + 1]?.text;
    if (tokens[index]?.text === 'default' && (after === ',' || after === '}')) {
      return true;
    }
  }
  return false;
}
