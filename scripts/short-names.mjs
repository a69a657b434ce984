// Short names of internal properties in the package. A minifier shortens variables, but no properties: those weigh in a bundle.
//
// short-names.json has the names, each with what it is in every file of dist. They are the same in all files, since those share
// objects, and so do two copies of the package in one process: what they share is found by a key that has `sharedNames` in it,
// so copies of another table keep their own. A name may be in the table where nobody but this package ever says it. What can be
// known about that is checked, and the build fails: no name of the table may be public, of JavaScript, of Node or of async-mutex,
// be written as a string, or be short already.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAst } from 'rollup/parseAst';
import { root } from './lib.mjs';

const text = readFileSync(join(root, 'scripts', 'short-names.json'), 'utf8');

/** @type {Readonly<Record<string, string>>} */
const table = JSON.parse(text);

/** Tells the shapes of shared objects from those of another table. */
export const sharedNames = createHash('sha256').update(JSON.stringify(table)).digest('hex').slice(0, 4);

/** For esbuild. */
export const shortNames = {
  mangleProps: new RegExp(`^(?:${Object.keys(table).join('|')})$`),
  mangleCache: { ...table },
};

/** Names that are also words: in a message, the kind of a report, an outcome. */
const SAID = ['limit', 'queue'];

/** Public though no face exports it: what is published on channels. */
const PUBLISHED = [['report/channels', 'AcquireMessage']];

/** @param {string} code */
const withoutRemarks = (code) => code.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');

/** A file of declarations, by what it declares and what it has from other files. */
class Declarations {
  /** @type {Map<string, string>} */
  blocks = new Map();
  /** @type {Map<string, { file: string, name: string }>} */
  others = new Map();

  /** @param {string} file */
  constructor(file) {
    for (const part of withoutRemarks(readFileSync(file, 'utf8')).split(/^(?=(?:export|import|declare) )/m)) {
      const listed = /^(?:import|export)(?: type)? \{([^}]*)\}(?: from '(\.[^']+)\.js')?/.exec(part);
      const declared = /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|function|const) (\w+)/.exec(
        part,
      );
      if (declared?.[1] !== undefined) this.blocks.set(declared[1], part + (this.blocks.get(declared[1]) ?? ''));
      for (const item of listed?.[2] === undefined ? [] : (listed[1] ?? '').split(',')) {
        const [name = '', as = name] = item
          .trim()
          .replace(/^type /, '')
          .split(' as ');
        this.others.set(as, { file: join(dirname(file), `${listed?.[2]}.d.ts`), name });
      }
    }
  }
}

/**
 * Every word of a declaration that users can get at, from whatever a face exports on.
 *
 * @param {string} types the folder of declarations @param {readonly string[]} faces
 */
function publicWords(types, faces) {
  /** @type {Map<string, Declarations>} */
  const files = new Map();
  /** @type {Set<string>} */
  const seen = new Set();
  /** @type {Set<string>} */
  const words = new Set();
  /** @param {string} file */
  const declarationsOf = (file) => {
    const known = files.get(file) ?? new Declarations(file);
    files.set(file, known);
    return known;
  };
  /** @param {string} file @param {string} name */
  const take = (file, name) => {
    if (seen.has(`${file} ${name}`)) return;
    seen.add(`${file} ${name}`);
    const { blocks, others } = declarationsOf(file);
    const other = others.get(name);
    if (other !== undefined) take(other.file, other.name);
    for (const [word] of blocks
      .get(name)
      ?.replaceAll(/'[^']*'/g, '')
      .matchAll(/[\w$]+/g) ?? []) {
      words.add(word);
      take(file, word);
    }
  };
  for (const face of faces) {
    const file = join(types, `${face}.d.ts`);
    const { blocks, others } = declarationsOf(file);
    for (const name of [...blocks.keys(), ...others.keys()]) take(file, name);
  }
  for (const [file, name = ''] of PUBLISHED) take(join(types, `${file}.d.ts`), name);
  return words;
}

/** Members of what JavaScript, Node and async-mutex declare. */
function foreignWords() {
  /** @type {Set<string>} */
  const words = new Set();
  const modules = join(root, 'node_modules');
  const native = join(modules, '@typescript');
  const folders = ['@types/node', 'async-mutex', ...readdirSync(native).map((name) => `@typescript/${name}/lib`)];
  for (const folder of folders.map((name) => join(modules, name)).filter((name) => existsSync(name)))
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      // Of the platform's files those that this package has to do with: no page, and no inspector.
      if (!name.endsWith('.d.ts') || /^lib\.(?!es)|inspector/.test(name)) continue;
      const members = withoutRemarks(readFileSync(join(folder, name), 'utf8')).matchAll(
        /^\s+(?:(?:readonly|static|get|set) )*(\w+)\??[:(<]/gm,
      );
      for (const [, member = ''] of members) words.add(member);
    }
  if (!words.has('codePointAt') || !words.has('emitWarning') || !words.has('runExclusive'))
    throw new Error('the declarations of the platform or of async-mutex were not found');
  return words;
}

/** @param {string} target the folder of the package @param {readonly string[]} faces */
export function checkShortNames(target, faces) {
  const refused = new Map([
    ['public', publicWords(join(target, 'types'), faces)],
    ['of the platform', foreignWords()],
  ]);
  const shorts = Object.values(table);
  if (new Set(shorts).size !== shorts.length) throw new Error('short-names.json has one short name twice');
  for (const name of Object.keys(table))
    for (const [why, words] of refused)
      if (words.has(name)) throw new Error(`short-names.json has ${name}, which is ${why}`);
}

/**
 * What nobody could shorten with the rest: a name as a string, or as an export; and what is as short already.
 *
 * @param {string} code of a file, before
 * @param {string} file
 */
export function checkNamesIn(code, file) {
  const shorts = new Set(Object.values(table));
  /** @param {any} node */
  const look = (node) => {
    if (node === null || typeof node !== 'object') return;
    if (
      node.type === 'Literal' &&
      typeof node.value === 'string' &&
      Object.hasOwn(table, node.value) &&
      !SAID.includes(node.value)
    )
      throw new Error(`${file} has '${node.value}' as a string, which short-names.json makes another`);
    const key = node.type === 'MemberExpression' ? node.property : node.key;
    if (node.computed === false && key?.type === 'Identifier' && shorts.has(key.name))
      throw new Error(`${file} has a property ${key.name}, which is a short name`);
    for (const child of Object.values(node)) look(child);
  };
  look(parseAst(code));
}
