import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_TEXT, type HeapGraph } from '../../src/attach/heap-graph.js';
import { SnapshotParser } from '../../src/attach/snapshot-parser.js';
import { NODE_FIELDS, snapshotText, type MadeNode } from './heap.js';

/** Names with everything that an escape can be, at the seams of pieces too. */
const NODES: readonly MadeNode[] = [
  { type: 'synthetic', name: '', edges: [{ type: 'element', name: 7, to: 1 }] },
  { type: 'object', name: 'a "quoted" \\ name', edges: [{ type: 'property', name: 'tab\t', to: 2 }] },
  { type: 'closure', name: '\u0001 ü 𝒳', edges: [{ type: 'hidden', name: 3, to: 0 }], start: [4, 10, 20] },
  { type: 'string', name: `${'\n'.repeat(MAX_TEXT)}${'x'.repeat(MAX_TEXT)}` },
];

function parsed(text: string, size = text.length): HeapGraph {
  const parser = new SnapshotParser();
  for (let at = 0; at < text.length; at += size) parser.push(text.slice(at, at + size));
  return parser.end();
}

/** All that the graph says, as lines. */
function lines(graph: HeapGraph): string[] {
  return Array.from({ length: graph.nodeCount }, (_, node) => {
    const edges = [...graph.targets(node)].map((to, index) => {
      const edge = graph.firstEdge(node) + index;
      return `${graph.edgeType(edge)} ${graph.edgeName(edge)} ${to}`;
    });
    const start = graph.startOf(node);
    return JSON.stringify([graph.typeOf(node), graph.nameOf(node), graph.idOf(node), edges, start]);
  });
}

describe('the parser of heap snapshots', () => {
  const text = snapshotText(NODES);

  it('reads nodes, edges, names and the starts of functions', () => {
    const graph = parsed(text);
    assert.deepEqual(lines(graph).slice(0, 3), [
      '["synthetic","",1,["element 7 1"],null]',
      String.raw`["object","a \"quoted\" \\ name",3,["property tab\t 2"],null]`,
      String.raw`["closure","\u0001 ü 𝒳",5,["hidden 3 0"],{"scriptId":4,"line":10,"column":20}]`,
    ]);
  });
  it('reads the same from pieces of any size', () => {
    const whole = lines(parsed(text));
    for (let size = 1; size <= 64; size++) assert.deepEqual(lines(parsed(text, size)), whole, `pieces of ${size}`);
  });
  it('takes fields in whatever order the head has them', () => {
    assert.deepEqual(lines(parsed(snapshotText(NODES, [...NODE_FIELDS].reverse()))), lines(parsed(text)));
  });
  it('keeps the beginning of a long text, and cuts it at no half escape', () => {
    const name = parsed(text, 5).nameOf(3);
    assert.match(name, /^\n+$/);
    assert.ok(name.length >= MAX_TEXT / 2 && name.length <= MAX_TEXT, `${name.length} characters`);
  });
});

describe('text that is no heap snapshot', () => {
  const good = snapshotText(NODES);

  for (const [situation, text, complaint] of [
    ['is empty', '', /cut short/],
    ['ends in the middle', good.slice(0, good.length / 2), /cut short/],
    ['is another kind of text', '#!/bin/sh', /no heap snapshot/],
    ['is a list', '[1,2]', /no heap snapshot/],
    ['has nodes before its head', '{"nodes":[1,2]}', /no head/],
    ['has a head without fields', '{"snapshot":{"node_count":1,"edge_count":1}}', /does not say/],
    ['has a word among its numbers', good.replace('"edges":[', '"edges":[x,'), /"x" in a list of numbers/],
    ['has fewer nodes than it says', good.replace('"node_count":4', '"node_count":5'), /not as many/],
    ['has an edge that leads nowhere', good.replace(/("edges":\[\d+,\d+),\d+/, '$1,6000'), /leads to no node/],
    ['has a name that is not there', good.replace(/"strings":.*/, '"strings":["a"]}'), /name that is not there/],
  ] as const) {
    it(`is refused where it ${situation}`, () => assert.throws(() => parsed(text), complaint));
  }
});
