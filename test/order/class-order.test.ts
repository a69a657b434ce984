import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClassOrder, classOfVertex, isSharedVertex, vertexOfClass } from '../../src/order/class-order.js';
import { BATCH, gateOf, isSharedGate, lockOfGate } from '../../src/order/gates.js';
import { attempt, className, classNamed, cycleText, learn, type TextOrder } from './attempts.js';

function newOrder(maxStates?: number): TextOrder {
  return new ClassOrder<string, string>(maxStates);
}

/** Teaches attempts written `holds > wanted`; the cycles that each brought, as texts. */
function teach(order: TextOrder, ...attempts: string[]): string[][] {
  return attempts.map((text) => {
    const [holds = '', wanted = ''] = text.split('>').map((part) => part.trim());
    const found = learn(order, attempt(holds, wanted)).map(cycleText);
    order.checkInvariants();
    return found;
  });
}

/** The cycles that the last of the attempts brought, the others having brought none. */
function last(order: TextOrder, ...attempts: string[]): string[] {
  const found = teach(order, ...attempts);
  assert.deepEqual(found.slice(0, -1).flat(), []);
  return found.at(-1) ?? [];
}

describe('ids', () => {
  it('may be of any size, since none is given again', () => {
    for (const id of [2 ** 30, 2 ** 31 + 1, 2 ** 40 + 1]) {
      for (const shared of [false, true]) {
        assert.deepEqual(
          [classOfVertex(vertexOfClass(id, shared)), isSharedVertex(vertexOfClass(id, shared))],
          [id, shared],
        );
        assert.deepEqual([lockOfGate(gateOf(id, shared)), isSharedGate(gateOf(id, shared))], [id, shared]);
      }
    }
    const order = newOrder();
    const learned = [1, 2].map((at) => {
      const [held, wanted] = at === 1 ? [2 ** 31, 2 ** 31 + 1] : [2 ** 31 + 1, 2 ** 31];
      return order.learn({ held: vertexOfClass(held, false), wanted, strong: true, gates: [], facts: () => `${at}` });
    });
    assert.deepEqual(
      learned.map(({ cycle }) => cycle?.length),
      [undefined, 2],
    );
    order.checkInvariants();
  });
});

