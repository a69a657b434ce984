import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { findAwaits, type Awaiting } from '../../src/attach/awaits.js';
import { SnapshotParser } from '../../src/attach/snapshot-parser.js';
import { Project, WITHOUT_COVERAGE } from '../adapters/project.js';
import { snapshotText } from './heap.js';

const PROGRAM = `
import { writeHeapSnapshot } from 'node:v8';
import { Mutex } from 'async-mutex';
const gate = new Promise((resolve) => { globalThis.open = resolve; });
async function leaf() { await gate; }

async function direct() { await leaf(); }
async function all() { await Promise.all([leaf(), leaf()]); }
async function race() { await Promise.race([leaf(), new Promise(() => {})]); }
async function derived() { await leaf().then((value) => value).finally(() => {}); }
async function returning() { return leaf(); }
async function viaReturn() { await returning(); }
async function* rows() { yield await gate; }
async function iterating() { for await (const row of rows()) row(); }
function driver(generate) {
  return new Promise((resolve, reject) => {
    const generator = generate();
    const step = (result) => (result.done ? resolve(result.value) : Promise.resolve(result.value).then(next, reject));
    const next = (value) => step(generator.next(value));
    next();
  });
}
async function compiled() { await driver(function* body() { yield leaf(); }); }
const locked = new Mutex();
async function holder() { await locked.runExclusive(() => gate); }
async function waiter() { await locked.runExclusive(() => {}); }
async function aside() { const it = plain(); it.next(); globalThis.kept = it; await gate; }
function* plain() { yield 1; yield 2; }
let own;
async function itself() { await null; await own; }
own = itself();

const started = [direct(), all(), race(), derived(), viaReturn(), iterating(), compiled(), holder(), waiter(), aside()];
async function watched() { await started[0]; }
async function watching() { await started[0]; }
watched(); watching();
setTimeout(() => { writeHeapSnapshot(process.argv[2]); process.exit(); }, 50);
`;

describe('in the heap of a real program', () => {
  let all: readonly Awaiting[] = [];
  before(async () => {
    const project = new Project({ 'main.mjs': PROGRAM });
    const { stderr, code } = await project.node(['main.mjs', project.path('a.heapsnapshot')], {
      env: WITHOUT_COVERAGE,
    });
    assert.equal(code, 0, stderr);
    const parser = new SnapshotParser();
    parser.push(readFileSync(project.path('a.heapsnapshot'), 'utf8'));
    all = findAwaits(parser.end());
  });

  const named = (name: string): Awaiting[] =>
    all.filter((each) => each.name === name && each.file.endsWith('main.mjs'));
  /** Names of all that the function waits for, down to the last, sorted. */
  const below = (name: string): string => {
    const found = new Set(named(name));
    for (const { awaited } of found) for (const index of awaited) found.add(all[index] as Awaiting);
    return [...found]
      .map((each) => each.name)
      .sort()
      .join(' ');
  };

  for (const [situation, name, expected] of [
    ['a plain await', 'direct', 'direct leaf'],
    ['Promise.all', 'all', 'all leaf leaf'],
    ['Promise.race', 'race', 'leaf race'],
    ['then and finally', 'derived', 'derived leaf'],
    ['a promise that was returned', 'viaReturn', 'leaf viaReturn'],
    ['an async generator', 'iterating', 'iterating rows'],
    ['a function that was compiled to a generator', 'compiled', 'body compiled leaf'],
    ['an await of a promise that others await too', 'watched', 'direct leaf watched'],
    ['an await of its own promise', 'itself', 'itself'],
  ] as const) {
    it(`${situation} ties a function to what it waits for`, () => assert.equal(below(name), expected));
  }
  it('a promise has all those that await it', () => {
    const names = named('direct').flatMap(({ awaiters }) => awaiters.map((index) => all[index]?.name));
    assert.deepEqual(names.sort(), ['watched', 'watching']);
  });
  it('a lock of async-mutex is found by its queue, below its own compiled function', () => {
    const [waiter] = named('waiter');
    const inner = all[waiter?.awaited[0] ?? -1];
    assert.deepEqual([inner?.kind, inner?.holder?.name], ['compiled', 'Semaphore._queue']);
    assert.match(inner?.file ?? '', /node_modules\/async-mutex\//);
  });
  it('what keeps a promise is told by its property', () => {
    assert.deepEqual(new Set(named('leaf').map(({ holder }) => holder?.name)), new Set(['globalThis.open']));
  });
  it('a generator that nobody drives is none that settles a promise', () => {
    assert.deepEqual(
      named('plain').map(({ kind, awaiters }) => [kind, awaiters]),
      [['generator', []]],
    );
  });
  it('modules without a top-level await are left out', () => {
    assert.deepEqual(
      all.filter(({ name, file }) => name === '' && file.endsWith('main.mjs')),
      [],
    );
  });
  it('a function has the place where it begins', () => {
    const [{ line, column }] = named('direct') as [Awaiting];
    assert.deepEqual([line, column], [7, 22]);
  });
});

describe('in a heap of another kind', () => {
  it('there are no functions where V8 has other names for its fields', () => {
    const parser = new SnapshotParser();
    parser.push(
      snapshotText([
        { type: 'object', name: 'Generator', edges: [{ type: 'internal', name: 'registers', to: 1 }] },
        { type: 'array', name: '' },
      ]),
    );
    assert.deepEqual(findAwaits(parser.end()), []);
  });
  it('a function without a promise, a function object and registers that lead anywhere is described as far as it goes', () => {
    const parser = new SnapshotParser();
    parser.push(
      snapshotText([
        { type: 'object', name: 'Generator', edges: [{ type: 'internal', name: 'parameters_and_registers', to: 1 }] },
        { type: 'array', name: '' },
      ]),
    );
    const [only] = findAwaits(parser.end());
    assert.deepEqual([only?.kind, only?.name, only?.file, only?.line], ['generator', '', '', 0]);
  });
});
