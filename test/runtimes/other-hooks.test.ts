/**
 * Other users of async_hooks, AsyncLocalStorage and promise hooks in the same process: what they see is theirs alone, and
 * what the tracker is sure of stays true beside them.
 */
import assert from 'node:assert/strict';
import { AsyncLocalStorage, AsyncResource, createHook } from 'node:async_hooks';
import { setTimeout as later } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { promiseHooks } from 'node:v8';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { LockClass, type LockdepOptions } from '../../src/index.js';
import { randomNumbers } from '../order/property.js';
import { SHAPES, type Shape } from '../flow/shapes.js';
import { isolated, nextTurn } from '../support/harness.js';

/** Something else that watches the process: installed before the tracker starts or after, and taken away at the end. */
interface Neighbour {
  readonly name: string;
  /** `toggle` may be called at any time; `stop` ends it. */
  install(): { readonly toggle?: () => void; readonly stop: () => void };
}

function asyncHook(callbacks: Parameters<typeof createHook>[0]): ReturnType<Neighbour['install']> {
  let enabled = true;
  const hook = createHook(callbacks).enable();
  return {
    toggle: () => {
      enabled = !enabled;
      if (enabled) hook.enable();
      else hook.disable();
    },
    stop: () => void hook.disable(),
  };
}

const NEIGHBOURS: readonly Neighbour[] = [
  { name: 'an async hook with all callbacks', install: () => asyncHook(nothing()) },
  { name: 'an async hook with before and after', install: () => asyncHook({ before: () => {}, after: () => {} }) },
  {
    name: 'several storages, one of them entered in the hooks of promises',
    install: () => {
      const stores = Array.from({ length: 3 }, () => new AsyncLocalStorage<unknown>());
      stores[0]?.enterWith(1);
      const stop = promiseHooks.onBefore(() => stores[1]?.enterWith(2)) as unknown as () => void;
      return {
        toggle: () => stores[2]?.enterWith({}),
        stop: () => {
          stop();
          for (const store of stores) store.disable();
        },
      };
    },
  },
  {
    name: 'all promise hooks',
    install: () => {
      const nop = (): void => undefined;
      const install = (): (() => void) =>
        promiseHooks.createHook({ init: () => {}, before: nop, after: nop, settled: nop }) as unknown as () => void;
      let stop: (() => void) | undefined = install();
      const end = (): void => {
        stop?.();
        stop = undefined;
      };
      return { toggle: () => (stop === undefined ? (stop = install()) : end()), stop: end };
    },
  },
];

function nothing(): Parameters<typeof createHook>[0] {
  const nop = (): void => undefined;
  return { init: nop, before: nop, after: nop, destroy: nop, promiseResolve: nop };
}

/** What the shape has taught about A and B after some runs. */
async function learned(instance: IsolatedLockdep, { run }: Shape, each: () => void = () => undefined): Promise<string> {
  const a = new instance.Mutex({ class: new LockClass('A') });
  const b = new instance.Mutex({ class: new LockClass('B') });
  for (let round = 0; round < 6; round++) {
    let running = true;
    const ended = run({ a, b }).finally(() => (running = false));
    for (; running; each()) await nextTurn();
    await ended;
  }
  assert.equal(a.isLocked() || b.isLocked(), false);
  assert.deepEqual(instance.lockdep.reports(), []);
  const found = [...runtimeOf(instance).validator.dependencies.edges()].find(
    ({ from, to }) => from === a.lockClass.name && to === b.lockClass.name,
  );
  return found?.tier ?? 'none';
}

/** What the shape teaches on this runtime with nobody else there, for comparison. */
async function alone(shape: Shape, options: Partial<LockdepOptions>): Promise<string> {
  let tier = '';
  await isolated(async (instance) => void (tier = await learned(instance, shape)), options);
  return tier;
}

for (const tracking of ['precise', 'light'] as const) {
  for (const { name, install } of NEIGHBOURS) {
    describe(`beside ${name}, tracking ${tracking}`, () => {
      const moments = ['installed before', 'installed after', 'installed after and toggled'] as const;
      for (const [at, moment] of moments.entries()) {
        // Each shape beside each neighbour, at one of the moments.
        it(`${moment}: a third of the shapes of code teach what they do alone`, async () => {
          for (const shape of SHAPES.filter((_, index) => index % moments.length === at)) {
            const expected = await alone(shape, { tracking });
            const before = moment === 'installed before' ? install() : undefined;
            try {
              await isolated(
                async (instance) => {
                  const neighbour = before ?? install();
                  try {
                    const toggle = moment === 'installed after and toggled' ? neighbour.toggle : undefined;
                    const tier = await learned(instance, shape, toggle);
                    if (shape.edge !== 'strict') assert.notEqual(tier, 'strict', shape.name);
                    assert.equal(tier, expected, shape.name);
                  } finally {
                    neighbour.stop();
                  }
                },
                { tracking },
              );
            } finally {
              before?.stop();
            }
          }
        });
      }
    });
  }
}