describe('modes', () => {
  it('a reader that passes waiting writers is not in the way of readers', () => {
    assert.deepEqual(last(newOrder(), 'a(r) > b(rr)', 'b(r) > a(rr)'), []);
  });

  it('a fair reader may wait behind a writer, and so for a reader', () => {
    assert.deepEqual(last(newOrder(), 'a(r) > b(r)', 'b(r) > a(r)'), ['b(r) -> a(r) -> b(r)']);
  });

  it('one fair side is not enough', () => {
    assert.deepEqual(last(newOrder(), 'a(r) > b(r)', 'b(r) > a(rr)'), []);
  });

  it('a writer is in the way of every reader', () => {
    assert.deepEqual(last(newOrder(), 'a > b(rr)', 'b > a(rr)'), ['b -> a -> b']);
  });

  it('the first trace that the kernel misses: W A, R B, W C, all released, then W C, W A', () => {
    const order = newOrder();
    assert.deepEqual(last(order, 'a > b(r)', 'a b(r) > c', 'c > a'), ['c -> a -> c']);
  });

  it('the second one: A -(ER)-> B, A -(EN)-> C, C -(EN)-> B, B -(SN)-> D, then D -> A', () => {
    const order = newOrder();
    assert.deepEqual(last(order, 'a > b(rr)', 'a > c', 'c > b', 'b(r) > d', 'd > a'), ['d -> a -> c -> b(r) -> d']);
  });

  it('an order that was learned of a passing reader turns strong when a writer takes it', () => {
    const order = newOrder();
    assert.deepEqual(last(order, 'a > b(rr)', 'b(r) > a', 'a > b'), ['a -> b(r) -> a']);
  });

  it('what was learned before a class was first held shared counts for its readers too', () => {
    assert.deepEqual(last(newOrder(), 'a > b', 'a > b(rr)', 'b(r) > a'), ['b(r) -> a -> b(r)']);
  });

  it('a program of mutexes has one vertex a class, and one edge a pair', () => {
    const order = newOrder();
    teach(order, 'a > b', 'a b > c', 'c > d');
    assert.equal([...order.edges()].length, 4);
    assert.equal(order.pairCount, 4);
  });

  it('a pair counts once, in whatever modes it was seen', () => {
    const order = newOrder();
    teach(order, 'a > b', 'a(r) > b(r)', 'a(r) > b(rr)', 'b(r) > c', 'b > c(r)', 'c(r) > d');
    assert.equal(order.pairCount, 3);
  });

  it('after a tolerated cycle the verdicts stay right', () => {
    const order = newOrder();
    assert.deepEqual(teach(order, 'a > b', 'b > a', 'c > a', 'd > c', 'b > d'), [
      [],
      ['b -> a -> b'],
      [],
      [],
      ['b -> d -> c -> a -> b'],
    ]);
  });

  it('what is known teaches nothing, and costs no search', () => {
    const order = newOrder();
    const facts = (): never => assert.fail('a known order asked for its facts');
    teach(order, 'a > b', 'b > a');
    const [held, wanted] = [vertexOfClass(classNamed('a'), false), classNamed('b')];
    const lesson = order.learn({ held, wanted, strong: true, gates: [], facts });
    assert.equal(lesson.cycle, undefined);
    assert.deepEqual(order.known(held, wanted, true, []), { reported: undefined });
    assert.equal(order.known(wanted * 2, classNamed('c'), true, []), undefined);
  });

  it('a forgotten class takes its orders along, and what it had joined is told apart', () => {
    const order = newOrder();
    teach(order, 'a > b', 'b > c', 'c(r) > d', 'c > a');
    order.remove(classNamed('b'));
    order.checkInvariants();
    assert.equal(order.pairCount, 2);
    assert.deepEqual(last(order, 'a > d', 'd > c'), ['d -> c(r) -> d']);
  });
});

