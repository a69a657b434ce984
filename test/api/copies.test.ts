/** Two copies of the package in one process: the compiled tests' own, and the built one that users install. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as one from '../../src/index.js';

const two = (await import(new URL('../../../dist/index.js', import.meta.url).href)) as typeof one;

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
