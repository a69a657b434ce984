import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Awaiting } from '../../src/attach/awaits.js';
import { findPositions, type AwaitPosition } from '../../src/attach/positions.js';

function awaiting(id: number, differences: Partial<Awaiting> = {}): Awaiting {
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
    ...differences,
  };
}

const never = (): boolean => false;

/** Runs it with the line of each function by id. */
async function found(all: readonly Awaiting[], lineOf: (id: number) => number | undefined, isOver = never) {
  const asked: number[] = [];
  const { at, read } = await findPositions(
    all,
    async (id): Promise<AwaitPosition | undefined> => {
      asked.push(id);
      const line = lineOf(id);
      return line === undefined ? undefined : { line, column: 1 };
    },
    isOver,
  );
  return { asked, read, lines: all.map((_, index) => at.get(index)?.line) };
}

describe('the positions of functions that wait alike', () => {
  const alike = Array.from({ length: 50 }, (_, id) => awaiting(id));

  it('are read of three, and taken for all where those agree', async () => {
    const { read, lines } = await found(alike, () => 7);
    assert.equal(read, 3);
    assert.deepEqual(new Set(lines), new Set([7]));
  });
  it('are each their own where those that were read differ', async () => {
    const { read, lines } = await found(alike, (id) => id);
    assert.equal(read, 50);
    assert.deepEqual(lines, [...alike.keys()]);
  });
  it('are not guessed where they differ and the budget has ended', async () => {
    let budget = 3;
    const { lines } = await found(
      alike,
      (id) => id,
      () => budget-- === 0,
    );
    assert.deepEqual(lines, [0, 1, 2, ...Array.from({ length: 47 }, () => undefined)]);
  });
  it('are those of the others where one has gone on meanwhile', async () => {
    const { lines } = await found(alike.slice(0, 4), (id) => (id === 0 ? undefined : 7));
    assert.deepEqual(lines, [undefined, 7, 7, 7]);
  });
});

describe('functions that wait in different ways', () => {
  it('are read apart: other registers, other holders, other awaited functions', async () => {
    const all = [
      awaiting(0),
      awaiting(1, { registers: '0:object:Generator 1:closure:' }),
      awaiting(2, { holder: { name: 'Queue.items', id: 5 } }),
      awaiting(3, { holder: { name: 'Queue.items', id: 6 } }),
      awaiting(4, { awaited: [0] }),
    ];
    const { asked, lines } = await found(all, (id) => id + 10);
    assert.deepEqual(lines, [10, 11, 12, 13, 14]);
    assert.equal(asked.at(-1), 4, 'what awaits another function is read last');
  });
  it('are each read once before any is read again', async () => {
    const all = [awaiting(0), awaiting(1), awaiting(2, { name: 'settle' }), awaiting(3, { name: 'settle' })];
    const { asked } = await found(all, () => 1);
    assert.deepEqual(asked, [0, 2, 1, 3]);
  });
});
