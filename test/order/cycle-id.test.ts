import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalCycle, cycleKey } from '../../src/order/cycle-id.js';
import { RUNS, SEED } from './property.js';

const itself = (name: string): string => name;

function rotations<T>(items: readonly T[]): T[][] {
  return items.map((_, start) => [...items.slice(start), ...items.slice(0, start)]);
}

/** The order of two lists of the same length. */
function isBefore(a: readonly string[], b: readonly string[]): boolean {
  const at = a.findIndex((name, index) => name !== b[index]);
  return at !== -1 && (a[at] as string) < (b[at] as string);
}

test('the same cycle, found from each of its edges, has one identity', () => {
  const [first, ...others] = rotations(['orders', 'accounts', 'stock']).map((names) => canonicalCycle(names, itself));
  assert.deepEqual(first, ['accounts', 'stock', 'orders']);
  for (const other of others) assert.deepEqual(other, first);
});

test('the two directions of a cycle are two cycles', () => {
  assert.notEqual(cycleKey(['a', 'b', 'c']), cycleKey(['c', 'b', 'a']));
});

test('a cycle that passes the same name twice starts where what follows is least', () => {
  assert.deepEqual(canonicalCycle(['a', 'c', 'a', 'b'], itself), ['a', 'b', 'a', 'c']);
  assert.deepEqual(canonicalCycle(['b', 'a', 'a'], itself), ['a', 'a', 'b']);
});

test('cycles of none and of one', () => {
  assert.deepEqual(canonicalCycle([], itself), []);
  assert.deepEqual(canonicalCycle(['a'], itself), ['a']);
  assert.equal(cycleKey([]), '[]');
});

test('the items are moved, not their keys', () => {
  const items = [{ name: 'b' }, { name: 'a' }];
  const result = canonicalCycle(items, (item) => item.name);
  assert.equal(result[0], items[1]);
  assert.equal(result[1], items[0]);
  assert.deepEqual(items, [{ name: 'b' }, { name: 'a' }]);
});

test('names that look like separators do not collide', () => {
  assert.notEqual(cycleKey(['a -> b', 'c']), cycleKey(['a', 'b -> c']));
  assert.notEqual(cycleKey(['a","b']), cycleKey(['a', 'b']));
  assert.notEqual(cycleKey(['\ud800']), cycleKey(['\ud801']));
  assert.notEqual(cycleKey(['']), cycleKey([]));
});

test('the result is a rotation, and no other is before it', () => {
  const cycle = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(cycle, (names) => {
      const result = canonicalCycle(names, itself);
      const all = rotations(names);
      assert.ok(all.some((rotation) => rotation.join() === result.join()));
      assert.ok(!all.some((rotation) => isBefore(rotation, result)));
      for (const rotation of all) assert.deepEqual(canonicalCycle(rotation, itself), result);
    }),
    { seed: SEED, numRuns: RUNS },
  );
});

test('two cycles have the same key exactly if one is a rotation of the other', () => {
  const cycle = fc.array(fc.constantFrom('a', 'b', '","'), { maxLength: 4 });
  fc.assert(
    fc.property(cycle, cycle, (a, b) => {
      const same = (a.length === 0 && b.length === 0) || rotations(a).some((each) => each.join('|') === b.join('|'));
      assert.equal(cycleKey(a) === cycleKey(b), same);
    }),
    { seed: SEED, numRuns: RUNS },
  );
});

test('a long cycle of equal names but one takes no quadratic time', () => {
  for (const odd of ['A', 'z']) {
    for (const place of [0, 1, 100_000, 199_999]) {
      const names = Array.from({ length: 200_000 }, (_, index) => (index === place ? odd : 'a'));
      assert.equal(canonicalCycle(names, itself).indexOf(odd), odd === 'A' ? 0 : names.length - 1);
    }
  }
});

test('a key is asked for once per item', () => {
  let asked = 0;
  canonicalCycle(['b', 'a', 'b', 'a'], (name) => {
    asked += 1;
    return name;
  });
  assert.equal(asked, 4);
});
