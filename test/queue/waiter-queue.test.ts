import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Waiter, WaiterQueue } from '../../src/queue/waiter-queue.js';
import { RUNS, SEED } from '../order/property.js';

class NamedWaiter extends Waiter {
  readonly name: string;

  constructor(name: string, priority?: number) {
    super(priority);
    this.name = name;
  }
}

type Queue = WaiterQueue<NamedWaiter>;

/** A queue of waiters that are called by their priority and a letter: '0a', '-1b'. */
function queueOf(...names: readonly string[]): Queue {
  const queue = new WaiterQueue<NamedWaiter>();
  for (const name of names) enqueue(queue, name);
  return queue;
}

function enqueue(queue: Queue, name: string): NamedWaiter {
  const waiter = new NamedWaiter(name, parseInt(name, 10));
  queue.enqueue(waiter);
  queue.checkInvariants();
  return waiter;
}

function named(queue: Queue, name: string): NamedWaiter {
  for (const waiter of queue.checkInvariants()) if (waiter.name === name) return waiter;
  return assert.fail(`nobody is called ${name}`);
}

/** Of all who wait, in the order of service. */
function names(queue: Queue): string[] {
  return queue.checkInvariants().map((waiter) => waiter.name);
}

/** Empties the queue one by one. */
function drain(queue: Queue): string[] {
  const served: string[] = [];
  for (let waiter = queue.dequeue(); waiter !== undefined; waiter = queue.dequeue()) {
    served.push(waiter.name);
    queue.checkInvariants();
  }
  return served;
}

test('nobody waits', () => {
  const queue = queueOf();
  queue.checkInvariants();
  assert.equal(queue.size, 0);
  assert.equal(queue.peek(), undefined);
  assert.equal(queue.dequeue(), undefined);
  assert.deepEqual(queue.takeAll(), []);
  assert.deepEqual(names(queue), []);
  queue.checkInvariants();
});

test('equals are served in order of arrival', () => {
  assert.deepEqual(drain(queueOf('0a', '0b', '0c')), ['0a', '0b', '0c']);
});

test('the urgent overtake, and stay in order among themselves', () => {
  assert.deepEqual(drain(queueOf('0a', '5a', '-3a', '5b', '0b', '9a')), ['9a', '5a', '5b', '0a', '0b', '-3a']);
});

test('one who comes late with the priority of the head stands behind its equals', () => {
  const queue = queueOf('5a', '5b', '0a');
  queue.dequeue();
  enqueue(queue, '5c');
  assert.deepEqual(drain(queue), ['5b', '5c', '0a']);
});

test('the urgent come while the last of the urgent is served', () => {
  const queue = queueOf('1a', '0a');
  assert.equal(queue.dequeue()?.name, '1a');
  enqueue(queue, '1b');
  assert.equal(queue.dequeue()?.name, '1b');
  assert.deepEqual(drain(queue), ['0a']);
});

test('looking at the head does not serve it', () => {
  const queue = queueOf('0a', '1a');
  assert.equal(queue.peek()?.name, '1a');
  assert.equal(queue.peek()?.name, '1a');
  assert.equal(queue.size, 2);
});

test('without a priority it is 0', () => {
  const waiter = new NamedWaiter('a');
  assert.equal(waiter.priority, 0);
});

test('one gives up at the head, in the middle, at the end', () => {
  for (const gone of ['0a', '0b', '0c']) {
    const queue = queueOf('0a', '0b', '0c');
    const waiter = named(queue, gone);
    assert.equal(queue.remove(waiter), true);
    queue.checkInvariants();
    assert.equal(waiter.queued, false);
    assert.equal(queue.size, 2);
    assert.deepEqual(
      drain(queue),
      ['0a', '0b', '0c'].filter((name) => name !== gone),
    );
  }
});

test('the only one of its priority gives up, above, below and between others', () => {
  for (const gone of ['5a', '3a', '1a']) {
    const queue = queueOf('3a', '5a', '1a');
    assert.equal(queue.remove(named(queue, gone)), true);
    queue.checkInvariants();
    assert.deepEqual(
      drain(queue),
      ['5a', '3a', '1a'].filter((name) => name !== gone),
    );
  }
});

