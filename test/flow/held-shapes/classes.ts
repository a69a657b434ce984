/** Objects that hold: taken in open(), let go in close(); fields, constructors, decorators. */
import type { LockGuard, Mutex, Releaser } from '../../../src/index.js';
import { shape, take, turn, turns, type HeldShape } from './world.js';

class Session {
  readonly lock: Mutex;
  #guard: LockGuard | undefined;

  constructor(lock: Mutex) {
    this.lock = lock;
  }

  async open(): Promise<this> {
    await turn();
    this.#guard = await this.lock.lock();
    return this;
  }

  async work(look: () => void): Promise<void> {
    await turn();
    look();
  }

  close(): void {
    this.#guard?.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await turn();
    this.close();
  }
}

/** Starts to acquire in its constructor. */
class Started {
  readonly ready: Promise<Releaser>;

  constructor(lock: Mutex) {
    this.ready = this.#start(lock);
  }

  async #start(lock: Mutex): Promise<Releaser> {
    return await lock.acquire();
  }
}

class Derived extends Session {
  override async open(): Promise<this> {
    await super.open();
    return this;
  }
}

/** A decorator by hand: the method runs with the lock. */
function synchronised<A extends unknown[], R>(
  lock: Mutex,
  method: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  return (...args) => lock.runExclusive(() => method(...args));
}

export const classes: readonly HeldShape[] = [
  ...[Session, Derived].map((Kind) =>
    shape(
      `open() and close() of ${Kind.name}`,
      async ({ a, probe }) => {
        const session = await new Kind(a).open();
        probe.missed('not by await', a, 'opened');
        await turn();
        probe.missed('not by await', a, 'later');
        await session.work(() => probe.missed('child of acquire', a, 'in a method'));
        probe.missed('not by await', a, 'after the method');
        session.close();
      },
      async ({ a, probe }) => {
        const session = new Kind(a);
        probe.not(a, 'not open yet');
        const opening = session.open();
        await turns(3);
        probe.not(a, 'open() is not awaited');
        await opening;
        session.close();
        probe.not(a, 'closed');
        await session.work(() => probe.not(a, 'in a method'));
      },
    ),
  ),
  shape(
    'closed by another flow',
    async (world) => {
      const { a, probe } = world;
      const session = await new Session(a).open();
      probe.missed('not by await', a, 'who opened it');
      world.background(turns(2).then(() => session.close()));
    },
    async (world) => {
      const { a, probe } = world;
      const session = await new Session(a).open();
      await world.lockdep.detached(async () => {
        await turn();
        probe.not(a, 'who closes it');
        session.close();
        probe.not(a, 'closed');
      });
      probe.not(a, 'who opened it');
    },
  ),
  shape(
    'await using of a session',
    async ({ a, probe }) => {
      await using session = await new Session(a).open();
      await turn();
      probe.missed('not by await', a, session.lock === a ? 'in the block' : 'never');
    },
    async ({ a, probe }) => {
      {
        await using _ = await new Session(a).open();
      }
      probe.not(a, 'after the block');
      await turn();
      probe.not(a, 'later');
    },
  ),
  shape(
    'a promise started by the constructor',
    async ({ a, probe }) => {
      const started = new Started(a);
      const release = await started.ready;
      probe.missed('not by await', a, 'awaited');
      release();
    },
    async ({ a, probe }) => {
      const started = new Started(a);
      probe.not(a, 'constructed');
      await turns(2);
      probe.not(a, 'nobody has awaited it');
      (await started.ready)();
    },
  ),
  shape(
    'a decorated method',
    async ({ a, probe }) => {
      const method = synchronised(a, async (times: number) => {
        await turns(times);
        probe.scoped(a, 'in the method');
      });
      await method(2);
    },
    async (world) => {
      const { a, probe } = world;
      const method = synchronised(a, turns);
      world.background(method(4));
      await turn();
      probe.not(a, 'who called it');
      await turns(2);
      probe.not(a, 'who called it, later');
    },
  ),
  shape(
    'a getter that acquires, a static block, a private method',
    async ({ a, probe }) => {
      const holder = {
        get lock(): Promise<Releaser> {
          return take(a);
        },
      };
      const release = await holder.lock;
      probe.missed('not by await', a, 'through a getter');
      release();
    },
    async ({ a, probe }) => {
      const holder = {
        get lock(): Promise<Releaser> {
          return take(a);
        },
      };
      const pending = holder.lock;
      await turn();
      probe.not(a, 'read, not awaited');
      (await pending)();
    },
  ),
  shape(
    'a semaphore',
    async ({ instance, probe }) => {
      const semaphore = new instance.Semaphore(2);
      const [, release] = await semaphore.acquire();
      probe.held(semaphore, 'one permit');
      release();
      await semaphore.runExclusive(async () => {
        await turn();
        probe.scoped(semaphore, 'in a scope');
      });
    },
    async (world) => {
      const { instance, probe } = world;
      const semaphore = new instance.Semaphore(2);
      world.background(semaphore.runExclusive(() => turns(3)));
      await turn();
      probe.not(semaphore, 'another flow has a permit');
      const [, release] = await semaphore.acquire();
      release();
      probe.not(semaphore, 'given back');
    },
  ),
];
