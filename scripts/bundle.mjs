// Makes the package of the compiled sources. One implementation, in two forms:
//
//   dist/*.js        CommonJS, for Node: `require` takes it as it is, `import` the same code in dist/*.mjs (both-ways.mjs), or by a thin one,
//                    so that both get the same classes and one state. The validator is a file of its own, which is loaded when the
//                    mode asks for it.
//   dist/esm/*.js    ES modules without a module of Node's, for bundlers, browsers and other runtimes. The validator is part of a
//                    bundle only where `lockdep/eager` is imported, and not for a browser, where it would not run: eager-none.js.
//   dist/types/      declarations, of CommonJS; dist/types/*.d.mts are those of the ES modules.
//
// Some modules of the sources have others in their place, such as how a process comes to its validator, and to async-mutex's errors.
// Internal properties have short names in both (short-names.mjs).

import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { transform } from 'esbuild';
import { rollup } from 'rollup';
import { bothWays, SHARED } from './both-ways.mjs';
import { root } from './lib.mjs';
import { checkNamesIn, checkShortNames, sharedNames, shortNames } from './short-names.mjs';

/** What a user can import; `lockdep/NAME`, and `lockdep` itself for index. */
const FACES = ['index', 'locks', 'async-mutex', 'testing', 'http', 'register', 'eager'];

/** Faces that need nothing of Node but what they look up at run time. */
const PORTABLE = ['index', 'locks', 'async-mutex', 'eager'];

/** Faces that programs import at their start, and what they load: ES modules with the code of the CommonJS files (both-ways.mjs). */
const IMPORTED = ['index', 'locks', 'async-mutex'];
const IMPORTED_CHUNKS = ['chunk-core.js', 'chunk-locks-core.js'];

/** Files that the package itself loads, or Node does for it. */
const PARTS = { engine: 'engine', 'esm-hooks': 'adapters/esm-hooks', 'cli/main': 'cli/main' };

/** @type {{ readonly version: string }} */
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** In place of modules of the sources, by their paths. */
const ANYWHERE = {
  'platform/shared-names.js': `export const sharedNames = '.${sharedNames}';`,
};

/** The same on Node. */
const ON_NODE = {
  ...ANYWHERE,
  'report/own-directory.js': `
    import { sep } from 'node:path';
    export const ownDirectory = () => __dirname + sep;`,
  'adapters/own-files.js': `
    import { pathToFileURL } from 'node:url';
    export const ownUrl = pathToFileURL(__dirname).href + '/';
    export const substituteUrl = ownUrl + 'async-mutex.mjs';
    export const hooksUrl = ownUrl + 'esm-hooks.js';`,
  'load-validator.js': `
    import { registerCopy } from './platform/copies.js';
    import { keepWarnings } from './platform/kept-warnings.js';
    keepWarnings();
    registerCopy('${version}', __dirname + (globalThis.process?.platform === 'win32' ? '\\\\' : '/'));
    export const loadValidator = (settings) => require('./engine.js').makeControl(settings);`,
  'locks/async-mutex-errors.js': `
    const errors = require('./${SHARED}').get();
    export const E_ALREADY_LOCKED = errors.E_ALREADY_LOCKED;
    export const E_CANCELED = errors.E_CANCELED;
    export const E_TIMEOUT = errors.E_TIMEOUT;`,
};

/** A bundle for Node may find the package beside it; anywhere else there is no validator but an eager one. */
const ELSEWHERE = {
  ...ANYWHERE,
  'report/own-directory.js': `export const ownDirectory = () => undefined;`,
  'load-validator.js': `
    import { builtin } from './platform/builtin.js';
    export function loadValidator(settings) {
      let engine;
      try {
        engine = builtin('module').createRequire(import.meta.url ?? globalThis.process.cwd() + '/')('lockdep/engine');
      } catch {}
      return engine?.makeControl(settings);
    }`,
};

/** @param {string} folder @param {Record<string, string>} replaced @returns {import('rollup').Plugin} */
function replacing(folder, replaced) {
  return {
    name: 'replacing',
    load(id) {
      return replaced[relative(folder, id).split(sep).join('/')];
    },
  };
}

/**
 * Methods by which tests look for contradictions are no part of the package.
 *
 * @type {import('rollup').Plugin}
 */
const withoutInvariants = {
  name: 'without-invariants',
  transform(code) {
    if (!code.includes('checkInvariants')) return null;
    /** @type {{ start: number, end: number }[]} */
    const found = [];
    /** @param {any} node */
    const look = (node) => {
      if (node === null || typeof node !== 'object') return;
      if (node.type === 'MethodDefinition' && node.key.name === 'checkInvariants') found.push(node);
      else for (const child of Object.values(node)) look(child);
    };
    look(this.parse(code));
    const left = found.reduceRight((text, { start, end }) => text.slice(0, start) + text.slice(end), code);
    return { code: left, map: null };
  },
};

/**
 * The comments are those of the sources, and internal properties have short names; nothing else changes.
 *
 * @type {import('rollup').Plugin}
 */
