import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isolated, nextTurn } from '../support/harness.js';

/** As the promises of Node's own modules are, and all of them with --frozen-intrinsics. */
class ReadOnlyThen<T> extends Promise<T> {}
// oxlint-disable-next-line unicorn/no-thenable -- it has one already.
void Object.defineProperty(ReadOnlyThen.prototype, 'then', { value: Promise.prototype.then, writable: false });

it('a hold may travel on a promise whose then cannot be assigned', async () => {
  await isolated(async ({ lockdep, Mutex }) => {
    const lock = new Mutex();
    const open = async (): Promise<() => void> => await lock.acquire();
    const release = await ReadOnlyThen.resolve(open()).then(async (given) => {
      await nextTurn();
      return given;
    });
    release();
    assert.equal(lock.isLocked(), false);
    assert.deepEqual(lockdep.reports(), []);
  });
});
