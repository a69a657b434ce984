/** Timers, immediates, ticks, microtasks, emitters: what calls back. */
import { EventEmitter, on, once } from 'node:events';
import { setImmediate as immediate, setTimeout as sleep, setInterval as every } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deferred, shape, take, turn, turns, type HeldShape, type World } from './world.js';

type Schedule = (callback: () => void) => void;

const SCHEDULES: Readonly<Record<string, Schedule>> = {
  setTimeout: (callback) => void setTimeout(callback, 0),
  setImmediate: (callback) => void setImmediate(callback),
  'process.nextTick': (callback) => process.nextTick(callback),
  queueMicrotask: (callback) => queueMicrotask(callback),
  setInterval: (callback) => {
    const timer = setInterval(() => {
      clearInterval(timer);
      callback();
    }, 1);
  },
  'an AbortSignal listener': (callback) => {
    const stop = new AbortController();
    stop.signal.addEventListener('abort', callback);
    setImmediate(() => stop.abort());
  },
  'a MessagePort': (callback) => {
    const { port1, port2 } = new MessageChannel();
    port2.on('message', () => {
      port1.close();
      callback();
    });
    port1.postMessage(1);
  },
};

/** Under a scope and under an acquire; the holder waits for the callback, or does not. */
function scheduled(name: string, schedule: Schedule): HeldShape[] {
  const waited = ({ a, probe }: World): Promise<void> =>
    new Promise((resolve) =>
      schedule(() => {
        probe.missed('off the stack', a, 'in the callback');
        resolve();
      }),
    );
  return [
    shape(
      `${name} in a scope`,
      (world) => world.a.runExclusive(() => waited(world)),
      async (world) => {
        const { a, probe } = world;
        const done = deferred();
        await a.runExclusive(async () => {
          schedule(() => {
            probe.not(a, 'nobody waits');
            done.resolve();
          });
          await turns(2);
        });
        await done.promise;
      },
    ),
    shape(
      `${name} under an acquire`,
      async (world) => {
        const release = await world.a.acquire();
        await waited(world);
        world.probe.held(world.a, 'the holder goes on');
        release();
      },
      async ({ a, probe }) => {
        const done = deferred();
        const release = await a.acquire();
        schedule(() => {
          probe.not(a, 'nobody waits');
          done.resolve();
        });
        release();
        await done.promise;
        probe.not(a, 'after');
      },
    ),
    shape(
      `${name} takes the lock`,
      (world) => {
        const { a, probe } = world;
        const done = deferred();
        schedule(() => {
          void (async () => {
            const release = await a.acquire();
            probe.held(a, 'in the callback');
            await turn();
            probe.held(a, 'in the callback, later');
            release();
            done.resolve();
          })();
        });
        return done.promise;
      },
      async (world) => {
        const { a, probe } = world;
        const done = deferred();
        schedule(() => {
          world.background(
            take(a).then(async (release) => {
              done.resolve();
              await turns(2);
              release();
            }),
          );
        });
        await done.promise;
        probe.not(a, 'outside');
        await turn();
        probe.not(a, 'outside, later');
      },
    ),
  ];
}