test('who was served, gave up, or waits elsewhere can not give up here', () => {
  const queue = queueOf('0a', '0b');
  const other = queueOf('0c', '1c');
  const served = queue.dequeue() as NamedWaiter;
  assert.equal(queue.remove(served), false);
  const left = named(queue, '0b');
  assert.equal(queue.remove(left), true);
  assert.equal(queue.remove(left), false);
  assert.equal(queue.remove(new NamedWaiter('never')), false);
  for (const name of ['0c', '1c']) assert.equal(queue.remove(named(other, name)), false);
  assert.equal(other.size, 2);
  queue.checkInvariants();
});

test('who waits already can not queue up again, here or elsewhere', () => {
  const queue = queueOf('0a', '0b');
  const waiter = named(queue, '0a');
  assert.throws(() => queue.enqueue(waiter), /in a queue/);
  assert.throws(() => queueOf('0c').enqueue(waiter), /in a queue/);
  queue.checkInvariants();
  assert.deepEqual(drain(queue), ['0a', '0b']);
});

test('who was served may queue up again, elsewhere and with another priority', () => {
  const queue = queueOf('0a', '1b');
  const waiter = queue.dequeue() as NamedWaiter;
  waiter.priority = -1;
  queue.enqueue(waiter);
  queue.checkInvariants();
  assert.deepEqual(names(queue), ['0a', '1b']);
  const other = queueOf('0c');
  queue.remove(waiter);
  other.enqueue(waiter);
  assert.deepEqual(drain(other), ['0c', '1b']);
});

test('a priority changed while it waits counts from the next time on', () => {
  const queue = queueOf('0a', '0b', '1c');
  const waiter = named(queue, '0b');
  waiter.priority = 9;
  assert.deepEqual(names(queue), ['1c', '0a', '0b']);
  assert.equal(queue.remove(waiter), true);
  queue.enqueue(waiter);
  queue.checkInvariants();
  assert.deepEqual(drain(queue), ['0b', '1c', '0a']);
});

test('all are taken at once, in the order of service', () => {
  const queue = queueOf('0a', '2a', '1a', '2b');
  const all = queue.takeAll();
  queue.checkInvariants();
  assert.deepEqual(
    all.map(({ name }) => name),
    ['2a', '2b', '1a', '0a'],
  );
  assert.ok(all.every((waiter) => !waiter.queued && !queue.remove(waiter)));
  assert.equal(queue.size, 0);
  assert.equal(queue.peek(), undefined);
  enqueue(queue, '0z');
  assert.deepEqual(drain(queue), ['0z']);
});

test('an emptied queue has forgotten its priority', () => {
  const queue = queueOf('0a');
  queue.dequeue();
  enqueue(queue, '5a');
  enqueue(queue, '0b');
  enqueue(queue, '5b');
  assert.deepEqual(drain(queue), ['5a', '5b', '0b']);
});

test('priorities that are fractions, infinite, or a negative zero', () => {
  const queue = new WaiterQueue<NamedWaiter>();
  for (const priority of [0, -Infinity, 0.5, Infinity, -0, 0.25, -1e300]) {
    queue.enqueue(new NamedWaiter(Object.is(priority, -0) ? 'negative zero' : String(priority), priority));
    queue.checkInvariants();
  }
  assert.deepEqual(drain(queue), ['Infinity', '0.5', '0.25', '0', 'negative zero', '-1e+300', '-Infinity']);
});

test('a waiter is told its neighbours of its own priority, and nobody once it left', () => {
  const queue = queueOf('0a', '0b', '1a', '-1a');
  const [a, b] = [named(queue, '0a'), named(queue, '0b')];
  assert.deepEqual([queue.before(a), queue.after(a), queue.before(b), queue.after(b)], [undefined, b, a, undefined]);
  queue.remove(a);
  assert.deepEqual([queue.after(a), queue.before(b)], [undefined, undefined]);
});