const withoutComments = {
  name: 'without-comments',
  async renderChunk(code, { fileName }) {
    checkNamesIn(code, fileName);
    // Twice, since it is the white space that comments stand in.
    const dropped = { legalComments: /** @type {const} */ ('none'), minifyWhitespace: true, ...shortNames };
    const { code: dense } = await transform(code, { target: 'es2022', ...dropped });
    const { code: bare } = await transform(dense, { target: 'es2022', legalComments: 'none' });
    return { code: bare, map: null };
  },
};

/**
 * Few files: what async-mutex's names need is one, what the other locks need is another, and the validator a third.
 *
 * @param {string} compiled
 * @returns {import('rollup').GetManualChunk}
 */
function inFewChunks(compiled) {
  /** @type {Map<string, string> | undefined} */
  let chunks;
  return (id, { getModuleInfo }) => {
    if (chunks === undefined) {
      /** @type {Map<string, string>} */
      const found = (chunks = new Map());
      /** @param {string} from @param {string} chunk */
      const take = (from, chunk) => {
        if (found.has(from) || isExternal(from)) return;
        // An entry is a file of its own.
        if (getModuleInfo(from)?.isEntry !== true) found.set(from, chunk);
        for (const next of getModuleInfo(from)?.importedIds ?? []) take(next, chunk);
      };
      take(join(compiled, 'async-mutex.js'), 'core');
      for (const face of ['locks', 'index']) take(join(compiled, `${face}.js`), 'locks-core');
      take(join(compiled, 'engine.js'), 'validator');
    }
    return chunks.get(id);
  };
}

/** @param {string} id */
const isExternal = (id) => id === 'async-mutex' || id.startsWith('node:') || id.startsWith('lockdep/');

/**
 * @param {string} compiled
 * @param {Record<string, string>} input
 * @param {Record<string, string>} replaced
 * @param {import('rollup').OutputOptions} output
 */
async function bundle(compiled, input, replaced, output) {
  const made = await rollup({
    input: Object.fromEntries(Object.entries(input).map(([name, file]) => [name, join(compiled, `${file}.js`)])),
    external: isExternal,
    plugins: [replacing(compiled, replaced), withoutInvariants, withoutComments],
    // Importing it has effects: it begins the world of the process.
    treeshake: { moduleSideEffects: true },
    onwarn(warning) {
      throw new Error(warning.message);
    },
  });
  const { output: chunks } = await made.write({
    entryFileNames: '[name].js',
    chunkFileNames: 'chunk-[name].js',
    manualChunks: inFewChunks(compiled),
    hoistTransitiveImports: false,
    // `const core = require(…)`: what V8 knows not to change.
    generatedCode: { constBindings: true },
    ...output,
  });
  await made.close();
  return chunks;
}

/**
 * By `require`, since an import of CommonJS has Node read the file twice. async-mutex is imported first: these errors count.
 *
 * @param {string} name @param {readonly string[]} names
 */
function wrapper(name, names) {
  const face = `require('./${name}.js')`;
  return `import * as errors from 'async-mutex';
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
require('./${SHARED}').use(errors);
${names.length === 0 ? face : `export const { ${names.join(', ')} } = ${face}`};
`;
}

/** @param {string} from @param {string} to */
function moveDeclarations(from, to) {
  for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.d.ts')) continue;
    mkdirSync(dirname(join(to, name)), { recursive: true });
    renameSync(join(from, name), join(to, name));
  }
}

/**
 * @param {string} compiled a folder with the compiled sources
 * @param {string} target the folder of the package's files, which is made
 */
export async function bundlePackage(compiled, target) {
  mkdirSync(target, { recursive: true });
  const types = join(target, 'types');
  moveDeclarations(compiled, types);
  checkShortNames(target, FACES);
  const faces = Object.fromEntries(FACES.map((name) => [name, name]));
  const chunks = await bundle(compiled, { ...faces, ...PARTS }, ON_NODE, {
    dir: target,
    format: 'cjs',
    exports: 'named',
    esModule: true,
    interop: 'auto',
  });
  writeFileSync(join(target, 'package.json'), '{ "type": "commonjs" }\n');
  for (const chunk of chunks) {
    if (chunk.type !== 'chunk' || !chunk.isEntry || !FACES.includes(chunk.name)) continue;
    if (!IMPORTED.includes(chunk.name))
      writeFileSync(join(target, `${chunk.name}.mjs`), wrapper(chunk.name, chunk.exports));
    writeFileSync(join(types, `${chunk.name}.d.mts`), `export * from './${chunk.name}.js';\n`);
  }
  const imported = chunks.flatMap((chunk) => {
    if (chunk.type !== 'chunk') return [];
    if (!chunk.isEntry)
      return IMPORTED_CHUNKS.includes(chunk.fileName) ? [{ name: chunk.fileName.replace(/\.js$/, '') }] : [];
    return IMPORTED.includes(chunk.name) ? [{ name: chunk.name, exported: chunk.exports }] : [];
  });
  bothWays(target, version, imported);
  const portable = join(target, 'esm');
  await bundle(compiled, Object.fromEntries(PORTABLE.map((name) => [name, name])), ELSEWHERE, {
    dir: portable,
    format: 'es',
  });
  writeFileSync(join(portable, 'eager-none.js'), 'export {};\n');
  writeFileSync(join(portable, 'package.json'), '{ "type": "module" }\n');
}