describe('gates', () => {
  it('two orders under one gate cannot meet', () => {
    const order = newOrder();
    assert.deepEqual(last(order, 'G > a', 'G a > b', 'G > b', 'G b > a'), []);
    const [gated] = order.gatedCycles();
    assert.deepEqual(gated?.gates.map(className), ['G']);
    assert.equal(order.gatedCycles().length, 1);
  });

  it('an occurrence without the gate opens the cycle at that moment, and is the one that is shown', () => {
    const order = newOrder();
    assert.deepEqual(last(order, 'G a > b', 'G b > a', 'a > b'), ['a -> b -> a']);
    assert.deepEqual(order.gatedCycles(), []);
    const again = newOrder();
    teach(again, 'G a > b', 'a > b');
    const [found] = learn(again, attempt('G b', 'a'));
    assert.deepEqual(
      found?.cycle?.map(({ alternative }) => alternative.facts),
      ['G b', 'a'],
    );
  });

  it('two different gates do not exclude each other, nor does one that is held shared on both sides', () => {
    assert.deepEqual(last(newOrder(), 'G a > b', 'H b > a'), ['b -> a -> b']);
    assert.deepEqual(last(newOrder(), 'G(r) a > b', 'G(r) b > a'), ['b -> a -> b']);
  });

  it('one side that holds the gate exclusively is enough', () => {
    assert.deepEqual(last(newOrder(), 'G(r) a > b', 'G b > a'), []);
  });

  it('a class of several locks is no gate', () => {
    assert.deepEqual(last(newOrder(), 'g a > b', 'g b > a'), ['b -> a -> b']);
  });

  it('a gate stops being one when there is a second lock of its class', () => {
    const order = newOrder();
    assert.deepEqual(last(order, 'G a > b', 'G b > a'), []);
    const found = order.retireGate(classNamed('G'));
    assert.deepEqual(found.map(cycleText), ['b -> a -> b']);
    assert.deepEqual(order.retireGate(classNamed('H')), []);
    assert.deepEqual(last(order, 'c > a', 'b > c'), ['b -> c -> a -> b']);
    order.checkInvariants();
  });

  it('a gate that stopped being one and is removed as a class does not come back as one', () => {
    const order = newOrder();
    teach(order, 'G a > b', 'c > G');
    order.retireGate(classNamed('G'));
    order.remove(classNamed('G'));
    order.checkInvariants();
    assert.deepEqual(last(order, 'G b > a'), ['b -> a -> b']);
  });

  it('a lock that a flow holds to begin with keeps it apart from the flow that holds it as a gate', () => {
    assert.deepEqual(last(newOrder(), 'a C(r) > b', 'b > C(rr)', 'C > a'), []);
    assert.deepEqual(last(newOrder(), 'a c(r) > b', 'b > c(rr)', 'c > a'), ['c -> a -> b -> c']);
  });

  it('three edges: sets are chosen so that they go together, not each on its own', () => {
    const order = newOrder();
    // Each edge alone goes with each other one, for some choice; the three of them go together with H, none and I only.
    const steps = ['G a > b', 'H a > b', 'G b > c', 'H b > c', 'G H c > a'];
    assert.deepEqual(last(order, ...steps), []);
    assert.deepEqual(last(order, 'I c > a'), ['c -> a -> b -> c']);
  });

  it('a longer cycle is found where the shortest is gated', () => {
    assert.deepEqual(last(newOrder(), 'G a > b', 'a > c', 'c > b', 'G b > a'), ['b -> a -> c -> b']);
  });

  it('a second chain to the same class, with fewer gates, is not hidden by the first', () => {
    const order = newOrder();
    assert.deepEqual(last(order, 'G a > b', 'G b > c', 'c > a', 'a > d', 'd > e', 'e > b'), [
      'e -> b -> c -> a -> d -> e',
    ]);
  });

  it('at most eight sets are kept of an order; with more it counts as seen without any', () => {
    const order = newOrder();
    for (const gate of 'GHIJKLMN') assert.deepEqual(teach(order, `${gate} a > b`), [[]]);
    assert.deepEqual(last(order, 'G H I J K L M N b > a'), []);
    assert.deepEqual(last(order, 'O a > b'), ['a -> b -> a']);
  });

  it('an order that may not guess leaves out the longest set instead, and takes in a shorter one still', () => {
    const order: TextOrder = new ClassOrder<string, string>(undefined, 'drop');
    for (const gate of 'GHIJKLM') teach(order, `${gate} a > b`);
    assert.deepEqual(teach(order, 'N Q a > b', 'G H I J K L M N O b > a', 'P R a > b'), [[], [], []]);
    assert.deepEqual(teach(order, 'P a > b'), [['a -> b -> a']]);
  });

  it('a search that is too long is given up on the side of silence, and says so', () => {
    const order = newOrder(2);
    assert.deepEqual(last(order, 'G a > b', 'a > c', 'c > d', 'd > b', 'G b > a'), []);
    assert.equal(order.limited, true);
    assert.equal(newOrder().limited, false);
  });
});

describe('batches', () => {
  const batch = (order: TextOrder, holds: string, wanted: string): string[] =>
    learn(order, attempt(holds, wanted), undefined, [BATCH]).map(cycleText);

  it('alone cannot form a cycle', () => {
    const order = newOrder();
    for (const [held, wanted] of ['ab', 'ba', 'bc', 'ca', 'ac']) assert.deepEqual(batch(order, held!, wanted!), []);
    assert.deepEqual(
      order.gatedCycles().flatMap(({ gates }) => gates),
      [0, 0, 0],
    );
  });

  it('one flow that takes its locks one after the other is enough', () => {
    const order = newOrder();
    assert.deepEqual(batch(order, 'a', 'b'), []);
    assert.deepEqual(batch(order, 'b', 'a'), []);
    assert.deepEqual(last(order, 'a > b'), ['a -> b -> a']);
  });

  it('two batches with a nesting between them can meet', () => {
    const order = newOrder();
    assert.deepEqual(batch(order, 'a', 'b'), []);
    assert.deepEqual(batch(order, 'c', 'd'), []);
    assert.deepEqual(last(order, 'b > c', 'd > a'), ['d -> a -> b -> c -> d']);
  });

  it('under a gate they are excluded as all others are', () => {
    const order = newOrder();
    assert.deepEqual(batch(order, 'G a', 'b'), []);
    assert.deepEqual(last(order, 'G b > a'), []);
  });
});