test('a waiter that left keeps none of the others', () => {
  const queue = queueOf('0a', '0b', '0c', '1a', '1b');
  const all = queue.checkInvariants();
  queue.dequeue();
  queue.remove(named(queue, '0b'));
  queue.takeAll();
  for (const { _previous, _next, _queue } of all) {
    assert.deepEqual([_previous, _next, _queue], [undefined, undefined, undefined]);
  }
});

type Operation =
  | { readonly kind: 'enqueue'; readonly priority: number }
  | { readonly kind: 'remove'; readonly pick: number }
  | { readonly kind: 'again'; readonly pick: number; readonly priority: number }
  | { readonly kind: 'dequeue' | 'takeAll' };

function operations(priority: fc.Arbitrary<number>): fc.Arbitrary<Operation[]> {
  const pick = fc.nat();
  const operation: fc.Arbitrary<Operation> = fc.oneof(
    { weight: 10, arbitrary: fc.record({ kind: fc.constant('enqueue' as const), priority }) },
    { weight: 4, arbitrary: fc.constant({ kind: 'dequeue' as const }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('remove' as const), pick }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('again' as const), pick, priority }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'takeAll' as const }) },
  );
  return fc.array(operation, { maxLength: 100, size: 'max' });
}

/** A queue, and an array that is kept sorted. */
class Twins {
  readonly queue = new WaiterQueue<NamedWaiter>();
  naive: NamedWaiter[] = [];
  readonly gone: NamedWaiter[] = [];

  apply(operation: Operation): void {
    switch (operation.kind) {
      case 'enqueue':
        return this.#enqueue(new NamedWaiter('', operation.priority));
      case 'again': {
        const [waiter] = this.gone.splice(operation.pick % (this.gone.length || 1), 1);
        if (waiter === undefined) return;
        waiter.priority = operation.priority;
        return this.#enqueue(waiter);
      }
      case 'dequeue': {
        const served = this.naive.shift();
        assert.equal(this.queue.dequeue(), served);
        if (served !== undefined) this.gone.push(served);
        return;
      }
      case 'remove': {
        const [waiter] = this.naive.splice(operation.pick % (this.naive.length || 1), 1);
        if (waiter === undefined) return;
        assert.equal(this.queue.remove(waiter), true);
        this.gone.push(waiter);
        return;
      }
      case 'takeAll':
        assert.ok(isSame(this.queue.takeAll(), this.naive));
        this.gone.push(...this.naive.splice(0));
    }
  }

  compare(): void {
    assert.ok(isSame(this.queue.checkInvariants(), this.naive));
    assert.equal(this.queue.size, this.naive.length);
    assert.equal(this.queue.peek(), this.naive[0]);
    assert.ok(this.naive.every((waiter) => waiter.queued));
    for (const waiter of this.gone) assert.ok(!waiter.queued && !this.queue.remove(waiter));
  }

  #enqueue(waiter: NamedWaiter): void {
    this.queue.enqueue(waiter);
    const place = this.naive.findIndex((other) => other.priority < waiter.priority);
    this.naive.splice(place === -1 ? this.naive.length : place, 0, waiter);
  }
}

function isSame(a: readonly NamedWaiter[], b: readonly NamedWaiter[]): boolean {
  return a.length === b.length && a.every((waiter, index) => waiter === b[index]);
}

const priorities: readonly [situation: string, priority: fc.Arbitrary<number>][] = [
  ['a few priorities', fc.constantFrom(0, 1, -1, 2.5, -Infinity, Infinity)],
  ['one priority, and rarely another', fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, fc.constantFrom(1, -1))],
  ['hardly ever the same priority', fc.integer({ min: -50, max: 50 })],
];

for (const [situation, priority] of priorities) {
  test(`the queue serves as its naive twin does, after every step: ${situation}`, () => {
    fc.assert(
      fc.property(operations(priority), (steps) => {
        const twins = new Twins();
        for (const step of steps) {
          twins.apply(step);
          twins.compare();
        }
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
}