export const callbacks: readonly HeldShape[] = [
  ...Object.entries(SCHEDULES).flatMap(([name, schedule]) => scheduled(name, schedule)),
  shape(
    'node:timers/promises',
    async ({ a, probe }) => {
      const release = await a.acquire();
      await sleep(1);
      probe.held(a, 'after a sleep');
      await immediate();
      probe.held(a, 'after an immediate');
      for await (const _ of every(1)) {
        probe.held(a, 'in an interval');
        break;
      }
      release();
    },
    async ({ a, probe }) => {
      await a.runExclusive(() => sleep(1));
      probe.not(a, 'after');
      for await (const _ of every(1)) {
        probe.not(a, 'in an interval');
        (await a.acquire())();
        break;
      }
    },
  ),
  shape(
    'ticks of an interval that overlap',
    async ({ a, probe }) => {
      let left = 2;
      const done = deferred();
      const timer = setInterval(async () => {
        if (left-- === 0) {
          clearInterval(timer);
          done.resolve();
          return;
        }
        const release = await a.acquire();
        await turns(2);
        probe.held(a, 'in a tick');
        release();
      }, 1);
      await done.promise;
      await a.waitForUnlock();
    },
    async (world) => {
      const { a, probe } = world;
      const [done, open] = [deferred(), deferred()];
      let ticks = 0;
      const timer = setInterval(() => {
        probe.not(a, 'at the start of a tick');
        ticks += 1;
        if (ticks === 1) {
          world.background(
            take(a).then(async (release) => {
              await open.promise;
              release();
            }),
          );
        } else {
          clearInterval(timer);
          open.resolve();
          done.resolve();
        }
      }, 1);
      await done.promise;
    },
  ),
  shape(
    'an emitter, sync',
    async ({ a, probe }) => {
      const emitter = new EventEmitter().on('event', () => probe.held(a, 'in the handler'));
      const release = await a.acquire();
      emitter.emit('event');
      release();
    },
    async ({ a, probe }) => {
      const emitter = new EventEmitter();
      const release = await a.acquire();
      emitter.on('event', () => probe.not(a, 'added under the lock, called without'));
      release();
      emitter.emit('event');
    },
  ),
  shape(
    'an emitter, async handler',
    async ({ a, probe }) => {
      const done = deferred();
      const emitter = new EventEmitter().on('event', async () => {
        await turn();
        probe.missed('off the stack', a, 'the holder waits for its end');
        done.resolve();
      });
      await a.runExclusive(() => {
        emitter.emit('event');
        return done.promise;
      });
    },
    async (world) => {
      const { a, probe } = world;
      const emitter = new EventEmitter().on('event', () => {
        world.background(turn().then(() => probe.not(a, 'nobody waits')));
      });
      await a.runExclusive(async () => {
        emitter.emit('event');
        await turns(3);
      });
    },
  ),
  shape(
    'handlers that take the lock, two events in one turn',
    async (world) => {
      const { a, probe } = world;
      const emitter = new EventEmitter().on('event', () => {
        world.background(
          (async () => {
            const release = await a.acquire();
            await turn();
            probe.held(a, 'in the handler');
            release();
          })(),
        );
      });
      emitter.emit('event');
      emitter.emit('event');
    },
    async (world) => {
      const { a, probe } = world;
      const emitter = new EventEmitter().on('event', () => {
        probe.not(a, 'at the start of the handler');
        world.background(take(a).then(async (release) => (await turn(), release())));
      });
      emitter.emit('event');
      emitter.emit('event');
      probe.not(a, 'who emits');
      await turn();
      emitter.emit('event');
      probe.not(a, 'who emits, later');
    },
  ),
  shape(
    'events.once',
    async ({ a, probe }) => {
      const emitter = new EventEmitter();
      const release = await a.acquire();
      setImmediate(() => emitter.emit('event'));
      await once(emitter, 'event');
      probe.held(a, 'after the event');
      release();
    },
    async ({ a, probe }) => {
      const emitter = new EventEmitter();
      const waiting = once(emitter, 'event').then(() => probe.not(a, 'who waits for the event of a holder'));
      await a.runExclusive(async () => {
        emitter.emit('event');
        await turns(2);
      });
      await waiting;
    },
  ),
  shape(
    'events.on',
    async ({ a, probe }) => {
      const emitter = new EventEmitter();
      const release = await a.acquire();
      setImmediate(() => emitter.emit('event', 1));
      for await (const _ of on(emitter, 'event')) {
        probe.held(a, 'in the body');
        break;
      }
      release();
    },
    async (world) => {
      const { a, probe } = world;
      const emitter = new EventEmitter();
      const listen = async (): Promise<void> => {
        for await (const _ of on(emitter, 'event')) {
          probe.not(a, 'in the body');
          break;
        }
      };
      const listening = listen();
      await a.runExclusive(async () => {
        emitter.emit('event', 1);
        await turns(2);
      });
      await listening;
    },
  ),
  shape(
    'util.promisify',
    async ({ a, probe }) => {
      const call = promisify((callback: () => void) => setImmediate(callback));
      const release = await a.acquire();
      await call();
      probe.held(a, 'after the call');
      release();
    },
    async ({ a, probe }) => {
      const call = promisify((done: () => void) => void a.runExclusive(() => setImmediate(done)));
      await call();
      probe.not(a, 'after the call');
    },
  ),
];
