import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findPositions, type AwaitPosition, type ReadableFunction } from '../../src/attach/positions.js';

function awaiting(id: number, differences: Partial<ReadableFunction> = {}): ReadableFunction {
  return {
    node: id,
    id,
    kind: 'async',
    name: 'pay',
    file: 'app.js',
    line: 1,
    column: 1,
    promises: [],
    registers: '0:object:Generator',
    awaiters: [],
    awaited: [],
    holder: undefined,
    isHidden: false,
    ...differences,
  };
}

const queue = (id: number): Partial<ReadableFunction> => ({ holder: { name: 'Semaphore._queue', id } });
const never = (): boolean => false;
/** Over after so many functions. */
const after = (count: number) => () => count-- <= 0;

/** Reads with the line of each function by id. */
async function found(all: readonly ReadableFunction[], lineOf: (id: number) => number | undefined, isOver = never) {
  const asked: number[] = [];
  const { at, read, isCut } = await findPositions(
    all,
    async (id): Promise<AwaitPosition | undefined> => {
      asked.push(id);
      const line = lineOf(id);
      return line === undefined ? undefined : { line, column: 1 };
    },
    isOver,
  );
  assert.equal(read, asked.length);
  assert.equal(new Set(asked).size, asked.length, 'nothing is read twice');
  return { asked, isCut, lines: all.map((_, index) => at.get(index)?.line) };
}

describe('the positions of functions that wait alike', () => {
  const alike = Array.from({ length: 50 }, (_, id) => awaiting(id));

  it('are read of three, and known of no other', async () => {
    const { lines, isCut } = await found(alike, () => 7);
    assert.deepEqual(lines, [7, 7, 7, ...Array.from({ length: 47 }, () => undefined)]);
    assert.equal(isCut, false);
  });
  it('are all read where those that were read first differ', async () => {
    const { lines } = await found(alike, (id) => id);
    assert.deepEqual(lines, [...alike.keys()]);
  });
  it('are those that were read when the time ended, and it is told that it did', async () => {
    const { lines, isCut } = await found(alike, (id) => id, after(4));
    assert.deepEqual(lines, [0, 1, 2, 3, ...Array.from({ length: 46 }, () => undefined)]);
    assert.equal(isCut, true);
  });
  it('are not known of one that has gone on meanwhile', async () => {
    const { lines } = await found(alike.slice(0, 3), (id) => (id === 0 ? undefined : 7));
    assert.deepEqual(lines, [undefined, 7, 7]);
  });
  it('are none where there is no time at all', async () => {
    const { asked, isCut } = await found(alike, () => 7, after(0));
    assert.deepEqual([asked, isCut], [[], true]);
  });
});

describe('the order in which positions are read', () => {
  it('begins with one of each kind: other registers, another queue, another function', async () => {
    const all = [
      ...Array.from({ length: 9 }, (_, id) => awaiting(id, queue(5))),
      awaiting(9, { ...queue(5), registers: '0:object:Generator 1:closure:' }),
      awaiting(10, queue(6)),
      awaiting(11, { name: 'settle' }),
    ];
    const { asked } = await found(all, () => 7, after(4));
    assert.deepEqual(
      asked.toSorted((one, other) => one - other),
      [0, 9, 10, 11],
    );
  });
  it('has the one that waits elsewhere than its queue before a second one of the queue', async () => {
    const queued = Array.from({ length: 25 }, (_, id) => awaiting(id, queue(5)));
    const { lines } = await found([...queued, awaiting(25, queue(6))], (id) => (id === 25 ? 84 : 34), after(2));
    assert.deepEqual([lines[0], lines[25]], [34, 84]);
  });
  it('has a stack whole before the next one', async () => {
    const stack = (first: number, holder: number): ReadableFunction[] => [
      awaiting(first, { name: 'take', awaiters: [first + 1], ...queue(holder) }),
      awaiting(first + 1, { awaited: [first], awaiters: [first + 2] }),
      awaiting(first + 2, { name: 'handler', awaited: [first + 1] }),
    ];
    const all = [...stack(0, 5), ...stack(3, 5), ...stack(6, 6)];
    const { asked } = await found(all, () => 7);
    assert.deepEqual(asked, [6, 7, 8, 0, 1, 2, 3, 4, 5]);
  });
  it('has functions that await each other in a circle before all others', async () => {
    const all = [
      awaiting(0),
      awaiting(1, { awaited: [2], awaiters: [2] }),
      awaiting(2, { awaited: [1], awaiters: [1] }),
    ];
    const { lines } = await found(all, (id) => id + 1, after(2));
    assert.deepEqual(lines, [undefined, 2, 3]);
  });
  it('leaves out what is hidden, and reads what awaits that', async () => {
    const all = [awaiting(0, { isHidden: true, awaiters: [1] }), awaiting(1, { awaited: [0] })];
    assert.deepEqual((await found(all, () => 7)).asked, [1]);
  });
  it('comes to the inner functions of other stacks before the outer ones of a very long one', async () => {
    const chain = Array.from({ length: 60 }, (_, id) =>
      awaiting(id, { name: `f${id}`, awaited: id === 0 ? [] : [id - 1], awaiters: id === 59 ? [] : [id + 1] }),
    );
    const { asked, lines } = await found([...chain, awaiting(60), awaiting(61)], () => 7);
    assert.ok(asked.indexOf(61) < asked.indexOf(20));
    assert.equal(lines.includes(undefined), false);
  });
});
