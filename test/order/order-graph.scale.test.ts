import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderGraph } from '../../src/order/order-graph.js';
import { randomNumbers, SEED, shuffled } from './property.js';

// Work is counted, not timed: the edges that the order's searches look at, per edge added.

type Link = readonly [from: number, to: number];

const VERTICES = 10_000;

/** Random edges that all ascend, over at most `span`; ten per vertex, whose names tell nothing of their order. */
function acyclic(span: number, vertices = VERTICES): Link[] {
  const random = randomNumbers(SEED);
  const names = shuffled(range(vertices), random);
  const seen = new Set<number>();
  const links: Link[] = [];
  while (links.length < 10 * vertices) {
    const low = random(vertices);
    const high = Math.min(vertices - 1, low + 1 + random(span));
    if (low >= high || seen.has(low * vertices + high)) continue;
    seen.add(low * vertices + high);
    links.push([names[low] as number, names[high] as number]);
  }
  return links;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

function build(links: readonly Link[]): { graph: OrderGraph<undefined>; stepsPerEdge: number; closing: number } {
  const graph = new OrderGraph<undefined>();
  let closing = 0;
  for (const [from, to] of links) if (graph.addEdge(from, to, () => undefined).kind === 'closing') closing += 1;
  return { graph, stepsPerEdge: graph.searchSteps / links.length, closing };
}

const chainOf = (length: number): Link[] => range(length - 1).map((v) => [v, v + 1]);

/** `most`: a few times what was measured. */
const orders: readonly [situation: string, links: () => Link[], most: number][] = [
  ['classes that nest with any other', () => acyclic(VERTICES), 5],
  ['classes that nest with near ones', () => acyclic(40), 20],
  ['by the outer class, first to last', () => acyclic(40).sort((a, b) => a[0] - b[0]), 20],
  ['by the inner class, last to first', () => acyclic(40).sort((a, b) => b[1] - a[1]), 20],
  ['a chain from its start', () => chainOf(VERTICES), 1],
  ['a chain from its end', () => chainOf(VERTICES).reverse(), 2],
  ['a chain in no order', () => shuffled(chainOf(VERTICES), randomNumbers(SEED)), 25],
  ['every pair of 450', () => range(450).flatMap((a) => range(a).map((b): Link => [b, a])), 1],
  [
    'every pair of 450, backwards',
    () =>
      range(450)
        .flatMap((a) => range(a).map((b): Link => [b, a]))
        .reverse(),
    5,
  ],
];

for (const [situation, links, most] of orders) {
  test(`the work per edge is small: ${situation}`, () => {
    const { graph, stepsPerEdge, closing } = build(links());
    assert.equal(closing, 0);
    assert.ok(stepsPerEdge <= most, `${stepsPerEdge} edges looked at per edge added`);
    graph.checkInvariants();
  });
}

test('the work per edge does not grow with the classes, where they nest with near ones', () => {
  const few = build(acyclic(40, VERTICES / 10)).stepsPerEdge;
  const many = build(acyclic(40)).stepsPerEdge;
  assert.ok(many <= 3 * few, `${many} edges looked at per edge added, against ${few} among a tenth of the classes`);
});

test('a second pass over all edges makes no search and no payload', () => {
  const links = acyclic(40);
  const { graph } = build(links);
  const before = graph.searchSteps;
  for (const [from, to] of links) {
    assert.equal(graph.addEdge(from, to, () => assert.fail('made for a known edge')).kind, 'known');
  }
  assert.equal(graph.searchSteps, before);
});

test('two chains that grow into each other from the wrong end cost no more than a walk of one per edge', () => {
  const half = 1000;
  const second = chainOf(half).map(([from, to]): Link => [from + half, to + half]);
  const across = range(half).map((v): Link => [half + v, half - 1 - v]);
  const { graph, closing } = build([...chainOf(half), ...second, ...across]);
  assert.equal(closing, 0);
  assert.ok(graph.searchSteps <= half * half, `${graph.searchSteps} steps`);
  graph.checkInvariants();
});

test('a few classes in wrong order among 10,000 do not make all others slow', () => {
  const links = acyclic(40);
  const wrong = links.slice(0, 20).map(([from, to]): Link => [to, from]);
  const { graph, stepsPerEdge, closing } = build([...links, ...wrong]);
  assert.equal(closing, wrong.length);
  assert.ok(stepsPerEdge <= 20, `${stepsPerEdge} edges looked at per edge added`);
  graph.checkInvariants();
});

test('ten thousand classes in one cycle', () => {
  const ring = range(VERTICES).map((v): Link => [v, (v + 1) % VERTICES]);
  const { graph, stepsPerEdge, closing } = build([...ring, ...acyclic(40)]);
  assert.equal(closing, graph.edgeCount - (VERTICES - 1));
  assert.ok(stepsPerEdge <= 2, `${stepsPerEdge} edges looked at per edge added`);
  graph.checkInvariants();
});

test('a contracted cycle is passed through without looking at its inner edges again', () => {
  const size = 1000;
  const { graph } = build(range(size).map((v): Link => [v, (v + 1) % size]));
  const grow = (vertex: number): number => {
    const before = graph.searchSteps;
    assert.equal(graph.addEdge(vertex, 0, () => undefined).kind, 'added');
    assert.equal(graph.addEdge(1, vertex, () => undefined).kind, 'closing');
    return graph.searchSteps - before;
  };
  const first = grow(size);
  const second = grow(size + 1);
  assert.ok(first <= 2 * size + 20, `${first} steps`);
  assert.ok(second <= 20, `${second} steps`);
  graph.checkInvariants();
});

test('asking against the order takes no search', () => {
  const links = acyclic(40);
  const { graph } = build(links);
  const before = graph.searchSteps;
  for (const [from, to] of links.slice(0, 1000)) assert.equal(graph.reaches(to, from), false);
  assert.equal(graph.searchSteps, before);
});
