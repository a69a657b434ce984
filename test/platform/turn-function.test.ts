import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, it } from 'node:test';
import { promiseHooks } from 'node:v8';
import { isActOfTurn } from '../../src/platform/turn-function.js';

/** What the last promise of the first turn of `program` was taken for; the turn that starts the program does not count. */
async function lastOfFirstTurn(program: () => Promise<unknown>): Promise<boolean | undefined> {
  const seen: boolean[] = [];
  let last: boolean | undefined;
  const onInit = (): void => {
    last = isActOfTurn(onInit);
  };
  const stop = promiseHooks.createHook({
    init: onInit,
    before: () => {
      last = undefined;
    },
    after: () => {
      if (last !== undefined) seen.push(last);
    },
  }) as unknown as () => void;
  await program();
  stop();
  return seen[1];
}

const ready = Promise.resolve();

async function waits(): Promise<void> {
  await ready;
}

describe('the end of a turn', () => {
  const cases: readonly [string, boolean, () => Promise<unknown>][] = [
    ['a function that awaits', true, () => ready.then(async () => await ready)],
    ['a function that awaits one that it called', true, () => ready.then(async () => await waits())],
    ['a callback that calls a function which awaits', false, () => ready.then(() => void waits())],
    ['a callback that calls then', false, () => ready.then(() => void ready.then(() => undefined))],
    ['a callback that calls finally', false, () => ready.then(() => void ready.finally(() => undefined))],
    ['a callback that builds a combinator', false, () => ready.then(() => void Promise.all([ready, ready]))],
  ];
  for (const [name, expected, program] of cases) {
    it(`${name}: ${expected ? 'its await' : 'no await of its own'}`, async () => {
      assert.equal(await lastOfFirstTurn(program), expected);
    });
  }

  it('is told among hooks of others too', async () => {
    const storage = new AsyncLocalStorage<number>();
    const stop = promiseHooks.createHook({ init: () => undefined }) as unknown as () => void;
    await storage.run(1, async () => {
      for (const [name, expected, program] of cases) {
        assert.equal(await lastOfFirstTurn(program), expected, name);
      }
    });
    stop();
    storage.disable();
  });
});
