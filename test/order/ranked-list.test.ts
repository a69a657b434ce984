import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { RankedList, type Ranked } from '../../src/order/ranked-list.js';
import { RUNS, SEED } from './property.js';

class Item implements Ranked<Item> {
  rank = 0;
  previous: Item | undefined = undefined;
  next: Item | undefined = undefined;
  readonly name: number;

  constructor(name: number) {
    this.name = name;
  }
}

function items(count: number): Item[] {
  return Array.from({ length: count }, (_, index) => new Item(index));
}

test('always into the same gap, until the list is numbered anew, and again', () => {
  const list = new RankedList<Item>();
  const [first, last] = items(2) as [Item, Item];
  list.insertAfter(undefined, [first, last]);
  for (const item of items(500)) {
    list.insertAfter(first, [item]);
    list.checkInvariants();
  }
  assert.equal([...list].at(-1), last);
});

test('more at either end than the range of ranks has room for', () => {
  const list = new RankedList<Item>();
  const [start] = items(1) as [Item];
  list.insertAfter(undefined, [start]);
  const late = items(70_000);
  const early = items(70_000);
  for (const item of late) list.insertAfter(list.last, [item]);
  list.checkInvariants();
  for (const item of early) list.insertAfter(undefined, [item]);
  list.checkInvariants();
  assert.deepEqual([...list], [...early.reverse(), start, ...late]);
});

test('many at once between two neighbours', () => {
  const list = new RankedList<Item>();
  const [first, last] = items(2) as [Item, Item];
  list.insertAfter(undefined, [first, last]);
  const many = items(100_000);
  list.insertAfter(first, many.slice(0, 50_000));
  list.insertAfter(many[7], many.slice(50_000));
  list.checkInvariants();
  assert.equal(list.size, 100_002);
});

test('nothing put in changes nothing', () => {
  const list = new RankedList<Item>();
  list.insertAfter(undefined, []);
  list.checkInvariants();
  const [only] = items(1) as [Item];
  list.insertAfter(undefined, [only]);
  const { rank } = only;
  list.insertAfter(only, []);
  list.insertAfter(undefined, []);
  list.checkInvariants();
  assert.deepEqual([[...list], only.rank], [[only], rank]);
});

test('the list keeps the order of its naive twin', () => {
  const step = fc.record({
    kind: fc.constantFrom('insert', 'remove', 'move'),
    at: fc.nat(30),
    picks: fc.uniqueArray(fc.nat(30), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const list = new RankedList<Item>();
      let naive: Item[] = [];
      let made = 0;
      for (const { kind, at, picks } of steps) {
        const picked = [...new Set(picks.flatMap((pick) => naive[pick] ?? []))];
        const rest = kind === 'insert' ? naive : naive.filter((item) => !picked.includes(item));
        const anchor = rest[at - 1];
        const place = anchor === undefined ? 0 : at;
        if (kind === 'insert') {
          const fresh = picks.map(() => new Item(made++));
          list.insertAfter(anchor, fresh);
          naive = naive.toSpliced(place, 0, ...fresh);
        } else if (kind === 'move') {
          list.moveAfter(anchor, picked);
          naive = rest.toSpliced(place, 0, ...picked);
        } else {
          for (const item of picked) list.remove(item);
          naive = rest;
        }
        list.checkInvariants();
        assert.deepEqual(
          [...list].map((item) => item.name),
          naive.map((item) => item.name),
        );
      }
    }),
    { seed: SEED, numRuns: RUNS },
  );
});
