import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderGraph } from '../../src/order/order-graph.js';

const [A, B, C, D, X, Y] = [0, 1, 2, 3, 8, 9] as const;

type Link = readonly [from: number, to: number];

function graphOf(...links: readonly Link[]): OrderGraph<string> {
  const graph = new OrderGraph<string>();
  for (const link of links) add(graph, link);
  return graph;
}

/** Adds an edge, checks the graph, and returns what the edge was. */
function add(graph: OrderGraph<string>, [from, to]: Link): string {
  const { kind } = graph.addEdge(from, to, () => `${from}->${to}`);
  graph.checkInvariants();
  return kind;
}

function links(graph: OrderGraph<string>): string[] {
  return [...graph.edges()].map((edge) => edge.payload);
}

function chain(graph: OrderGraph<string>, from: number, to: number): string[] | undefined {
  return graph.shortestChain(from, to)?.map((edge) => edge.payload);
}

test('two classes in both orders', () => {
  const graph = graphOf([A, B]);
  assert.equal(add(graph, [B, A]), 'closing');
  assert.equal(graph.edge(A, B)?.closing, false);
  assert.equal(graph.edge(B, A)?.closing, true);
  assert.deepEqual(chain(graph, A, B), ['0->1']);
});

test('a cycle of three is closed by its last edge, whichever that is', () => {
  const cycle: Link[] = [
    [A, B],
    [B, C],
    [C, A],
  ];
  for (const order of [0, 1, 2].flatMap((a) => [0, 1, 2].map((b) => [a, b, 3 - a - b])).filter(isPermutation)) {
    const graph = new OrderGraph<string>();
    const kinds = order.map((index) => add(graph, cycle[index] as Link));
    assert.deepEqual(kinds, ['added', 'added', 'closing']);
  }
});

function isPermutation(order: readonly number[]): boolean {
  return new Set(order).size === 3;
}

test('an edge that is known is found again, and its payload is not made', () => {
  const graph = graphOf([A, B]);
  const { edge } = graph.addEdge(A, B, () => 'first');
  const again = graph.addEdge(A, B, () => assert.fail('made for a known edge'));
  assert.equal(again.kind, 'known');
  assert.equal(again.edge, edge);
  assert.equal(graph.edgeCount, 1);
});

test('an edge from a class to itself is closing, and leaves others innocent', () => {
  const graph = graphOf([A, B]);
  assert.equal(add(graph, [B, B]), 'closing');
  assert.equal(add(graph, [B, C]), 'added');
  assert.equal(add(graph, [A, C]), 'added');
  assert.equal(add(graph, [C, A]), 'closing');
  assert.deepEqual(chain(graph, B, B), []);
  assert.equal(graph.edgeCount, 5);
});

test('an edge inside a tolerated cycle is closing, one beside it is not', () => {
  const graph = graphOf([A, B], [B, C], [C, A]);
  assert.equal(add(graph, [A, C]), 'closing');
  assert.equal(add(graph, [B, A]), 'closing');
  assert.equal(add(graph, [C, X]), 'added');
  assert.equal(add(graph, [Y, A]), 'added');
  assert.equal(add(graph, [Y, X]), 'added');
});

test('a cycle through a tolerated cycle is found', () => {
  const graph = graphOf([A, B], [B, A], [B, X], [X, Y]);
  assert.equal(add(graph, [Y, A]), 'closing');
  assert.deepEqual(chain(graph, A, Y), ['0->1', '1->8', '8->9']);
});

test('two tolerated cycles are joined into one', () => {
  const graph = graphOf([A, B], [B, A], [C, D], [D, C], [A, C]);
  assert.equal(add(graph, [D, B]), 'closing');
  assert.equal(add(graph, [A, D]), 'closing');
  assert.equal(add(graph, [C, B]), 'closing');
});

test('a descending edge that closes nothing moves what follows its end', () => {
  const graph = graphOf([A, B], [C, D], [X, Y]);
  assert.equal(add(graph, [D, A]), 'added');
  assert.equal(add(graph, [Y, C]), 'added');
  assert.equal(add(graph, [B, X]), 'closing');
});

test('of several chains the shortest is shown', () => {
  const graph = graphOf([A, B], [B, C], [C, D], [A, X], [X, D], [D, Y]);
  assert.deepEqual(chain(graph, A, Y), ['0->8', '8->3', '3->9']);
  assert.equal(chain(graph, Y, A), undefined);
  add(graph, [A, D]);
  assert.deepEqual(chain(graph, A, Y), ['0->3', '3->9']);
});

test('of equally short chains the one learned first is shown', () => {
  assert.deepEqual(chain(graphOf([A, C], [A, B], [B, D], [C, D]), A, D), ['0->2', '2->3']);
  assert.deepEqual(chain(graphOf([A, B], [A, C], [C, D], [B, D]), A, D), ['0->1', '1->3']);
});

test('vertices that were never met', () => {
  const graph = graphOf([A, B]);
  assert.equal(graph.reaches(A, X), false);
  assert.equal(graph.reaches(X, A), false);
  assert.equal(graph.reaches(X, X), true);
  assert.equal(graph.shortestChain(X, A), undefined);
  assert.equal(graph.shortestChain(A, X), undefined);
  assert.deepEqual([...graph.successors(X)], []);
  assert.equal(graph.edge(X, A), undefined);
  assert.equal(graph.removeVertex(X), false);
  assert.equal(graph.vertexCount, 2);
});

