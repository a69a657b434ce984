import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contract, edgesInto, edgesOutOf, inOrder, VertexNode, type Component } from '../../src/order/component.js';

function node(vertex: number, successors: readonly number[] = []): VertexNode<undefined> {
  const result = new VertexNode<undefined>(vertex);
  for (const to of successors) result.out.set(to, { from: vertex, to, payload: undefined, closing: false });
  return result;
}

function components(...nodes: readonly VertexNode<undefined>[]): Component<undefined>[] {
  return nodes.map((each) => each.component);
}

test('the heaviest component takes in the others, wherever it stands', () => {
  for (const place of [0, 1, 2]) {
    const nodes = [0, 1, 2].map((vertex) => node(vertex, vertex === place ? [7, 8, 9] : [vertex + 3]));
    const kept = contract(components(...nodes));
    assert.equal(kept.members[0], nodes[place]);
    assert.deepEqual(new Set(kept.members), new Set(nodes));
    assert.ok(nodes.every(({ component }) => component === kept));
    assert.deepEqual([edgesOutOf(kept).size, edgesInto(kept).size], [5, 0]);
  }
});

test('components are sorted by rank, not by name', () => {
  const list = components(node(0), node(1), node(2));
  for (const [index, component] of list.entries()) component.rank = -(10 ** index);
  assert.deepEqual(
    inOrder([...list]).map(({ members }) => members[0]?.vertex),
    [2, 1, 0],
  );
});
