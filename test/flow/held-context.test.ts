import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HeldContext } from '../../src/flow/held-context.js';
import { Task } from '../../src/flow/task.js';
import { isolated } from '../support/harness.js';

/** A context that carries by itself, as in tracking light; stopped in the end. */
async function withContext(check: (context: HeldContext) => Promise<void>): Promise<void> {
  const context = new HeldContext();
  context.start(false);
  try {
    await check(context);
  } finally {
    context.stop();
  }
}

describe('the context of a flow', () => {
  it('follows awaits, chains and what is started, and leaks to nobody beside', () =>
    withContext(async (context) => {
      const cell = new Task('mine');
      const seen: unknown[] = [];
      const note = (): void => void seen.push(context.store);
      const entering = async (): Promise<void> => {
        await Promise.resolve();
        context.enterTurn(cell);
        await Promise.resolve();
        note();
        await Promise.resolve().then(note).finally(note);
        await Promise.all([nextTurn().then(note), (async () => (await nextTurn(), note()))()]);
      };
      const beside = async (): Promise<void> => {
        for (let turn = 0; turn < 10; turn++) {
          await nextTurn();
          assert.equal(context.store, undefined);
        }
      };
      await Promise.all([entering(), beside()]);
      assert.deepEqual(seen, [cell, cell, cell, cell, cell]);
      assert.equal(context.store, undefined);
    }));

  it('a root is found through timers, and detached work inside it sees none of its cells', () =>
    withContext(async (context) => {
      const root = new Task('root');
      const inTimer = (): Promise<unknown> => new Promise((resolve) => setTimeout(() => resolve(context.store), 1));
      const found = await context.runRoot(root, async () => {
        await nextTurn();
        return [await inTimer(), await context.run(undefined, inTimer), await inTimer()];
      });
      assert.deepEqual(found, [root, undefined, root]);
      assert.equal(await inTimer(), undefined);
    }));

  it('what a callback enters is gone in the next callback', () =>
    withContext(async (context) => {
      const cell = new Task('callback');
      const seen: unknown[] = [];
      await new Promise<void>((resolve) => {
        setImmediate(() => {
          context.enterCallback(cell);
          seen.push(context.store);
          void Promise.resolve().then(() => seen.push(context.store));
        });
        setImmediate(() => {
          seen.push(context.store);
          resolve();
        });
      });
      assert.deepEqual(seen, [cell, cell, undefined]);
    }));

  it('a run that throws gives back what was there', () =>
    withContext(async (context) => {
      const [outer, inner] = [new Task('outer'), new Task('inner')];
      context.run(outer, () => {
        assert.throws(() =>
          context.run(inner, () => {
            assert.equal(context.store, inner);
            throw new Error('no');
          }),
        );
        assert.equal(context.store, outer);
      });
      assert.equal(context.store, undefined);
    }));

  it('after the stop nothing is entered any more, and a start begins anew', async () => {
    const context = new HeldContext();
    for (let round = 0; round < 3; round++) {
      context.start(false);
      const cell = new Task('again');
      await context.run(cell, async () => {
        await nextTurn();
        assert.equal(context.store, cell);
        context.stop();
        assert.equal(context.store, undefined);
        await nextTurn();
        assert.equal(context.store, undefined);
      });
    }
  });
});

describe('a program with async hooks of its own', () => {
  it('moves a context that carries by hooks into its storage', async () => {
    const context = new HeldContext();
    const storage = new AsyncLocalStorage<number>();
    context.start(false);
    context.adapt();
    const before = context.byHooks;
    await storage.run(1, async () => {
      context.adapt();
      // Where ids are hidden nothing can be told, and the hooks go on.
      const tracked = Object.getOwnPropertySymbols(new Promise(() => undefined)).length > 0;
      assert.equal(context.byHooks, before && !tracked);
      const cell = new Task('moved');
      await context.run(cell, async () => {
        await nextTurn();
        assert.equal(context.store, cell);
        assert.equal(storage.getStore(), 1);
      });
    });
    context.stop();
    storage.disable();
  });

  it('keeps its stores through locks in both levels', async () => {
    for (const tracking of ['precise', 'light'] as const) {
      await isolated(
        async ({ Mutex }) => {
          const storage = new AsyncLocalStorage<string>();
          const lock = new Mutex();
          const flow = async (name: string): Promise<void> => {
            await storage.run(name, async () => {
              for (let i = 0; i < 5; i++) {
                await lock.runExclusive(async () => {
                  await nextTurn();
                  assert.equal(storage.getStore(), name);
                });
                const release = await lock.acquire();
                assert.equal(storage.getStore(), name);
                await nextTurn();
                release();
                assert.equal(storage.getStore(), name);
              }
            });
          };
          await Promise.all([flow('a'), flow('b'), flow('c')]);
          storage.disable();
        },
        { tracking },
      );
    }
  });
});
