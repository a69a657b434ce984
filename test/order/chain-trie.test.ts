import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ChainTrie, MAX_CHAIN_NODES, type ChainNode } from '../../src/order/chain-trie.js';
import { RUNS, SEED } from './property.js';

type Node = ChainNode<string>;

function ensure(trie: ChainTrie<string>, ...keys: readonly number[]): Node | undefined {
  let node: Node | undefined = trie.root;
  for (const key of keys) node = node?.ensure(key);
  trie.checkInvariants();
  return node;
}

function find(trie: ChainTrie<string>, ...keys: readonly number[]): Node | undefined {
  let node: Node | undefined = trie.root;
  for (const key of keys) node = node?.child(key);
  return node;
}

function assertDropped(node: Node | undefined): void {
  assert.equal(node?.parent, undefined);
  assert.equal(node?.data, undefined);
  for (const key of [0, 1, 2]) {
    assert.equal(node?.child(key), undefined);
    assert.equal(node?.ensure(key), undefined);
  }
}

test('the same sequence leads to the same node', () => {
  const trie = new ChainTrie<string>();
  const node = ensure(trie, 4, 0, 4);
  assert.ok(node !== undefined);
  node.data = 'seen';
  assert.equal(ensure(trie, 4, 0, 4)?.data, 'seen');
  assert.deepEqual([node.key, node.depth, node.parent?.key, node.parent?.parent?.depth], [4, 3, 0, 1]);
  assert.equal(trie.size, 3);
});

test('the same keys in another order are another sequence', () => {
  const trie = new ChainTrie<string>();
  assert.notEqual(ensure(trie, 1, 2), ensure(trie, 2, 1));
  assert.equal(trie.size, 4);
});

test('looking does not make', () => {
  const trie = new ChainTrie<string>();
  assert.equal(trie.root.child(0), undefined);
  ensure(trie, 1);
  assert.equal(trie.root.child(0), undefined);
  assert.equal(find(trie, 1, 1), undefined);
  assert.equal(trie.size, 1);
});

test('taking turns among many children', () => {
  const trie = new ChainTrie<string>();
  const children = Array.from({ length: 20 }, (_, key) => ensure(trie, key));
  for (let round = 0; round < 3; round++) {
    for (const [key, child] of children.entries()) {
      assert.equal(trie.root.child(key), child);
      assert.equal(trie.root._lastChild, child, 'the one that was asked for last is at hand');
      assert.equal(trie.root.child(key), child);
      assert.equal(trie.root.child(99), undefined);
      trie.checkInvariants();
    }
  }
});

test('a full trie finds what it has and makes no more', () => {
  const trie = new ChainTrie<string>(3);
  ensure(trie, 1, 2);
  assert.equal(trie.full, false);
  const last = ensure(trie, 3);
  assert.equal(trie.full, true);
  assert.equal(ensure(trie, 1, 3), undefined);
  assert.equal(ensure(trie, 4), undefined);
  assert.equal(ensure(trie, 3), last);
  assert.equal(ensure(trie, 1, 2)?.depth, 2);
  assert.equal(trie.size, 3);
});

test('a full trie has room again when a key is dropped', () => {
  const trie = new ChainTrie<string>(3);
  ensure(trie, 1, 2, 3);
  assert.equal(trie.removeKey(3), 1);
  assert.equal(trie.full, false);
  assert.equal(ensure(trie, 1, 2, 4)?.depth, 3);
});

test('the limit that is not asked for', () => {
  const trie = new ChainTrie<string>();
  assert.equal(trie.limit, MAX_CHAIN_NODES);
  for (let key = 0; key < MAX_CHAIN_NODES; key++) assert.ok(trie.root.ensure(key));
  assert.equal(trie.root.ensure(MAX_CHAIN_NODES), undefined);
  assert.equal(trie.full, true);
  trie.checkInvariants();
});

test('a dropped key takes along every sequence that it is in', () => {
  const trie = new ChainTrie<string>();
  ensure(trie, 1, 2, 3);
  ensure(trie, 1, 4);
  ensure(trie, 2, 1);
  ensure(trie, 4, 1, 2);
  assert.equal(trie.removeKey(2), 5);
  trie.checkInvariants();
  assert.equal(find(trie, 1, 2), undefined);
  assert.equal(find(trie, 2), undefined);
  assert.equal(find(trie, 4, 1, 2), undefined);
  assert.ok(find(trie, 1, 4));
  assert.ok(find(trie, 4, 1));
  assert.equal(trie.removeKey(2), 0);
});

