/** Two copies of the package in one process, as where two dependencies have each its own; and the compiled sources, which are not it. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as sources from '../../src/index.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(root, '.tmp-copies-'));
after(() => rmSync(folder, { recursive: true, force: true }));
cpSync(join(root, 'dist'), folder, { recursive: true });

const load = async (dist: string): Promise<typeof sources> =>
  (await import(pathToFileURL(join(dist, 'index.js')).href)) as typeof sources;
const [one, two] = [await load(join(root, 'dist')), await load(folder)];

it('are two copies indeed', () => {
  assert.notEqual(one.Mutex, two.Mutex);
});

it('share one graph: an inversion across both is one report, which both list', async (t) => {
  t.mock.method(process, 'emitWarning', () => undefined);
  one.lockdep.configure({ mode: 'warn' });
  assert.equal(two.lockdep.mode, 'warn');
  const a = new one.Mutex({ class: 'copies.a' });
  const b = new two.Mutex({ class: 'copies.b' });
  await a.runExclusive(() => b.runExclusive(() => undefined));
  await b.runExclusive(() => a.runExclusive(() => undefined));
  assert.deepEqual(
    one.lockdep.reports().map((report) => [report.kind, report.tier]),
    [['circular-dependency', 'strict']],
  );
  assert.deepEqual(two.lockdep.reports(), one.lockdep.reports());
  one.lockdep.reset({ graph: true });
});

it('find the same class by its name', () => {
  assert.equal(one.lockClass('copies.shared'), two.lockClass('copies.shared'));
  assert.ok(one.lockClass('copies.shared') instanceof two.LockClass);
});

it('know each other’s errors', async () => {
  const lock = new two.Mutex({ class: 'copies.errors' });
  const guard = await lock.lock();
  guard.release();
  assert.throws(
    () => guard.release(),
    (error: unknown) => error instanceof one.NotHeldError && error instanceof one.LockdepError,
  );
  two.lockdep.reset();
});

it('share nothing with a copy whose objects have other names inside', async () => {
  one.lockdep.configure({ mode: 'enforce' });
  assert.equal(sources.lockdep.mode, 'warn');
  assert.notEqual(one.lockClass('copies.other'), sources.lockClass('copies.other'));
  const lock = new sources.Mutex({ class: 'copies.other' });
  assert.equal(await lock.runExclusive(() => one.lockdep.held().length), 0);
  one.lockdep.configure({ mode: 'off' });
});
