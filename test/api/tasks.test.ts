import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isolated, nextTurn } from '../support/harness.js';

const MODES = ['off', 'warn', 'enforce'] as const;

describe('the result of a task, the same in every mode', () => {
  for (const mode of MODES) {
    it(`a rejection that nobody handles is Node's to tell, mode ${mode}`, () =>
      isolated(
        async ({ lockdep }) => {
          const error = new Error('lost');
          const told = new Promise((resolve) => {
            const others = process.listeners('unhandledRejection');
            process.removeAllListeners('unhandledRejection');
            process.once('unhandledRejection', (reason) => {
              for (const other of others) process.on('unhandledRejection', other);
              resolve(reason);
            });
          });
          void lockdep.task('job', async () => {
            await nextTurn();
            throw error;
          });
          assert.equal(await told, error);
        },
        { mode },
      ));

    it(`a thenable is left to the caller, mode ${mode}`, () =>
      isolated(
        async ({ lockdep }) => {
          let calls = 0;
          const lazy = {
            // oxlint-disable-next-line unicorn/no-thenable -- as query builders have it.
            then(resolve: (value: number) => void): void {
              calls += 1;
              resolve(1);
            },
          };
          const result = lockdep.task('query', () => lazy);
          assert.equal(result, lazy);
          assert.equal(await result, 1);
          assert.equal(calls, 1);
        },
        { mode },
      ));

    it(`comes in as many turns, mode ${mode}`, () =>
      isolated(
        async ({ lockdep }) => {
          const done = Promise.resolve();
          let turns = 0;
          let over = false;
          void lockdep.task('job', () => done).then(() => (over = true));
          while (!over) {
            turns += 1;
            await Promise.resolve();
          }
          assert.equal(turns, 2);
        },
        { mode },
      ));
  }

  it('a hold that it resolves with is that of who awaits it', () =>
    isolated(async (instance) => {
      const { lockdep, Mutex } = instance;
      const lock = new Mutex();
      const release = await lockdep.task('open', async () => await lock.acquire());
      lockdep.assertNotHeld(lock);
      release();
      // Who releases it had it all the time.
      assert.deepEqual(
        lockdep.reports().flatMap(({ kind, tier }) => (kind === 'assertion' ? [tier] : [])),
        ['strict'],
      );
    }));
});
