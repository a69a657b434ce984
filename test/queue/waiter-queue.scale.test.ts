import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Waiter, WaiterQueue } from '../../src/queue/waiter-queue.js';
import { randomNumbers, SEED, shuffled } from '../order/property.js';

type Queue = WaiterQueue<Waiter>;

const MANY = 100_000;

/** A priority that counts how often it is compared. One object per priority: two of them are never equal. */
class CountedPriority {
  static comparisons = 0;
  readonly #value: number;

  constructor(value: number) {
    this.#value = value;
  }

  valueOf(): number {
    CountedPriority.comparisons += 1;
    return this.#value;
  }
}

function countedWaiters(count: number, distinct: number): Waiter[] {
  const priorities = Array.from({ length: distinct }, (_, value) => new CountedPriority(value) as unknown as number);
  const waiters = Array.from({ length: count }, (_, index) => new Waiter(priorities[index % distinct]));
  return shuffled(waiters, randomNumbers(SEED));
}

/** Comparisons per operation, each of them taking two values. */
function counted(operations: number, run: () => void): number {
  CountedPriority.comparisons = 0;
  run();
  return CountedPriority.comparisons / 2 / operations;
}

function fill(queue: Queue, waiters: readonly Waiter[]): void {
  for (const waiter of waiters) queue.enqueue(waiter);
}

function drain(queue: Queue): void {
  while (queue.dequeue() !== undefined);
}

for (const distinct of [1, 10, MANY]) {
  // Two comparisons a level of the heap, and one to see whether the newcomer is above the top.
  const most = distinct === 1 ? 0 : 1 + 2 * Math.log2(distinct);
  test(`100,000 waiters of ${distinct} priorities are queued and served with few comparisons`, () => {
    const queue: Queue = new WaiterQueue();
    const waiters = countedWaiters(MANY, distinct);
    const each = counted(2 * MANY, () => {
      fill(queue, waiters);
      drain(queue);
    });
    assert.ok(each <= most, `${each} comparisons per operation`);
  });

  test(`100,000 waiters of ${distinct} priorities give up with few comparisons`, () => {
    const queue: Queue = new WaiterQueue();
    const waiters = countedWaiters(MANY, distinct);
    fill(queue, waiters);
    const leaving = shuffled(waiters, randomNumbers(SEED + 1));
    const each = counted(MANY, () => {
      for (const waiter of leaving) assert.equal(queue.remove(waiter), true);
    });
    assert.ok(each <= most, `${each} comparisons per operation`);
    assert.equal(queue.size, 0);
  });
}

test('ten priorities that never run empty need at most one comparison per operation', () => {
  const queue: Queue = new WaiterQueue();
  const waiters = countedWaiters(MANY, 10);
  fill(queue, waiters.slice(0, MANY / 2));
  const each = counted(MANY / 2, () => fill(queue, waiters.slice(MANY / 2)));
  assert.ok(each <= 1, `${each} comparisons per operation`);
});

test('priorities that come and go while one waiter stays leave nothing behind', () => {
  const queue: Queue = new WaiterQueue();
  queue.enqueue(new Waiter(Infinity));
  for (let priority = 0; priority < MANY; priority++) {
    const waiter = new Waiter(priority);
    queue.enqueue(waiter);
    queue.remove(waiter);
    // Fails if a level is kept that nobody waits on, or anything at all for a single priority.
    if (priority % 1000 === 0) queue.checkInvariants();
  }
  queue.checkInvariants();
  assert.equal(queue.size, 1);
});

/** Nanoseconds per operation, the best of several runs. */
function fastest(operations: number, run: () => void): number {
  let best = Infinity;
  for (let attempt = 0; attempt < 5; attempt++) {
    const start = process.hrtime.bigint();
    run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / operations);
  }
  return best;
}

/** A queue that walked or moved its waiters would be a hundred times slower per operation. */
const MOST_TIMES_SLOWER = 30;

for (const distinct of [1, 10, Infinity]) {
  const kinds = distinct === Infinity ? 'all different priorities' : `${distinct} priorities`;
  test(`an operation takes as long among 100,000 waiters as among 1,000, give or take: ${kinds}`, () => {
    const random = randomNumbers(SEED);
    const cost = (count: number): number => {
      const rounds = MANY / count;
      const order = shuffled(
        Array.from({ length: count }, (_, index) => index % distinct),
        random,
      );
      return fastest(2 * MANY, () => {
        const queue: Queue = new WaiterQueue();
        for (let round = 0; round < rounds; round++) {
          for (const priority of order) queue.enqueue(new Waiter(priority));
          drain(queue);
        }
      });
    };
    const few = cost(1000);
    const many = cost(MANY);
    assert.ok(many < few * MOST_TIMES_SLOWER, `${many.toFixed(0)} ns against ${few.toFixed(0)} ns`);
  });
}
