import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isOwnFrame, sitePosition, siteOf, stackLines } from '../../src/report/stack-text.js';
import { frame } from './samples.js';

const ownUrl = new URL('../../src/locks/no-such-file.js', import.meta.url).href;
const ownPath = fileURLToPath(ownUrl);
const own = frame('Mutex.acquire', ownUrl, 10, 5);
const internal = frame('process.processTicksAndRejections', 'node:internal/process/task_queues', 95, 5, true);

test('paths below the working directory are relative, others absolute', () => {
  const inside = frame('f', resolve('app/accounts.js'), 12, 18);
  const outside = frame('g', '/elsewhere/app.js', 3, 4);
  assert.deepEqual(stackLines([inside, outside]), ['f (app/accounts.js:12:18)', 'g (/elsewhere/app.js:3:4)']);
  const sibling = `${process.cwd()}-other/app.js`;
  assert.equal(siteOf([frame('f', sibling, 1, 2)]), `${sibling}:1:2`);
  assert.equal(sitePosition({ file: pathToFileURL(resolve('app/a.js')).href, line: 1, column: 2 }), 'app/a.js:1:2');
});

test('awaiting frames and anonymous functions', () => {
  const file = resolve('app/a.js');
  const frames = [frame('', file, 1, 2), frame('', file, 3, 4, true), frame('main', file, 5, 6, true)];
  assert.deepEqual(stackLines(frames), ['app/a.js:1:2', 'async app/a.js:3:4', 'async main (app/a.js:5:6)']);
});

test('frames of this package, of the lock package it stands in for and of Node itself are dropped', () => {
  const substituted = frame('acquire', resolve('node_modules/async-mutex/lib/withTimeout.js'), 1, 1);
  const user = frame('f', resolve('app/a.js'), 1, 2);
  const frames = [own, substituted, user, internal];
  assert.deepEqual(stackLines(frames), ['f (app/a.js:1:2)']);
  assert.equal(siteOf(frames), 'app/a.js:1:2');
});

test('files of this package, and what it evaluated, are its own; its tests are not', () => {
  assert.equal(isOwnFrame(ownUrl), true);
  assert.equal(isOwnFrame(`${ownUrl}?t=1`), true);
  assert.equal(isOwnFrame(ownPath), true);
  assert.equal(isOwnFrame(`eval at makeRunScope (${ownUrl}:52:12)`), true);
  assert.equal(isOwnFrame(`eval at f (eval at g (${ownUrl}:52:12), <anonymous>:1:1)`), true);
  assert.equal(isOwnFrame('eval at f (/elsewhere/app.js:52:12)'), false);
  assert.equal(isOwnFrame(import.meta.url), false);
  assert.equal(isOwnFrame(''), false);
});

test('a stack that holds only library frames keeps its first', () => {
  assert.equal(stackLines([own, internal]).length, 1);
  assert.match(stackLines([own, internal])[0] ?? '', /^Mutex\.acquire \(.*no-such-file\.js:10:5\)$/);
  assert.notEqual(siteOf([own, internal]), '');
  assert.deepEqual(stackLines([]), []);
  assert.equal(siteOf([]), '');
});

test('frames without a file are printed, and are never the site', () => {
  const frames = [frame('Array.map', '', 0, 0), frame('', '', 0, 0), frame('f', resolve('app/a.js'), 1, 2)];
  assert.deepEqual(stackLines(frames), ['Array.map (<anonymous>)', '<anonymous>', 'f (app/a.js:1:2)']);
  assert.equal(siteOf(frames), 'app/a.js:1:2');
});

test('the site of a lock method that Node calls itself is below Node', () => {
  const emit = frame('EventEmitter.emit', 'node:events', 518, 28);
  const user = frame('f', resolve('app/a.js'), 1, 2);
  assert.equal(siteOf([emit, user]), 'app/a.js:1:2');
  assert.equal(siteOf([emit]), 'node:events:518:28');
  assert.equal(stackLines([emit, user])[0], 'EventEmitter.emit (node:events:518:28)');
});

test('evaluated code keeps the place that evaluated it', () => {
  const evaluated = frame('f', 'eval at run (/elsewhere/app.js:1:2)', 3, 4);
  assert.deepEqual(stackLines([evaluated]), ['f (eval at run (/elsewhere/app.js:1:2):3:4)']);
});

test('a stack is cut at its far end', () => {
  const frames = Array.from({ length: 200 }, (_, line) => frame('f', '/elsewhere/app.js', line + 1, 1));
  assert.equal(stackLines(frames).length, 20);
  assert.deepEqual(stackLines(frames, 2), ['f (/elsewhere/app.js:1:1)', 'f (/elsewhere/app.js:2:1)']);
  assert.equal(stackLines(frames, 0).length, 1);
});

test('the very frame of a caller in this file', () => {
  const prepare = Error.prepareStackTrace;
  Error.prepareStackTrace = (_, sites) => sites;
  const [site] = new Error('for its stack').stack as unknown as NodeJS.CallSite[];
  Error.prepareStackTrace = prepare;
  const raw = frame('', site?.getFileName() ?? '', site?.getLineNumber() ?? 0, site?.getColumnNumber() ?? 0);
  // The tests are compiled with source maps beside them: what is printed is this source file.
  assert.match(siteOf([raw]), /test\/report\/stack-text\.test\.ts:\d+:\d+$/);
});
