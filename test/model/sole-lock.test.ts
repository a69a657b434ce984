import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass } from '../../src/model/lock-class.js';
import { countLock, onClassShared } from '../../src/model/class-events.js';
import { soleLockOf } from '../../src/model/sole-lock.js';

function told(act: () => void): string[] {
  const names: string[] = [];
  const stop = onClassShared((lockClass) => names.push(lockClass.name));
  act();
  stop();
  return names;
}

describe('the only lock of a class', () => {
  it('is there with the first lock, and gone for ever with the second', () => {
    const lockClass = new LockClass('sole.one');
    assert.equal(soleLockOf(lockClass), undefined);
    assert.deepEqual(
      told(() => countLock(lockClass)),
      [],
    );
    assert.equal(soleLockOf(lockClass), lockClass);
    assert.deepEqual(
      told(() => countLock(lockClass)),
      ['sole.one'],
    );
    assert.equal(soleLockOf(lockClass), undefined);
    assert.deepEqual(
      told(() => countLock(lockClass)),
      [],
    );
  });

  it('is meant by the subclasses that it may be taken as', () => {
    const lockClass = new LockClass('sole.taken');
    countLock(lockClass);
    assert.equal(soleLockOf(lockClass.subclass(1)), lockClass);
  });

  it('of a subclass is its own, while nothing else can be taken as that', () => {
    const lockClass = new LockClass('sole.private');
    const [one, two] = [lockClass.subclass('one'), lockClass.subclass('two')];
    for (const each of [one, two])
      assert.deepEqual(
        told(() => countLock(each)),
        [],
      );
    assert.equal(soleLockOf(one), one);
    assert.equal(soleLockOf(two), two);
    assert.deepEqual(
      told(() => countLock(lockClass)),
      ['sole.private/one', 'sole.private/two'],
    );
    assert.equal(soleLockOf(one), undefined);
    assert.equal(soleLockOf(lockClass), lockClass);
  });

  it('is in doubt on both sides when a subclass gets a lock of its own', () => {
    const lockClass = new LockClass('sole.later');
    countLock(lockClass);
    const subclass = lockClass.subclass(1);
    assert.deepEqual(
      told(() => countLock(subclass)),
      ['sole.later', 'sole.later/1'],
    );
    assert.equal(soleLockOf(subclass), undefined);
  });
});
