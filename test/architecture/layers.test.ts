import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';

import {
  awaitViolations,
  clockViolations,
  faceViolations,
  globalViolations,
  layerViolations,
  layers,
  lengthViolations,
  maxCodeLines,
  moduleViolations,
  nameViolations,
} from './rules.js';
import type { SourceFile } from './rules.js';
import { countCodeLines, moduleReferences, scan } from './source-scan.js';

/** From build/test/architecture/ up to the project, and down to its source. */
const sourceFolder = new URL('../../../src/', import.meta.url);

function readSource(): SourceFile[] {
  return readdirSync(sourceFolder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((path) => ({ path, source: readFileSync(new URL(path, sourceFolder), 'utf8') }));
}

describe('the source tree', () => {
  const files = readSource();
  const none = (check: (file: SourceFile) => string[], of = files) => assert.deepEqual(of.flatMap(check), []);

  it('is where this test looks for it', () => {
    assert.ok(files.some(({ path }) => path === 'index.ts'));
    assert.ok(files.length > 5);
  });
  it('has imports that point down only', () => none(layerViolations));
  it('imports node: modules, its own files and async-mutex, nothing else', () => none(moduleViolations));
  it('keeps clocks, contexts and the process out of the order', () => none(nameViolations));
  it('makes promises of the language, whatever class is global', () => none(globalViolations));
  it('has one place that reads the time and sets timers', () => none(clockViolations));
  it('has no top-level await', () => none(awaitViolations));
  it('has no file that is too long', () => none(lengthViolations));
  it('lists its public names one by one', () => {
    none(
      faceViolations,
      files.filter(({ path }) => path === 'index.ts'),
    );
  });
});

describe('the table of layers', () => {
  it('never lets two parts below the entry points import each other', () => {
    const reaches = (from: string, to: string): boolean =>
      (layers[from] ?? []).some((next) => next === to || (layers[next] !== undefined && reaches(next, to)));
    for (const part of Object.keys(layers).filter((name) => name !== 'cli' && name !== 'adapters')) {
      assert.equal(reaches(part, part), false, part);
    }
  });
});

/** A file, the check, and what the check must say about it (a part of the text), or nothing. */
type Case = readonly [situation: string, path: string, source: string, expected: string | undefined];

function cases(name: string, check: (file: SourceFile) => string[], list: readonly Case[]): void {
  describe(name, () => {
    for (const [situation, path, source, expected] of list) {
      it(situation, () => {
        const found = check({ path, source });
        assert.equal(found.length, expected === undefined ? 0 : 1, found.join('\n'));
        assert.ok(expected === undefined || found[0]?.includes(expected) === true, found[0]);
      });
    }
  });
}

cases('the check of layers', layerViolations, [
  ['import from its own folder', 'order/a.ts', "import { b } from './b.js';", undefined],
  ['import from a subfolder of its own', 'order/a.ts', "import { b } from './deep/b.js';", undefined],
  ['import from a lower layer', 'validator/a.ts', "import { b } from '../order/b.js';", undefined],
  [
    'import from a higher layer',
    'order/a.ts',
    "import { b } from '../validator/b.js';",
    'order may not know validator',
  ],
  ['type import from a higher layer', 'order/a.ts', "import type { B } from '../model/b.js';", 'import type of'],
  ['re-export from a higher layer', 'queue/a.ts', "export { b } from '../order/b.js';", 'export from of'],
  ['re-export of everything', 'queue/a.ts', "export * from '../order/b.js';", 'queue may not know order'],
  ['import for its effect', 'flow/a.ts', "import '../report/b.js';", 'flow may not know report'],
  ['dynamic import', 'report/a.ts', "void import('../validator/b.js');", 'dynamic import of'],
  ['import type query', 'model/a.ts', "let b: typeof import('../flow/b.js');", 'model may not know flow'],
  ['require', 'model/a.ts', "const b = require('../flow/b.js');", 'require of'],
  ['validator does not know the queue', 'validator/a.ts', "import { b } from '../queue/b.js';", 'know queue'],
  ['import over several lines', 'order/a.ts', "import {\n  b, // one\n  c,\n} from '../queue/b.js';", 'a.ts:1:'],
  ['a primitive imports the public face', 'locks/a.ts', "import { b } from '../index.js';", 'know index'],
  ['an integration imports the public face', 'adapters/a.ts', "import { b } from '../index.js';", undefined],
  ['an integration looks behind the face', 'adapters/a.ts', "import { b } from '../order/b.js';", 'know order'],
  ['the command line imports an integration', 'cli/a.ts', "import { b } from '../adapters/b.js';", undefined],
  ['an entry point imports anything', 'register.ts', "import './adapters/b.js';\nimport './order/c.js';", undefined],
  ['a folder without a layer', 'util/a.ts', '', 'no layer and no entry point has the name util'],
  ['a file beside the entry points', 'helpers.ts', '', 'no layer and no entry point has the name helpers'],
  ['a file with the name of a layer', 'order.ts', '', 'no layer and no entry point has the name order'],
  ['import from outside the source', 'index.ts', "import { b } from '../test/b.js';", 'outside src/'],
  ['its own package.json, by a path', 'cli/a.ts', "const { version } = require('../../package.json');", 'outside src/'],
  [
    'an import in a comment',
    'order/a.ts',
    "// import { b } from '../index.js';\n/* import '../cli/b.js' */",
    undefined,
  ],
  ['an import in a string', 'order/a.ts', 'const text = "import { b } from \'../index.js\'";', undefined],
  ['an import in a template', 'order/a.ts', "const text = `import '../index.js'; ${1}`;", undefined],
  ['an import within a template', 'order/a.ts', "const text = `${await import('../index.js')}`;", 'know index'],
  ['an import after a regex with a quote', 'order/a.ts', "const r = /['/*]/;\nimport '../index.js';", 'a.ts:2:'],
]);

cases('the check of modules', moduleViolations, [
  ['a Node module', 'flow/a.ts', "import { AsyncLocalStorage } from 'node:async_hooks';", undefined],
  ['a Node module in the order', 'order/a.ts', "import assert from 'node:assert';", 'takes nothing from Node'],
  ['a Node module in the queue', 'queue/a.ts', "void import('node:fs');", 'takes nothing from Node'],
  ['a Node type in the queue', 'queue/a.ts', "import type { Stats } from 'node:fs';", 'takes nothing from Node'],
  ['a Node module without node:', 'flow/a.ts', "import fs from 'fs';", 'without node:'],
  ['async-mutex', 'adapters/a.ts', "import { Mutex } from 'async-mutex';", undefined],
  ['its own package.json, by its name', 'cli/a.ts', "const { version } = require('lockdep/package.json');", undefined],
  ['another package', 'cli/a.ts', "import x from 'commander';", 'the package commander'],
  ['a development tool', 'order/a.ts', "import type { x } from 'tinybench';", 'the package tinybench'],
  ['a computed name on the command line', 'cli/a.ts', 'await import(path);', undefined],
  ['a computed name in the order', 'order/a.ts', 'import(path);', 'computed name'],
]);

cases('the check of names', nameViolations, [
  ['a clock', 'order/a.ts', 'const now = Date.now();', 'Date'],
  ['a fine clock', 'order/a.ts', 'const now = performance.now();', 'performance'],
  ['the process', 'order/a.ts', 'if (process.env.X) {}', 'process'],
  ['a context', 'order/a.ts', 'const store = new AsyncLocalStorage();', 'AsyncLocalStorage'],
  ['elsewhere', 'flow/a.ts', 'const now = Date.now();', undefined],
  ['as a property', 'order/a.ts', 'this.process(); this.date = x?.process;', undefined],
  ['as a key', 'order/a.ts', 'const x = { process: 1 };', undefined],
  ['in a comment', 'order/a.ts', '// no Date here, and no process', undefined],
]);

cases('the check of the global Promise', globalViolations, [
  ['a new one', 'flow/a.ts', 'const p = new Promise(() => {});', 'the global Promise'],
  ['a static method', 'locks/a.ts', 'return Promise.reject(error);', 'the global Promise'],
  ['a test of the class', 'api/a.ts', 'if (value instanceof Promise) {}', 'the global Promise'],
  ['the type', 'flow/a.ts', 'let p: Promise<void>; async function f(): Promise<void> {}', undefined],
  ['that of the language', 'flow/a.ts', 'return NativePromise.resolve();', undefined],
  ['where it is named', 'platform/intrinsics.ts', 'export const NativePromise = Promise.resolve();', undefined],
  ['on the command line', 'cli/a.ts', 'return new Promise(() => {});', undefined],
]);

cases('the check of time', clockViolations, [
  ['a timer', 'locks/a.ts', 'const timer = setTimeout(act, 5);', 'a.ts:1: setTimeout'],
  ['the time', 'api/a.ts', 'x();\nconst now = Date.now();', 'a.ts:2: Date'],
  ['a fine clock', 'flow/a.ts', 'const now = performance.now();', 'performance'],
  ['a captured function', 'flow/a.ts', 'const enqueue = queueMicrotask;', 'queueMicrotask'],
  ['a captured function under another name', 'flow/a.ts', 'const { setInterval: every } = globalThis;', 'setInterval'],
  ['a property of the global object', 'flow/a.ts', 'globalThis.setTimeout(act, 5);', 'setTimeout'],
  ['a timer of a module', 'api/a.ts', "import { setTimeout as sleep } from 'node:timers/promises';", 'setTimeout'],
  ['that of a clock', 'locks/a.ts', 'this.rt.clock.setTimeout(act, 5); clock?.clearTimeout(timer);', undefined],
  ['in a comment', 'locks/a.ts', '// as setTimeout does', undefined],
  ['in a string', 'api/a.ts', "const parts = ['setTimeout'];", undefined],
  ['where it has its place', 'platform/clock.ts', 'export const now = Date.now;', undefined],
  ['in an adapter', 'adapters/a.ts', 'setInterval(look, 500).unref();', undefined],
  ['on the command line', 'cli/a.ts', 'setTimeout(end, 500);', undefined],
]);

cases('the check of top-level await', awaitViolations, [
  ['at the top', 'a.ts', 'await start();', 'a.ts:1: top-level await'],
  ['in a declaration', 'a.ts', 'const x = 1;\nconst y = await z();', 'a.ts:2:'],
  ['in a block', 'a.ts', 'async function a() {}\nif (x) {\n  await y();\n}', 'a.ts:3:'],
  ['in the other branch', 'a.ts', 'if (x) {\n  z();\n} else {\n  await y();\n}', 'a.ts:4:'],
  ['in a loop', 'a.ts', 'for await (const x of y) {}', 'a.ts:1:'],
  ['in an argument beside an async function', 'a.ts', 'run(async () => {}, await x);', 'a.ts:1:'],
  ['in a template', 'a.ts', 'const x = `${await y}`;', 'a.ts:1:'],
  ['in an async function', 'a.ts', 'async function a(): Promise<Map<A, B>> {\n  await x;\n}', undefined],
  ['in an async function of an object type', 'a.ts', 'async function a(): Promise<{ b: C }> { await x; }', undefined],
  [
    'in an async method',
    'a.ts',
    'class A {\n  b = 1;\n  c() { d(); }\n  async e() { if (b) { await x; } }\n}',
    undefined,
  ],
  ['in an async arrow', 'a.ts', 'const a = async (b: C) => await d(b);', undefined],
  ['in an async arrow with a body', 'a.ts', 'run(x, async () => {\n  y();\n  await z([1, await w]);\n});', undefined],
  ['in an async method of an object', 'a.ts', 'const a = { b() {}, async c() { await d; } };', undefined],
  ['as a name', 'a.ts', 'x.await(); const y = { await: 1 };', undefined],
  ['in a comment', 'a.ts', '/** await x */', undefined],
]);

cases('the check of length', lengthViolations, [
  ['at the limit', 'a.ts', 'x();\n'.repeat(maxCodeLines), undefined],
  ['above the limit', 'a.ts', 'x();\n'.repeat(maxCodeLines + 1), `${maxCodeLines + 1} lines of code`],
  ['comments and blank lines', 'a.ts', '// x\n\n/*\n x\n*/\n'.repeat(maxCodeLines), undefined],
]);

cases('the check of the public face', faceViolations, [
  ['names', 'index.ts', "export { a, b as c } from './a.js';\nexport type { D } from './d.js';", undefined],
  ['everything', 'index.ts', "export * from './a.js';", 'export *'],
  ['everything, by a name', 'index.ts', "export * as a from './a.js';", 'export *'],
  ['all types', 'index.ts', "export type * from './a.js';", 'export *'],
  ['a default', 'index.ts', 'export default class A {}', 'default export'],
  ['a default in a list', 'index.ts', 'export { a as default };', 'default export'],
  ['a default that is passed on', 'index.ts', "export { default } from './a.js';", 'default export'],
  ['a default under a name', 'index.ts', "export { default as a } from './a.js';", undefined],
]);

describe('the scanner', () => {
  const references = (source: string) => moduleReferences(scan(source)).map((r) => `${r.kind} ${r.specifier}`);

  it('finds each form of import and export once', () => {
    const source = [
      '#!/usr/bin/env node',
      "import 'a';",
      "import b from 'b';",
      "import c, { d as e, type F } from 'c';",
      "import * as g from 'd';",
      "import type { H } from 'e';",
      "export { i } from 'f';",
      "export type { J } from 'g';",
      "export * as k from 'h';",
      "import l = require('i');",
      "const m = await import('j');",
      'const n = import.meta.url;',
      'export class From { from = "k" }',
      'export { b };',
      'export const from = "l";',
    ];
    assert.deepEqual(references(source.join('\n')), [
      'import a',
      'import b',
      'import c',
      'import d',
      'import type e',
      'export from f',
      'export from g',
      'export from h',
      'require i',
      'dynamic import j',
    ]);
  });

  it('is not misled by a division, a regex with brackets, or an escaped quote', () => {
    assert.deepEqual(references("const a = b / c; // '\nimport 'd';"), ['import d']);
    assert.deepEqual(references("const a = /[/'`]{2}/g;\nimport 'd';"), ['import d']);
    assert.deepEqual(references("const a = 'it\\'s';\nimport 'd';"), ['import d']);
    assert.deepEqual(references("const a = `\\`${`${{ b: '}' }.b}`}`;\nimport 'd';"), ['import d']);
  });

  it('counts the lines of a template, but no line twice', () => {
    assert.equal(countCodeLines(scan('const a = `\n\nb\n`; c(); /*\n*/ d();')), 5);
  });
});