test('a node that was dropped can be told and grows no more', () => {
  const trie = new ChainTrie<string>();
  const outer = ensure(trie, 1);
  const inner = ensure(trie, 1, 2);
  for (const node of [outer, inner]) if (node !== undefined) node.data = 'old';
  trie.removeKey(1);
  assertDropped(outer);
  assertDropped(inner);
  const again = ensure(trie, 1);
  assert.notEqual(again, outer);
  assert.equal(again?.data, undefined);
  assert.equal(trie.size, 1);
});

test('a cleared trie keeps its root and nothing else', () => {
  const trie = new ChainTrie<string>(2);
  const { root } = trie;
  root.data = 'nothing held';
  const node = ensure(trie, 1, 2);
  trie.clear();
  trie.checkInvariants();
  assertDropped(node);
  assert.equal(trie.root, root);
  assert.deepEqual([trie.size, trie.full, root.data, root.child(1)], [0, false, undefined, undefined]);
  assert.ok(ensure(trie, 1, 2));
});

test('a sequence deeper than the call stack is dropped', () => {
  const trie = new ChainTrie<string>();
  let node: Node | undefined = trie.root;
  for (let depth = 0; depth < 50_000; depth++) node = node?.ensure(depth === 0 ? 1 : 0);
  assert.equal(node?.depth, 50_000);
  trie.checkInvariants();
  assert.equal(trie.removeKey(1), 50_000);
  assertDropped(node);
});

type Operation =
  | { readonly kind: 'walk'; readonly keys: readonly number[]; readonly data: string }
  | { readonly kind: 'drop'; readonly key: number }
  | { readonly kind: 'clear' };

const key = fc.nat(3);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('walk' as const),
      keys: fc.array(key, { minLength: 1, maxLength: 4 }),
      data: fc.constantFrom('a', 'b'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('drop' as const), key }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'clear' as const }) },
);

const LIMIT = 25;

/** All sequences by name, with their data, and every node that was ever made. */
class Twins {
  readonly trie = new ChainTrie<string>(LIMIT);
  readonly data = new Map<string, string | undefined>();
  readonly nodes = new Map<string, Node>();
  readonly dropped: Node[] = [];

  apply(operation: Operation): void {
    if (operation.kind === 'walk') this.#walk(operation.keys, operation.data);
    else if (operation.kind === 'clear') {
      this.trie.clear();
      this.#drop(() => true);
    } else {
      const before = this.data.size;
      const dropped = this.trie.removeKey(operation.key);
      this.#drop((name) => name.split('.').includes(String(operation.key)));
      assert.equal(dropped, before - this.data.size);
    }
  }

  compare(): void {
    this.trie.checkInvariants();
    assert.equal(this.trie.size, this.data.size);
    assert.equal(this.trie.full, this.data.size >= LIMIT);
    for (const [name, data] of this.data) {
      const node = find(this.trie, ...name.split('.').map(Number));
      assert.equal(node, this.nodes.get(name), name);
      assert.equal(node?.data, data, name);
    }
    for (const node of this.dropped) assertDropped(node);
  }

  #walk(keys: readonly number[], data: string): void {
    let node: Node = this.trie.root;
    for (const [index, each] of keys.entries()) {
      const name = keys.slice(0, index + 1).join('.');
      const known = this.nodes.get(name);
      assert.equal(node.child(each), known);
      const next = node.ensure(each);
      if (known === undefined && this.data.size >= LIMIT) {
        assert.equal(next, undefined);
        return;
      }
      assert.ok(next !== undefined && (known === undefined || next === known));
      if (known === undefined) this.data.set(name, undefined);
      this.nodes.set(name, next);
      node = next;
    }
    node.data = data;
    this.data.set(keys.join('.'), data);
  }

  #drop(isGone: (name: string) => boolean): void {
    for (const [name, node] of this.nodes) {
      if (!isGone(name)) continue;
      this.nodes.delete(name);
      this.data.delete(name);
      this.dropped.push(node);
    }
  }
}

test('the trie has the sequences of its naive twin after every step', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60, size: 'max' }), (operations) => {
      const twins = new Twins();
      for (const each of operations) {
        twins.apply(each);
        twins.compare();
      }
    }),
    { seed: SEED, numRuns: RUNS },
  );
});
