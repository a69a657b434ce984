/** What users see who print a lock, or what a lock gave them. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { inspect } from 'node:util';
import { isolated } from '../support/harness.js';

it('a lock is one short line, whatever its state', () =>
  isolated(async (instance) => {
    const mutex = new instance.Mutex({ class: 'inspect.mutex', name: 'orders' });
    assert.equal(inspect(mutex), 'Mutex { inspect.mutex "orders", free }');
    await mutex.acquire();
    void mutex.acquire();
    assert.equal(inspect({ mutex }), '{ mutex: Mutex { inspect.mutex "orders", locked } }');
    assert.equal(
      inspect(new instance.Semaphore(2, { class: 'inspect.semaphore' })),
      'Semaphore { inspect.semaphore, free }',
    );
    assert.equal(inspect(new instance.RWSemaphore({ class: 'inspect.rw' })), 'RWSemaphore { inspect.rw, free }');
    assert.equal(
      inspect(new instance.WorkQueue({ class: 'inspect.queue' })),
      'WorkQueue { inspect.queue, 0 running, 0 waiting }',
    );
    assert.equal(
      inspect(new instance.Completion({ class: 'inspect.completion' })),
      'Completion { inspect.completion, to come }',
    );
    assert.equal(inspect(new instance.PseudoLock({ class: 'inspect.pseudo' })), 'PseudoLock { inspect.pseudo, free }');
  }));

it('what a user has put on a lock is shown beside it', () =>
  isolated((instance) => {
    const account = Object.assign(new instance.Mutex({ class: 'inspect.account' }), { id: 7 });
    assert.equal(inspect(account), 'Mutex { inspect.account, free } { id: 7 }');
  }));

it('the promise of an acquisition does not print the validator', () =>
  isolated(async (instance) => {
    const mutex = new instance.Mutex({ class: 'inspect.promise' });
    const semaphore = new instance.Semaphore(1, { class: 'inspect.pair' });
    const first = mutex.acquire();
    const helper = async (): Promise<unknown> => await mutex.acquire();
    const handed = mutex.runExclusive(() => undefined);
    const promises = [first, mutex.acquire(), mutex.lock(), semaphore.acquire(), helper(), handed];
    const release = await first;
    for (const value of [...promises, release]) {
      const text = inspect(value, { depth: 10, showHidden: true });
      assert.ok(text.length < 500, text);
      assert.doesNotMatch(text, /validator|lockClass|parent/i);
    }
  }));
