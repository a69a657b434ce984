// Gives the files that a program may import and require two forms with one outcome.
//
// To Node an ES module costs half of what it costs to load CommonJS from one. So what `import` loads is the code of the CommonJS files
// within ES modules. Whichever form of a file comes first makes its exports, and the other one takes them, so a process has one set
// of classes: they lie on globalThis under a key with the version and the folder. Where globalThis is frozen, `import`
// loads the CommonJS files.
//
// A second `require` of a file whose cache entry is gone makes new exports, as of any module; what has been imported stays.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What CommonJS files share: the exports of both forms, and the errors of whichever module system came first. */
export const SHARED = '__shared.js';

const CORE = 'chunk-core';

/** @param {string} version @returns {string} a function that finds the exports of both forms; undefined where they can not be kept */
const codeOf = (version) => `function $codeOf(directory) {
  try {
    const key = Symbol.for('lockdep.code ${version} ' + directory);
    if (Object.hasOwn(globalThis, key)) return globalThis[key];
    const value = { imported: {}, required: {} };
    Object.defineProperty(globalThis, key, { value });
    return value;
  } catch {
    return undefined;
  }
}`;

/**
 * Of CommonJS the one file that has async-mutex's errors is loaded, not all of it with its helpers; in a bundle, and wherever else the module is
 * not Node's own, it is what is called async-mutex there.
 *
 * @param {string} version
 */
const sharedFile = (version) => `'use strict';
${codeOf(version)}
exports.code = $codeOf(__dirname);
let errors;
exports.use = (found) => (errors ??= found);
exports.get = () => (errors ??= alone() ?? require('async-mutex'));
function alone() {
  try {
    const load = module.constructor.createRequire(__filename);
    const found = load(load.resolve('async-mutex').replace(/index\\.js$/, 'errors.js'));
    return [found.E_ALREADY_LOCKED, found.E_CANCELED, found.E_TIMEOUT].includes(undefined) ? undefined : found;
  } catch {
    return undefined;
  }
}
`;

/**
 * For what is CommonJS alone, the validator first of all: it finds in the cache what has been imported. Names begin with $, since those of the code
 * in the same file do not.
 *
 * @param {string} version
 */
const coreHead = (version) => `import * as $errors from 'async-mutex';
${codeOf(version)}
const $directory = import.meta.dirname ?? process.getBuiltinModule('url').fileURLToPath(new URL('.', import.meta.url)).slice(0, -1);
const $code = $codeOf($directory);
let $require;
function $load(name) {
  if ($require === undefined) {
    const { createRequire, Module } = process.getBuiltinModule('module');
    $require = createRequire(import.meta.url);
    $require('./${SHARED}').use($errors);
    try {
      for (const [file, exports] of Object.entries($code?.imported ?? {})) {
        const filename = $require.resolve('./' + file + '.js');
        $require.cache[filename] ??= Object.assign(new Module(filename), { exports, filename, loaded: true });
      }
    } catch {
      // A loader that keeps no such cache: the files find them by themselves.
    }
  }
  return $require(name);
}
`;

/** @param {string} name @param {string} text */
function required(name, text) {
  return `'use strict';
const $code = require('./${SHARED}').code;
if ($code?.imported['${name}'] !== undefined) module.exports = $code.imported['${name}'];
else {
${text.replace(/^"use strict";\n/, '')}if ($code !== undefined) $code.required['${name}'] = exports;
}
`;
}

/**
 * The exports of a file within an ES module, as an expression. What the file takes from another chunk is there under a variable.
 *
 * @param {string} name @param {string} text @param {readonly string[]} chunks those that the module has
 */
function evaluated(name, text, chunks) {
  let body = text.replace(/^"use strict";\n/, '');
  for (const chunk of chunks) body = body.replaceAll(`require("./${chunk}.js")`, variableOf(chunk));
  body = body.replaceAll(`require("./${SHARED}")`, '{ get: () => $errors }').replaceAll('require("./', '$load("./');
  if (body.includes('require(')) throw new Error(`${name} requires what an import of it would not have`);
  const [parameters, values] = name === CORE ? ['exports, __dirname', '{}, $directory'] : ['exports', '{}'];
  return `$code === undefined
  ? $load('./${name}.js')
  : ($code.imported['${name}'] ??= $code.required['${name}'] ?? (function (${parameters}) {
${body}return exports;
})(${values}));
`;
}

/** @param {string} chunk */
const variableOf = (chunk) => `$${chunk.replaceAll('-', '_')}`;

/** @param {string} text @returns {string[]} */
const chunksIn = (text) => Array.from(text.matchAll(/require\("\.\/(chunk-[\w-]+)\.js"\)/g), ([, chunk]) => `${chunk}`);

/**
 * Rewrites the files of these chunks and faces, all of CommonJS, and adds the ES modules of the faces. Each has the code of the chunks that it
 * stands on, since a further file costs a millisecond at the start.
 *
 * @param {string} folder @param {string} version @param {readonly { name: string, exported?: readonly string[] }[]} files
 */
export function bothWays(folder, version, files) {
  writeFileSync(join(folder, SHARED), sharedFile(version));
  const texts = new Map(files.map(({ name }) => [name, readFileSync(join(folder, `${name}.js`), 'utf8')]));
  for (const { name, exported } of files) {
    const text = texts.get(name) ?? '';
    writeFileSync(join(folder, `${name}.js`), required(name, text));
    if (exported === undefined) continue;
    const chunks = [...new Set([CORE, ...chunksIn(text)])].filter((chunk) => texts.has(chunk));
    const made = chunks.map((chunk, at) => {
      const code = texts.get(chunk) ?? '';
      const unmade = chunksIn(code).filter((other) => !chunks.slice(0, at).includes(other));
      if (unmade.length > 0)
        throw new Error(`${chunk} stands on ${unmade.join(', ')}, which ${name} has not, or later`);
      return `const ${variableOf(chunk)} = ${evaluated(chunk, code, chunks)}`;
    });
    const faces = `export const { ${exported.join(', ')} } = $exports;\n`;
    const module = `${coreHead(version)}${made.join('')}const $exports = ${evaluated(name, text, chunks)}${faces}`;
    writeFileSync(join(folder, `${name}.mjs`), module);
  }
}
