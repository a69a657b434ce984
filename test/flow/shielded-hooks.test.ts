import assert from 'node:assert/strict';
import { it } from 'node:test';
import { HeldTracker } from '../../src/flow/held-tracker.js';
import type { Hold } from '../../src/model/hold.js';
import { isolated, settle } from '../support/harness.js';

/** A tracker in whose hooks something is wrong: whoever receives a hold is met with an error. */
function faulty(faults: unknown[]): HeldTracker {
  return new HeldTracker({
    onHold: () => {
      throw new Error('the arrival went wrong');
    },
    onDebt: () => undefined,
    onBatch: () => undefined,
    onJoin: () => undefined,
    onReplacement: () => undefined,
    onFault: (error) => faults.push(error),
  });
}

it('what goes wrong in a promise hook is told, and the function that awaits goes on', async () => {
  const faults: unknown[] = [];
  const tracker = faulty(faults);
  tracker.start('precise');
  const node: Hold = tracker.beginStandIn();
  const granted = Promise.resolve('granted');
  tracker.carry(granted, node);
  const result = await (async () => await granted)();
  tracker.endStandIn(node);
  tracker.stop();
  assert.equal(result, 'granted');
  assert.deepEqual(faults.map(String), ['Error: the arrival went wrong']);
});

for (const mode of ['warn', 'enforce'] as const) {
  it(`in ${mode} locks survive that promises can be neither marked nor read, and only scopes are followed from then on`, async () => {
    await isolated(
      async ({ lockdep, Mutex }) => {
        const [lock, other] = [new Mutex(), new Mutex()];
        await settle();
        const prototype = Object.getPrototypeOf(Promise.prototype) as object;
        const fail = (_target: object, name: string | symbol): never => {
          throw new TypeError(`hands off ${String(name)}`);
        };
        const isOurs = (name: string | symbol): boolean =>
          typeof name === 'symbol' && String(name).startsWith('Symbol(lockdep');
        const hostile = new Proxy(prototype, {
          get: (target, name, receiver) => (isOurs(name) ? fail(target, name) : Reflect.get(target, name, receiver)),
          set: (target, name, value, receiver) =>
            isOurs(name) ? fail(target, name) : Reflect.set(target, name, value, receiver),
        });
        Object.setPrototypeOf(Promise.prototype, hostile);
        try {
          for (let i = 0; i < 3; i++) {
            const release = await lock.acquire();
            const waiting = lock.acquire();
            release();
            await other.runExclusive(async () => (await waiting)());
            await settle(1);
          }
        } finally {
          Object.setPrototypeOf(Promise.prototype, prototype);
        }
        assert.deepEqual([lock.isLocked(), other.isLocked(), lockdep.tracking], [false, false, 'light']);
        assert.deepEqual(lockdep.reports(), []);
      },
      { mode },
    );
  });
}
