import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { OrderGraph } from '../../src/order/order-graph.js';
import { NaiveGraph } from './naive-graph.js';
import { randomNumbers, RUNS, SEED } from './property.js';

// LOCKDEP_FUZZ_RUNS sets the number of programs, LOCKDEP_FUZZ_SEED which ones.

type Operation =
  | { readonly kind: 'add'; readonly from: number; readonly to: number }
  | { readonly kind: 'remove'; readonly vertex: number }
  | { readonly kind: 'clear' };

/** Not dense, and not in the order of their first use. */
const VERTICES = [3, 0, 7, 1, 1000, 2, 70_000, 5] as const;

const vertex = fc.constantFrom(...VERTICES);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 60, arbitrary: fc.record({ kind: fc.constant('add' as const), from: vertex, to: vertex }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('remove' as const), vertex }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'clear' as const }) },
);

class Twins {
  readonly real = new OrderGraph<string>();
  readonly naive = new NaiveGraph();

  apply(operation: Operation): void {
    if (operation.kind === 'add') this.#add(operation.from, operation.to);
    else if (operation.kind === 'clear') {
      this.real.clear();
      this.naive.edges = [];
    } else {
      const known = [...this.real.edges()].some(({ from, to }) => from === operation.vertex || to === operation.vertex);
      const removed = this.real.removeVertex(operation.vertex);
      assert.ok(removed || !known);
      assert.equal(this.real.removeVertex(operation.vertex), false);
      this.naive.remove(operation.vertex);
    }
  }

  compare(): void {
    this.real.checkInvariants();
    const pairs = [...this.real.edges()].map(({ from, to }) => `${from}->${to}`);
    assert.deepEqual(pairs.sort(), this.naive.edges.map((edge) => edge.join('->')).sort());
    assert.equal(this.real.edgeCount, pairs.length);
    const distances = this.naive.distances(VERTICES);
    for (const from of VERTICES) {
      for (const to of VERTICES) this.#comparePair(from, to, distances.get(from)?.get(to) ?? Infinity);
    }
    this.real.checkInvariants();
  }

  #add(from: number, to: number): void {
    const name = `${from}->${to}`;
    const isKnown = this.naive.has(from, to);
    const closes = this.naive.distances(VERTICES).get(to)?.get(from) !== Infinity;
    let calls = 0;
    const { kind, edge } = this.real.addEdge(from, to, () => {
      calls += 1;
      return name;
    });
    assert.equal(kind, isKnown ? 'known' : closes ? 'closing' : 'added', `${name} on ${this.naive.toString()}`);
    assert.equal(calls, isKnown ? 0 : 1);
    assert.deepEqual([edge.from, edge.to, edge.payload], [from, to, name]);
    if (!isKnown) assert.equal(edge.closing, closes);
    assert.equal(this.real.edge(from, to), edge);
    if (!isKnown) this.naive.edges.push([from, to]);
  }

  #comparePair(from: number, to: number, distance: number): void {
    const where = `${from} to ${to} on ${this.naive.toString()}`;
    assert.equal(this.real.reaches(from, to), distance !== Infinity, where);
    const chain = this.real.shortestChain(from, to);
    assert.equal(chain?.length ?? Infinity, distance, where);
    let at = from;
    for (const edge of chain ?? []) {
      assert.equal(edge.from, at, where);
      assert.equal(this.real.edge(edge.from, edge.to), edge, where);
      at = edge.to;
    }
    if (chain !== undefined) assert.equal(at, to, where);
  }
}

test('the graph gives the verdicts, paths and chains of its naive twin after every step', () => {
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

test('verdicts stay right over long runs in which components form and fall apart', () => {
  const size = 40;
  const vertices = Array.from({ length: size }, (_, index) => index);
  for (let run = 0; run < Math.ceil(RUNS / 20); run++) {
    const random = randomNumbers(SEED + run);
    const real = new OrderGraph<number>();
    const naive = new NaiveGraph();
    // From hardly ever a cycle to hardly anything else.
    const density = 1 + (run % 4);
    for (let step = 0; step < 60 * density; step++) {
      if (random(20) === 0) {
        const gone = random(size);
        real.removeVertex(gone);
        naive.remove(gone);
      }
      const from = random(size);
      const to = random(size);
      if (naive.has(from, to)) continue;
      const closes = reaches(naive, to, from);
      assert.equal(real.addEdge(from, to, () => step).kind, closes ? 'closing' : 'added');
      naive.edges.push([from, to]);
      if (step % 10 === 0) real.checkInvariants();
    }
    const distances = naive.distances(vertices);
    for (const v of vertices) {
      for (const w of vertices) assert.equal(real.reaches(v, w), distances.get(v)?.get(w) !== Infinity);
    }
    real.checkInvariants();
  }
});

function reaches(graph: NaiveGraph, from: number, to: number): boolean {
  const found = new Set([from]);
  for (const v of found) for (const [a, b] of graph.edges) if (a === v) found.add(b);
  return found.has(to);
}