/** A random program with storages of its own; what each flow sees in them, step by step. */
class Program {
  readonly #instance: IsolatedLockdep;
  readonly #random: (below: number) => number;
  readonly #stores = [new AsyncLocalStorage<number>(), new AsyncLocalStorage<number>()] as const;
  readonly #locks;
  readonly logs: string[][] = [];
  #values = 0;

  constructor(instance: IsolatedLockdep, seed: number) {
    this.#instance = instance;
    this.#random = randomNumbers(seed);
    this.#locks = [1, 2, 3].map((i) => new instance.Mutex({ class: new LockClass(`L${i}`) }));
  }

  end(): void {
    for (const store of this.#stores) store.disable();
  }

  #note(log: string[]): void {
    log.push(this.#stores.map((store) => store.getStore() ?? '-').join());
  }

  /** The choices are drawn before anything runs, so they do not depend on who runs first. */
  async run(): Promise<void> {
    const flows = Array.from({ length: 4 }, () => Array.from({ length: 5 }, () => this.#draw(0)));
    await Promise.all(
      flows.map(async (steps) => {
        const log: string[] = [];
        this.logs.push(log);
        for (const step of steps) await step(log);
      }),
    );
  }

  #draw(from: number): (log: string[]) => Promise<void> {
    const kind = this.#random(7);
    const value = ++this.#values;
    const store = this.#stores[this.#random(2) as 0 | 1];
    const [index, turns, timer] = [from + this.#random(2), this.#random(4), this.#random(2) === 0];
    const inner = index < 3 && this.#random(3) > 0 ? this.#draw(index + 1) : async () => undefined;
    const lock = this.#locks[index];
    const body = async (log: string[]): Promise<void> => {
      this.#note(log);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      if (timer) await nextTurn();
      await inner(log);
      this.#note(log);
    };
    return async (log) => {
      this.#note(log);
      if (kind === 0) await store.run(value, () => body(log));
      else if (kind === 1) {
        store.enterWith(value);
        await body(log);
      } else if (kind === 2) await new AsyncResource('PROGRAM').runInAsyncScope(() => body(log));
      else if (kind === 3 && lock !== undefined) await lock.runExclusive(() => body(log));
      else if (kind === 4 && lock !== undefined) {
        const release = await lock.acquire();
        await body(log);
        release();
      } else if (kind === 5) await this.#instance.lockdep.detached(() => body(log));
      else await this.#instance.lockdep.task('task', () => body(log));
      this.#note(log);
    };
  }
}

async function seenStores(seed: number, options: Partial<LockdepOptions>): Promise<string[][]> {
  let logs: string[][] = [];
  await isolated(async (instance) => {
    const program = new Program(instance, seed);
    await program.run();
    program.end();
    assert.deepEqual(instance.lockdep.reports(), []);
    logs = program.logs;
  }, options);
  return logs;
}

describe("the program's own storages", () => {
  it('hold in every mode and level what they hold without a validator', async () => {
    let entered = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const expected = await seenStores(seed, { mode: 'off' });
      for (const tracking of ['precise', 'light'] as const) {
        assert.deepEqual(await seenStores(seed, { tracking }), expected, `seed ${seed}, ${tracking}`);
      }
      entered += expected.flat().filter((seen) => /\d/.test(seen)).length;
    }
    assert.ok(entered > 1000);
  });

  it('stay as they are when tracking is turned off and on in the middle', async () => {
    const store = new AsyncLocalStorage<string>();
    await isolated(async ({ lockdep, Mutex }) => {
      const lock = new Mutex();
      await store.run('mine', async () => {
        for (const mode of ['off', 'warn', 'off', 'enforce'] as const) {
          const release = await lock.acquire();
          lockdep.configure({ mode });
          await later(1);
          assert.equal(store.getStore(), 'mine');
          release();
          await lock.runExclusive(async () => {
            await nextTurn();
            assert.equal(store.getStore(), 'mine');
          });
        }
      });
      assert.equal(store.getStore(), undefined);
    });
    store.disable();
  });
});
