/** Locks that change hands: transfer, release from another flow, adopt, queues of holds. */
import type { LockGuard, Mutex, Releaser } from '../../../src/index.js';
import { deferred, shape, take, turn, turns, type HeldShape } from './world.js';

function byHand(lock: Mutex): Promise<Releaser> {
  return new Promise((resolve) => void lock.acquire().then((release) => resolve(release)));
}

export const handover: readonly HeldShape[] = [
  shape(
    'transfer, and adopt by the receiver',
    async ({ a, lockdep, probe }) => {
      const sent = deferred<LockGuard>();
      const receiver = lockdep.detached(async () => {
        const guard = await sent.promise;
        lockdep.adopt(guard);
        probe.held(a, 'adopted');
        await turn();
        probe.held(a, 'adopted, later');
        guard.release();
      });
      const guard = await a.lock();
      guard.transfer();
      sent.resolve(guard);
      await receiver;
    },
    async ({ a, lockdep, probe }) => {
      const sent = deferred<LockGuard>();
      const receiver = lockdep.detached(async () => {
        const guard = await sent.promise;
        lockdep.adopt(guard);
        await turns(3);
        guard.release();
      });
      const guard = await a.lock();
      guard.transfer();
      probe.not(a, 'given away');
      sent.resolve(guard);
      await turns(2);
      probe.not(a, 'the other one has it');
      await receiver;
      probe.not(a, 'after');
    },
  ),
  shape(
    'transfer without adopt',
    async ({ a, probe }) => {
      const guard = await a.lock();
      probe.held(a, 'before');
      guard.transfer();
      guard.release();
    },
    async (world) => {
      const { a, probe } = world;
      const guard = await a.lock();
      guard.transfer();
      await turn();
      probe.not(a, 'given away');
      world.background(
        world.lockdep.detached(async () => {
          await turn();
          guard.release();
        }),
      );
      await turns(3);
      probe.not(a, 'released by another flow');
    },
  ),
  shape(
    'a transferred guard, its receiver says nothing',
    async ({ a, b, probe }) => {
      const guard = await a.lock();
      guard.transfer();
      const receive = async (received: LockGuard): Promise<void> => {
        const release = await b.acquire();
        await turn();
        probe.missed('not by await', a, 'the receiver');
        release();
        received.release();
      };
      await receive(guard);
    },
    async ({ a, b, probe }) => {
      const guard = await a.lock();
      guard.transfer();
      const release = await b.acquire();
      probe.not(a, 'given away');
      probe.held(b, 'kept');
      release();
      guard.release();
      probe.not(a, 'released');
    },
  ),
  shape(
    'released by another flow',
    async (world) => {
      const { a, probe } = world;
      const release = await a.acquire();
      const done = deferred();
      setImmediate(() => {
        release();
        done.resolve();
      });
      probe.held(a, 'until then');
      await done.promise;
    },
    async ({ a, probe }) => {
      const release = await a.acquire();
      const done = deferred();
      setImmediate(() => {
        release();
        probe.not(a, 'where it was released');
        done.resolve();
      });
      await done.promise;
      probe.not(a, 'who had it');
    },
  ),
  shape(
    'a queue of holds',
    async ({ a, lockdep, probe }) => {
      const queue: Releaser[] = [];
      const filled = deferred();
      const consumer = lockdep.detached(async () => {
        await filled.promise;
        const release = queue.pop() as Releaser;
        lockdep.adopt(release);
        probe.held(a, 'adopted');
        await turn();
        probe.held(a, 'adopted, later');
        release();
      });
      queue.push(await take(a));
      filled.resolve();
      await consumer;
    },
    async ({ a, lockdep, probe }) => {
      const queue: Releaser[] = [];
      const filled = deferred();
      const consumer = lockdep.detached(async () => {
        await filled.promise;
        queue.pop()?.();
        probe.not(a, 'released by the consumer');
      });
      queue.push(await take(a));
      filled.resolve();
      await consumer;
      probe.not(a, 'who put it there');
    },
  ),
  shape(
    'adopt in the first turn of a call',
    async ({ a, lockdep, probe }) => {
      const guard = await lockdep.detached(() => a.lock());
      guard.transfer();
      const worker = async (): Promise<void> => {
        await turn();
        lockdep.adopt(guard);
        await turn();
        probe.held(a, 'in the worker');
        guard.release();
      };
      await worker();
    },
    async (world) => {
      const { a, lockdep, probe } = world;
      const guard = await lockdep.detached(() => a.lock());
      guard.transfer();
      const worker = async (): Promise<void> => {
        lockdep.adopt(guard);
        await turns(3);
        guard.release();
      };
      await turn();
      world.background(worker());
      probe.not(a, 'who called it');
      await turn();
      probe.not(a, 'who called it, later');
      await turns(3);
    },
  ),
  shape(
    'adopt of a releaser that came by hand',
    async ({ a, lockdep, probe }) => {
      const release = await byHand(a);
      probe.missed('not by await', a, 'before');
      lockdep.adopt(release);
      probe.held(a, 'adopted');
      await turn();
      probe.held(a, 'adopted, later');
      release();
    },
    async ({ a, lockdep, probe }) => {
      const release = await byHand(a);
      lockdep.adopt(release);
      release();
      probe.not(a, 'released');
      lockdep.adopt(release);
      probe.not(a, 'adopted too late');
    },
  ),
  shape(
    'adopt of a lock that a helper tried',
    async ({ a, lockdep, probe }) => {
      const helper = (): LockGuard | undefined => a.tryLock();
      await turn();
      const guard = helper();
      if (guard !== undefined) lockdep.adopt(guard);
      probe.held(a, 'adopted');
      await turn();
      probe.held(a, 'adopted, later');
      guard?.release();
    },
    async ({ a, lockdep, probe }) => {
      await turn();
      const guard = a.tryLock();
      if (guard !== undefined) lockdep.adopt(guard);
      guard?.release();
      await turn();
      probe.not(a, 'released');
    },
  ),
];
