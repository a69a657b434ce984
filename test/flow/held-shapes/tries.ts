/** Locks that are taken without waiting, in all places. */
import type { Mutex, Releaser } from '../../../src/index.js';
import { shape, turn, turns, type HeldShape } from './world.js';

export const tries: readonly HeldShape[] = [
  shape(
    'tryAcquire',
    async ({ a, probe }) => {
      await turn();
      const release = a.tryAcquire();
      probe.held(a, 'at once');
      await turn();
      probe.held(a, 'later');
      release?.();
    },
    async (world) => {
      const { a, b, probe } = world;
      const kick = (): void => {
        const release = a.tryAcquire();
        setImmediate(() => setImmediate(() => release?.()));
      };
      const job = async (): Promise<void> => {
        const guard = b.tryLock();
        await turns(3);
        guard?.release();
      };
      await turn();
      kick();
      world.background(job());
      probe.not(a, 'taken by a sync callee, released by a timer');
      probe.not(b, 'taken by a detached callee');
      await turn();
      probe.not(a, 'the same, later');
      probe.not(b, 'the same, later');
      await turns(3);
      world.background(turns(3));
    },
  ),
  shape(
    'tryAcquire in a call',
    async ({ a, b, probe }) => {
      const helper = (): Releaser | undefined => a.tryAcquire();
      const job = async (): Promise<void> => {
        const guard = b.tryLock();
        probe.missed('tried in a call', b, 'in its first turn');
        await turn();
        probe.missed('tried in a call', b, 'in the function called');
        guard?.release();
      };
      await turn();
      const release = helper();
      probe.missed('tried in a call', a, 'the caller of a plain helper');
      await job();
      release?.();
      await new Promise<void>((resolve) => {
        setImmediate(() => {
          const again = a.tryAcquire();
          probe.missed('tried in a call', a, 'in the callback of a timer');
          again?.();
          resolve();
        });
      });
    },
    async (world) => {
      const { a, probe } = world;
      const other = async (): Promise<void> => {
        await turn();
        probe.not(a, 'called by the callback that took it');
      };
      await turn().then(() => {
        const release = a.tryAcquire();
        world.background(other().then(turn));
        setImmediate(() => setImmediate(() => setImmediate(() => release?.())));
      });
      probe.not(a, 'who awaits the callback');
      await turns(4);
      world.background(a.waitForUnlock());
    },
  ),
  shape(
    'a recursion that tries',
    async ({ a, b, probe }) => {
      const recurse = async (locks: readonly Mutex[]): Promise<void> => {
        await turn();
        const [lock, ...rest] = locks;
        const release = lock?.tryAcquire();
        if (lock === undefined) return;
        probe.held(lock, 'own level');
        await recurse(rest);
        probe.held(lock, 'own level, later');
        release?.();
      };
      await recurse([a, b]);
    },
    async (world) => {
      const { a, b, probe } = world;
      const recurse = async (inner: boolean): Promise<void> => {
        const release = (inner ? b : a).tryAcquire();
        if (!inner) {
          world.background(recurse(true));
          probe.not(b, 'of the detached call');
        }
        await turns(2);
        probe.not(inner ? a : b, 'of the other call');
        await turns(2);
        release?.();
      };
      await recurse(false);
    },
  ),
  shape(
    'a try that is a scope',
    ({ a, probe }) =>
      a.runExclusive(
        async () => {
          probe.held(a, 'at once');
          await turn();
          probe.scoped(a, 'later');
        },
        { timeout: 0 },
      ),
    async (world) => {
      const { a, probe } = world;
      world.background(a.runExclusive(() => turns(3)));
      await a
        .runExclusive(() => undefined, { timeout: 0 })
        .catch(() => {
          probe.not(a, 'not had');
        });
      await turn();
      probe.not(a, 'beside');
    },
  ),
];