test('successors come oldest first', () => {
  const graph = graphOf([A, C], [A, B], [B, C], [A, A]);
  assert.deepEqual(
    [...graph.successors(A)].map((edge) => edge.to),
    [C, B, A],
  );
});

test('a payload that can not be made leaves the graph as it was', () => {
  const graph = graphOf([A, B], [B, A], [B, C]);
  const before = links(graph);
  for (const [from, to] of [
    [C, A],
    [X, Y],
    [A, X],
  ] as const) {
    assert.throws(
      () =>
        graph.addEdge(from, to, () => {
          throw new RangeError('no stack');
        }),
      RangeError,
    );
    assert.equal(graph.edge(from, to), undefined);
  }
  assert.deepEqual(links(graph), before);
  assert.equal(graph.vertexCount, 3);
  assert.equal(graph.edgeCount, 3);
  graph.checkInvariants();
  assert.equal(add(graph, [C, A]), 'closing');
});

test('a payload thunk that adds the same edge wins', () => {
  const graph = new OrderGraph<string>();
  const { kind, edge } = graph.addEdge(A, B, () => {
    assert.equal(graph.addEdge(A, B, () => 'inner').kind, 'added');
    return 'outer';
  });
  assert.equal(kind, 'known');
  assert.equal(edge.payload, 'inner');
  assert.equal(graph.edgeCount, 1);
  graph.checkInvariants();
});

test('a payload thunk that adds the opposite edge makes its own edge the closing one', () => {
  const graph = new OrderGraph<string>();
  const { kind } = graph.addEdge(A, B, () => {
    assert.equal(add(graph, [B, A]), 'added');
    return 'outer';
  });
  assert.equal(kind, 'closing');
  graph.checkInvariants();
});

test('a payload thunk that clears the graph', () => {
  const graph = graphOf([A, B], [B, C]);
  const { kind } = graph.addEdge(C, A, () => {
    graph.clear();
    return 'alone';
  });
  assert.equal(kind, 'added');
  assert.deepEqual(links(graph), ['alone']);
  assert.equal(graph.vertexCount, 2);
  graph.checkInvariants();
});

test('payloads can be changed in place', () => {
  const graph = graphOf([A, B]);
  const { edge } = graph.addEdge(A, B, () => '');
  edge.payload = 'more';
  assert.equal(graph.edge(A, B)?.payload, 'more');
});

test('a removed vertex takes its edges along and comes back without them', () => {
  const graph = graphOf([A, B], [B, C], [B, B]);
  assert.equal(graph.removeVertex(B), true);
  graph.checkInvariants();
  assert.deepEqual([graph.edgeCount, graph.vertexCount], [0, 2]);
  assert.equal(graph.reaches(A, C), false);
  assert.equal(add(graph, [C, A]), 'added');
  assert.equal(add(graph, [C, B]), 'added');
  assert.equal(add(graph, [B, A]), 'added');
});

test('removing a vertex of a cycle makes the others innocent again', () => {
  const graph = graphOf([A, B], [B, C], [C, A]);
  graph.removeVertex(B);
  graph.checkInvariants();
  assert.equal(graph.edge(C, A)?.closing, true);
  assert.equal(add(graph, [C, D]), 'added');
  assert.equal(add(graph, [D, A]), 'added');
  assert.equal(add(graph, [A, C]), 'closing');
});

test('removing the waist of two cycles leaves two cycles', () => {
  const graph = graphOf([A, B], [B, A], [C, D], [D, C], [B, X], [X, C], [D, X], [X, A]);
  assert.equal(graph.reaches(D, A), true);
  graph.removeVertex(X);
  graph.checkInvariants();
  assert.equal(graph.reaches(D, A), false);
  assert.equal(add(graph, [C, A]), 'added');
  assert.equal(add(graph, [B, D]), 'closing');
});

test('what lies before and behind a broken cycle keeps its place', () => {
  const graph = graphOf([X, A], [A, B], [B, C], [C, A], [C, Y]);
  graph.removeVertex(A);
  graph.checkInvariants();
  assert.equal(graph.reaches(X, Y), false);
  assert.equal(graph.reaches(B, Y), true);
  assert.equal(add(graph, [Y, X]), 'added');
  assert.equal(add(graph, [X, C]), 'closing');
});

test('removing a neighbour of a cycle leaves the cycle', () => {
  const graph = graphOf([X, A], [A, B], [B, A], [B, Y]);
  graph.removeVertex(X);
  graph.checkInvariants();
  graph.removeVertex(Y);
  graph.checkInvariants();
  assert.equal(add(graph, [B, X]), 'added');
  assert.equal(add(graph, [Y, A]), 'added');
  assert.equal(add(graph, [X, Y]), 'closing');
});

test('a cycle deeper than the call stack is contracted and broken up', () => {
  const length = 20_000;
  const graph = new OrderGraph<number>();
  for (let v = 0; v < length; v++) graph.addEdge(v, (v + 1) % length, () => v);
  assert.equal(graph.reaches(length - 1, 0), true);
  assert.equal(graph.reaches(0, length - 1), true);
  assert.equal(graph.shortestChain(0, length - 1)?.length, length - 1);
  graph.removeVertex(length / 2);
  assert.equal(graph.reaches(0, length - 1), false);
  assert.equal(graph.reaches(length - 1, 0), true);
  graph.checkInvariants();
});

test('a cleared graph begins anew', () => {
  const graph = graphOf([A, B], [B, A]);
  graph.clear();
  graph.checkInvariants();
  assert.deepEqual([graph.edgeCount, graph.vertexCount, links(graph)], [0, 0, []]);
  assert.equal(add(graph, [B, A]), 'added');
});
