import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { checkedGraph } from '../../src/api/checked-graph.js';
import { gateName, mergedGateSets, parseGate } from '../../src/order/named-gates.js';
import { EDGE_KINDS, EMPTY_GRAPH, mergeGraphs, withoutClass, type LockGraph } from '../../src/order/snapshot.js';
import { RUNS, SEED } from './property.js';

const name = fc.constantFrom('a', 'b', 'c', 'c (shared)', 'constructor', '__proto__', 'Mutex@src/a.ts:1:2');
const site = fc.constantFrom('', 'src/a.ts:1:2', 'src/b.ts:3:4', 'src/b.ts:10:4');
const gate = fc.record({ name, shared: fc.boolean() }).map(gateName);

const edge = fc
  .record(
    {
      from: name,
      to: name,
      kinds: fc.uniqueArray(fc.constantFrom(...EDGE_KINDS), { minLength: 1, maxLength: 3 }),
      tier: fc.constantFrom('strict' as const, 'advisory' as const),
      count: fc.nat(9),
      sites: fc.array(fc.tuple(site, site), { maxLength: 3 }),
      gates: fc.array(fc.array(gate, { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: ['from', 'to', 'kinds', 'tier', 'count', 'sites'] },
  )
  .filter(({ from, to }) => from !== to);

const graph: fc.Arbitrary<LockGraph> = fc.record({
  version: fc.constant(1 as const),
  classes: fc.array(fc.record({ name, site }, { requiredKeys: ['name'] }), { maxLength: 4 }),
  edges: fc.array(edge, { maxLength: 6 }),
});

const options = { seed: SEED, numRuns: RUNS };

describe('merging graphs', () => {
  it('is commutative', () => {
    fc.assert(
      fc.property(graph, graph, (a, b) => {
        assert.equal(JSON.stringify(mergeGraphs(a, b)), JSON.stringify(mergeGraphs(b, a)));
      }),
      options,
    );
  });

  it('is associative', () => {
    fc.assert(
      fc.property(graph, graph, graph, (a, b, c) => {
        const left = mergeGraphs(mergeGraphs(a, b), c);
        assert.deepEqual(mergeGraphs(a, mergeGraphs(b, c)), left);
        assert.deepEqual(mergeGraphs(a, b, c), left);
      }),
      options,
    );
  });

  it('is idempotent, with no graph as its neutral element', () => {
    fc.assert(
      fc.property(graph, graph, (a, b) => {
        const merged = mergeGraphs(a, b);
        assert.deepEqual(mergeGraphs(merged, a), merged);
        assert.deepEqual(mergeGraphs(merged, merged), merged);
        assert.deepEqual(mergeGraphs(merged, EMPTY_GRAPH), merged);
      }),
      options,
    );
  });

  it('loses nothing: every order, site and class of each is in it', () => {
    fc.assert(
      fc.property(graph, graph, (a, b) => {
        const merged = mergeGraphs(a, b);
        for (const { from, to, kinds, tier, count, sites } of [...a.edges, ...b.edges]) {
          for (const kind of kinds) {
            const found = merged.edges.find(
              (e) => e.from === from && e.to === to && e.tier === tier && e.kinds[0] === kind,
            );
            assert.ok(found !== undefined && found.count >= count);
            for (const pair of sites) assert.ok(found.sites.some((other) => other.join('|') === pair.join('|')));
          }
          for (const each of [from, to]) assert.ok(merged.classes.some((other) => other.name === each));
        }
      }),
      options,
    );
  });

  it('gives what passes as a graph, also as text', () => {
    fc.assert(
      fc.property(graph, (given) => {
        const merged = mergeGraphs(given);
        assert.deepEqual(checkedGraph(JSON.parse(JSON.stringify(merged))), merged);
      }),
      options,
    );
  });

  it('knows gates by any name', () => {
    fc.assert(
      fc.property(fc.string(), fc.boolean(), (text, shared) => {
        assert.deepEqual(parseGate(gateName({ name: text, shared })), { name: text, shared });
      }),
      options,
    );
  });

  it('keeps minimal gate sets only', () => {
    assert.deepEqual(mergedGateSets([['g', 'h'], ['g'], ['h (shared)', 'i'], ['h', 'i'], ['g', 'g (shared)']]), [
      ['g'],
      ['h (shared)', 'i'],
    ]);
  });

  it('without a class nothing of it is left', () => {
    const merged = mergeGraphs({
      version: 1,
      classes: [{ name: 'a', site: 's' }],
      edges: [{ from: 'a', to: 'b', kinds: ['EN'], tier: 'strict', count: 1, sites: [] }],
    });
    assert.deepEqual(withoutClass(merged, 'a'), { version: 1, classes: [{ name: 'b' }], edges: [] });
  });
});

describe('a graph from outside', () => {
  const good = { from: 'a', to: 'b', kinds: ['EN'], tier: 'strict', count: 1, sites: [['x', 'y']], gates: [['g']] };
  const withEdge = (change: object): unknown => ({ version: 1, classes: [], edges: [good, { ...good, ...change }] });
  const cases: [what: string, value: unknown, error: string, message: RegExp][] = [
    ['nothing', undefined, 'TypeError', /^graph must be an object, got undefined/],
    ['a list', [], 'TypeError', /^graph must be an object, got an array/],
    ['another version', { version: 2, classes: [], edges: [] }, 'RangeError', /^graph\.version must be 1, got 2/],
    ['no version', { classes: [], edges: [] }, 'TypeError', /^graph\.version must be 1, got undefined/],
    ['no classes', { version: 1, edges: [] }, 'TypeError', /^graph\.classes must be an array/],
    ['a class without a name', { version: 1, classes: [{}], edges: [] }, 'TypeError', /^graph\.classes\[0\]\.name/],
    ['an empty name', { version: 1, classes: [{ name: '' }], edges: [] }, 'RangeError', /^graph\.classes\[0\]\.name/],
    [
      'a site that is none',
      { version: 1, classes: [{ name: 'a', site: 1 }], edges: [] },
      'TypeError',
      /\.site must be/,
    ],
    ['an edge that is none', { version: 1, classes: [], edges: [null] }, 'TypeError', /^graph\.edges\[0\] must be/],
    ['from', withEdge({ from: 3 }), 'TypeError', /^graph\.edges\[1\]\.from must be a string, got 3/],
    ['to itself', withEdge({ to: 'a' }), 'RangeError', /^graph\.edges\[1\]\.to must be another class/],
    ['kinds', withEdge({ kinds: 'EN' }), 'TypeError', /^graph\.edges\[1\]\.kinds must be an array, got "EN"/],
    ['no kind', withEdge({ kinds: [] }), 'RangeError', /^graph\.edges\[1\]\.kinds must not be empty/],
    ['an unknown kind', withEdge({ kinds: ['EN', 'XX'] }), 'RangeError', /^graph\.edges\[1\]\.kinds\[1\] .* got "XX"/],
    ['tier', withEdge({ tier: 'certain' }), 'RangeError', /^graph\.edges\[1\]\.tier/],
    ['count', withEdge({ count: -1 }), 'RangeError', /^graph\.edges\[1\]\.count/],
    ['a count that is none', withEdge({ count: '1' }), 'TypeError', /^graph\.edges\[1\]\.count/],
    ['a site of three', withEdge({ sites: [['a', 'b', 'c']] }), 'RangeError', /^graph\.edges\[1\]\.sites\[0\]/],
    ['a gate', withEdge({ gates: [['g'], [1]] }), 'TypeError', /^graph\.edges\[1\]\.gates\[1\]\[0\] must be a string/],
  ];
  for (const [what, value, error, message] of cases) {
    it(`${what}: is refused by its path`, () => {
      assert.throws(() => checkedGraph(value), { name: error, message });
    });
  }

  it('what is more than is known is left out', () => {
    assert.deepEqual(checkedGraph({ version: 1, classes: [{ name: 'a', more: 1 }], edges: [good], more: 1 }), {
      version: 1,
      classes: [{ name: 'a' }],
      edges: [good],
    });
  });
});
