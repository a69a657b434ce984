import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitCycles } from '../../src/order/split-audit.js';
import type { Edge } from '../../src/order/edge.js';

/** `a1` and `a2` are subclasses of `a`; all are held exclusively. */
const vertex = (name: string): number => (name.charCodeAt(0) * 10 + Number(name[1] ?? 0)) * 2;
const nameOf = (v: number): string =>
  String.fromCharCode(Math.floor(v / 20)) + (v % 20 === 0 ? '' : String((v % 20) / 2));
const fold = (v: number): number => Math.floor(v / 20) * 20;

function audit(...orders: string[]): string[][] {
  const edges = orders.map((text): Edge<undefined> => {
    const [from = '', to = ''] = text.split(' > ');
    return { from: vertex(from), to: vertex(to), payload: undefined, closing: false };
  });
  return splitCycles(edges, fold).map((cycle) => {
    return cycle.map((step) => step.map(({ from, to }) => `${nameOf(from)} > ${nameOf(to)}`).join(' or '));
  });
}

describe('what a split hides', () => {
  it('two orders that contradict each other but for the subclass', () => {
    assert.deepEqual(audit('a1 > b', 'b > a2'), [['b > a2', 'a1 > b']]);
  });

  it('nothing, where there is an order of the folded classes', () => {
    assert.deepEqual(audit('a1 > b', 'a2 > b', 'a > c', 'b > c', 'c > d1'), []);
  });

  it('nothing, where the orders are a cycle as they are: that one is reported anyway', () => {
    assert.deepEqual(audit('a1 > b', 'b > a1'), []);
    assert.deepEqual(audit('a1 > b', 'a2 > b', 'b > a2'), []);
  });

  it('one subclass inside another is what they are for', () => {
    assert.deepEqual(audit('a > a1', 'a1 > a2'), []);
  });

  it('a cycle of three, with all the orders that a step stands for', () => {
    assert.deepEqual(audit('a1 > b', 'b1 > c', 'b2 > c', 'c > a2'), [['c > a2', 'a1 > b', 'b1 > c or b2 > c']]);
  });

  it('each closing order on its own', () => {
    assert.equal(audit('a1 > b', 'b > a2', 'c > a2', 'a1 > c').length, 2);
  });
});
