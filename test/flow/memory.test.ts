import assert from 'node:assert/strict';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Mutex, Releaser } from '../../src/index.js';
import { isolated, nextTurn } from '../support/harness.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const LONG = Number(process.env['LOCKDEP_FUZZ_RUNS'] ?? 0) > 1000;
const LOOPS = LONG ? 10_000_000 : 250_000;
const REQUESTS = LONG ? 100_000 : 3000;
const LIVE_LOCKS = LONG ? 1_000_000 : 100_000;
/** What one retained hold per fifty acquisitions would already exceed. */
const ALLOWED_BYTES = 2_000_000;

function heap(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** The runtime grows by some megabytes once, whenever it likes. */
const ATTEMPTS = 3;

/** By how much `run` lets the heap grow: a leak does in each of some attempts. */
async function growth(run: () => Promise<unknown>): Promise<number> {
  let least = Infinity;
  for (let attempt = 0; attempt < ATTEMPTS && least >= ALLOWED_BYTES; attempt++) {
    const before = heap();
    await run();
    least = Math.min(least, heap() - before);
  }
  return least;
}

async function acquireMany(lock: Mutex, times: number): Promise<void> {
  for (let i = 0; i < times; i++) (await lock.acquire())();
}

it('a loop of very many acquisitions under another lock does not grow the heap', async () => {
  await isolated(async (instance) => {
    const outer = new instance.Mutex();
    const inner = new instance.Mutex();
    const release = await outer.acquire();
    await acquireMany(inner, 20_000);
    const grown = await growth(() => acquireMany(inner, LOOPS));
    release();
    assert.ok(grown < ALLOWED_BYTES, `the heap grew by ${grown} bytes`);
  });
});

it('hand over hand, always holding one and taking the next, does not grow the heap', async () => {
  await isolated(async (instance) => {
    const [first, second] = [new instance.Mutex(), new instance.Mutex()];
    const walk = async (steps: number): Promise<void> => {
      let held = await first.acquire();
      for (let i = 0; i < steps; i++) {
        const next = await (i % 2 === 0 ? second : first).acquire();
        held();
        held = next;
      }
      held();
    };
    await walk(5000);
    const grown = await growth(() => walk(200_000));
    assert.ok(grown < ALLOWED_BYTES, `the heap grew by ${grown} bytes`);
  });
});

it('scopes in a loop, each with a timer that outlives it, leave nothing behind', async () => {
  await isolated(async (instance) => {
    const lock = new instance.Mutex();
    const scopes = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) await lock.runExclusive(() => clearTimeout(setTimeout(() => undefined, 1000)));
    };
    await scopes(5000);
    const grown = await growth(() => scopes(100_000));
    assert.ok(grown < ALLOWED_BYTES, `the heap grew by ${grown} bytes`);
  });
});

/** Sends `count` requests, some at a time, over a few connections that stay open. */
async function requestMany(port: number, agent: Agent, count: number): Promise<void> {
  const send = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', agent }, (response) => {
        response.resume();
        response.on('end', () => resolve());
      });
      sent.on('error', reject);
      sent.end();
    });
  const sender = async (): Promise<void> => {
    for (let i = 0; i < count / 4; i++) await send();
  };
  await Promise.all([sender(), sender(), sender(), sender()]);
}

it('a server that takes locks for each request of its keep-alive connections does not grow the heap', async () => {
  await isolated(async (instance) => {
    const [session, store] = [new instance.Mutex(), new instance.Mutex()];
    const take = async (): Promise<Releaser> => await session.acquire();
    const handle = async (): Promise<void> => {
      const release = await take();
      await store.runExclusive(() => nextTurn());
      release();
    };
    const server = createServer((_message, response) => void handle().then(() => response.end('.')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    await requestMany(port, agent, 1000);
    const grown = await growth(() => requestMany(port, agent, REQUESTS));
    agent.destroy();
    await new Promise((resolve) => server.close(resolve));
    assert.ok(grown < ALLOWED_BYTES, `the heap grew by ${grown} bytes`);
    assert.deepEqual(instance.lockdep.reports(), []);
  });
});

/** What a lock that was never taken, or is free again, may weigh. */
const ALLOWED_PER_LOCK = 400;

it('many live locks are small, and stay so when they are taken', async (t) => {
  await isolated(async (instance) => {
    const empty = heap();
    const locks = Array.from({ length: LIVE_LOCKS }, () => new instance.Mutex({ class: 'test.live' }));
    const made = heap();
    const takeAll = async (): Promise<void> => {
      for (const lock of locks) (await lock.acquire())();
    };
    await takeAll();
    const before = heap();
    const grown = await growth(takeAll);
    const perLock = (made - empty) / LIVE_LOCKS;
    const perTakenLock = (before - empty) / LIVE_LOCKS;
    t.diagnostic(`${perLock.toFixed(0)} bytes a lock, ${perTakenLock.toFixed(0)} once it was taken`);
    assert.ok(perLock < ALLOWED_PER_LOCK, `a lock weighs ${perLock} bytes`);
    assert.ok(perTakenLock < ALLOWED_PER_LOCK, `a lock that was taken weighs ${perTakenLock} bytes`);
    assert.ok(grown < ALLOWED_BYTES, `the heap grew by ${grown} bytes`);
    assert.equal(locks.length, LIVE_LOCKS);
  });
});

it('a chain of promises without an end, in a program that asks, leaves nothing behind', async () => {
  await isolated(async (instance) => {
    const lock = new instance.Mutex();
    instance.lockdep.isHeld(lock);
    const link = (): void => undefined;
    const links: readonly ((tail: Promise<void>) => Promise<void>)[] = [
      (tail) => tail.then(link),
      (tail) => tail.catch(link),
      (tail) => tail.then(link).catch(link),
    ];
    for (const add of links) {
      let tail = Promise.resolve();
      const run = async (times: number): Promise<void> => {
        for (let i = 0; i < times; i++) {
          tail = add(tail);
          if (i % 100 === 0) await nextTurn();
        }
        await tail;
      };
      await run(5000);
      const grown = await growth(async () => {
        await run(50_000);
        await nextTurn();
      });
      assert.ok(grown < ALLOWED_BYTES, `${String(add)}: the heap grew by ${grown} bytes`);
    }
  });
});