describe('accepted inversions', () => {
  it('the pair is silent, a longer cycle through one side of it is not', () => {
    const order = newOrder();
    order.bless(classNamed('a'), classNamed('b'));
    assert.deepEqual(last(order, 'a > b', 'b > a'), []);
    assert.deepEqual(last(order, 'b > c', 'c > a'), ['c -> a -> b -> c']);
  });

  it('what was reported of the pair is taken back, and its edges are looked at again when they are met', () => {
    const order = newOrder();
    teach(order, 'b > c', 'c > a', 'b > a');
    const [lesson] = learn(order, attempt('a', 'b'));
    assert.ok(lesson);
    assert.equal(cycleText(lesson), 'a -> b -> a');
    order.setReported(lesson.edge, { report: 'r', through: (lesson.cycle ?? []).map(({ edge }) => edge.from) });
    assert.deepEqual(order.known(lesson.edge.from, classNamed('b'), true, []), { reported: 'r' });
    order.bless(classNamed('b'), classNamed('a'));
    assert.equal(order.known(lesson.edge.from, classNamed('b'), true, []), undefined);
    assert.deepEqual(last(order, 'a > b'), ['a -> b -> c -> a']);
  });
});

describe('declared orders', () => {
  it('hold for the modes in which the first class comes to be held', () => {
    const order = newOrder();
    order.declare(classNamed('a'), classNamed('b'), 'declared');
    assert.deepEqual(last(order, 'c > a(r)', 'a(r) > d', 'b(r) > c'), ['b(r) -> c -> a -> b(r)']);
    const other = newOrder();
    other.declare(classNamed('a'), classNamed('b'), 'declared');
    const [lesson] = learn(other, attempt('b', 'a(rr)'));
    assert.deepEqual(
      lesson?.cycle?.map(({ alternative }) => alternative.facts),
      ['b', 'declared'],
    );
  });

  it('of several classes the shortest way between any two is shown', () => {
    const order = newOrder();
    teach(order, 'a > x', 'x > b', 'c > b');
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(classNamed) as [number, number, number, number];
    assert.equal(order.chain([a, d], [b, d])?.length, 0);
    assert.equal(order.chain([a, d], [b])?.length, 2);
    assert.equal(order.chain([a, c, d], [b])?.length, 1);
    assert.equal(order.chain([b], [a, c, d]), undefined);
    assert.equal(order.chain([], [a]), undefined);
  });

  it('the declaration of what is known the other way round closes the cycle', () => {
    const order = newOrder();
    teach(order, 'b > a');
    assert.deepEqual(order.chain([classNamed('b')], [classNamed('a')])?.length, 1);
    assert.equal(order.chain([classNamed('a')], [classNamed('b')]), undefined);
    assert.deepEqual(order.declare(classNamed('a'), classNamed('b'), 'declared').map(cycleText), ['a -> b -> a']);
  });
});

describe('ids of a process that has made very many locks', () => {
  for (const id of [2 ** 30, 2 ** 31, 2 ** 40 + 1]) {
    it(`vertices and gates of ${id} are its own`, () => {
      for (const shared of [false, true]) {
        const vertex = vertexOfClass(id, shared);
        assert.deepEqual([classOfVertex(vertex), isSharedVertex(vertex)], [id, shared]);
        const gate = gateOf(id, shared);
        assert.deepEqual([lockOfGate(gate), isSharedGate(gate)], [id, shared]);
      }
    });
  }
});

describe('gates of a set', () => {
  it('keep each lock once, in its strongest mode', () => {
    const order = newOrder();
    const gates = [gateOf(7, true), gateOf(7, false), gateOf(3, true)];
    learn(order, attempt('a', 'b'), undefined, gates);
    const edge = order.edge(vertexOfClass(classNamed('a'), false), vertexOfClass(classNamed('b'), false));
    assert.deepEqual(edge?.payload.alternatives[0]?.gates, [gateOf(3, true), gateOf(7, false)]);
  });
});
