/** What reports say of locks that merely come from one place. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { LockClass, type Mutex, type Report, type Semaphore } from '../../src/index.js';
import { isolated } from '../support/harness.js';

async function nested(...locks: (Mutex | Semaphore)[]): Promise<void> {
  const [lock, ...inner] = locks;
  if (lock !== undefined) await lock.runExclusive(() => nested(...inner));
}

function last({ lockdep }: IsolatedLockdep): Report {
  return lockdep.reports().at(-1) as Report;
}

function unwrapped({ message }: Report): string {
  return message.replaceAll(/\s+/g, ' ');
}

it('a nesting of two pools names both, says that they are two, and advises a class for each at the line to change', () =>
  isolated(async (instance) => {
    class Pool {
      readonly permits: Semaphore = new instance.Semaphore(2);
    }
    const [locks, queries] = [new Pool(), new Pool()];
    await nested(locks.permits, queries.permits);
    const report = last(instance);
    const names = [report.held[0]?.made, report.acquiring?.made];
    for (const name of names)
      assert.match(name ?? '', /^permits in Pool, \S*classes-by-place\.report\.test\.ts:\d+:\d+$/);
    assert.notEqual(names[0], names[1]);
    const text = unwrapped(report);
    for (const name of names) assert.ok(text.includes(`made as ${name}`), text);
    assert.match(text, /two different locks that are made at one place are nested/);
    const place = report.acquiring?.madeAt ?? '';
    assert.equal(`Semaphore@${place}`, report.acquiring?.lockClass);
    assert.ok(text.includes(`If the locks made at ${place} play different parts, give each a class there`), text);
    assert.match(text, /the LockClass option `order`, or `subclass` for the inner one, at \S+\.ts:\d+/);
  }));

it('a nesting of two locks of a factory says that they are different locks of one place', () =>
  isolated(async (instance) => {
    const makeMutex = (): Mutex => new instance.Mutex();
    await nested(makeMutex(), makeMutex());
    assert.match(unwrapped(last(instance)), /two different locks that are made at one place are nested/);
    assert.match(last(instance).acquiring?.made ?? '', /in makeMutex, .*\.ts:\d+:\d+$/);
  }));

it('locks that one loop makes are told by their numbers', () =>
  isolated(async (instance) => {
    const locks = [1, 2].map(() => new instance.Mutex());
    await nested(...locks);
    const { held, acquiring } = last(instance);
    assert.match(held[0]?.made ?? '', /lock 1 of those made there$/);
    assert.match(acquiring?.made ?? '', /lock 2 of those made there$/);
  }));

it('a cycle of the very locks calls each by the way it was made, in every part of the text', () =>
  isolated(async (instance) => {
    class Service {
      readonly lock: Mutex = new instance.Mutex();
    }
    const history = new Service();
    const drafts = new Service();
    await nested(drafts.lock, history.lock);
    await nested(history.lock, drafts.lock);
    const report = last(instance);
    assert.equal(report.tier, 'strict');
    const [name, other] = [report.cycle?.[0]?.held.made ?? '', report.cycle?.[0]?.acquiring.made ?? ''];
    assert.notEqual(name, other);
    const text = unwrapped(report);
    assert.ok(text.includes(`lock(${name})`) && text.includes(`lock(${other})`), text);
    assert.ok(text.includes(`Take ${name} before ${other} everywhere`), text);
    assert.match(text, /here is one and the same in both of its orders/);
    assert.match(report.id, /^circular-dependency:Mutex@\S+ -> Mutex@\S+$/);
  }));

it('a suspected cycle says which class stands for two different locks', () =>
  isolated(async (instance) => {
    const makeMutex = (): Mutex => new instance.Mutex();
    const ledger = new instance.Mutex({ class: new LockClass('ledger') });
    await nested(makeMutex(), makeMutex());
    await nested(makeMutex(), ledger);
    await nested(ledger, makeMutex());
    const text = unwrapped(last(instance));
    assert.match(text, /Two different locks of Mutex@\S+ take part, .* they may play different parts/);
    assert.match(text, /If the locks made at \S+ play different parts, give each a class there/);
  }));

it('a lock that is the only one of its place is told by the place alone', () =>
  isolated(async (instance) => {
    const first = new instance.Mutex();
    const second = new instance.Mutex();
    await nested(first, second);
    await nested(second, first);
    const { acquiring, tier } = last(instance);
    assert.deepEqual([acquiring?.made, acquiring?.madeAt, tier], [undefined, undefined, 'strict']);
  }));
