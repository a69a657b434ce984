import assert from 'node:assert/strict';
import { it } from 'node:test';
import { NestingFacts } from '../../src/validator/nesting-facts.js';
import type { Mutex as AnyMutex } from '../../src/index.js';
import { isolated, settle } from '../support/harness.js';

const ATTEMPTS = 100_000;

it('a choice of locks whose proof never comes is judged ever less often', () => {
  const choice = new NestingFacts(false, new NestingFacts(true));
  let judged = 0;
  for (let i = 0; i < ATTEMPTS; i++) if (choice.wantsJudging()) judged += 1;
  assert.ok(judged > 50 && judged < 100, `${judged}`);
});

it('a nesting of classes, and a choice that is proven, are not judged without a stack', () => {
  const [nesting, choice] = [new NestingFacts(), new NestingFacts(false, new NestingFacts(true))];
  choice.proven = true;
  assert.deepEqual([nesting.wantsJudging(), choice.wantsJudging()], [false, false]);
});

/** Processor time of flows that whoever has the lock starts, and that wait for it. */
async function costOf(lock: { acquire(): Promise<() => void> }, flows: number): Promise<number> {
  const before = process.cpuUsage();
  for (let round = 0; round < flows / 100; round++) {
    const release = await lock.acquire();
    const waits = Array.from({ length: 100 }, async () => (await lock.acquire())());
    release();
    await Promise.all(waits);
  }
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

it('flows that a holder starts, and that want its lock, cost the same whether the lock has a class by name or by place', () =>
  isolated(async ({ Mutex }) => {
    const [named, first, second] = [new Mutex({ class: 'facts.named' }), ...[1, 2].map(() => new Mutex())];
    // The locks of the place are told apart from now on.
    await first?.runExclusive(() => second?.runExclusive(() => undefined));
    const locks = [named, first] as AnyMutex[];
    for (const lock of locks) await costOf(lock, 2000);
    let least = Infinity;
    for (let attempt = 0; attempt < 3 && least > 3; attempt++) {
      const [byName, byPlace] = [await costOf(named as AnyMutex, 5000), await costOf(first as AnyMutex, 5000)];
      least = Math.min(least, byPlace / byName);
    }
    await settle();
    assert.ok(least < 4, `${least.toFixed(1)} times as much`);
  }));
