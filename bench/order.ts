/**
 * The curve of the order's costs over the size of the graph: learning a new order, meeting a known one, stepping along a
 * known nesting, and what a plain breadth-first search for each new order would cost in place of the incremental one.
 */
import { performance } from 'node:perf_hooks';
import { ChainTrie } from '../src/order/chain-trie.js';
import { ClassOrder, vertexOfClass } from '../src/order/class-order.js';
import { NO_GATES } from '../src/order/gates.js';

export type Nanoseconds = number;

/** One line of the curve. */
export interface OrderPoint {
  readonly shape: string;
  readonly classes: number;
  readonly edges: number;
  /** Mean over all edges, and over the last tenth, when the graph has its full size. */
  readonly newEdge: Nanoseconds;
  readonly newEdgeLate: Nanoseconds;
  readonly knownEdge: Nanoseconds;
  readonly knownNesting: Nanoseconds;
  /** A breadth-first search from the end of a new edge to its start, in the full graph. */
  readonly plainSearch: Nanoseconds;
}

type Link = readonly [from: number, to: number];

/** How many classes each one nests, and how far apart in the order of the program. */
interface Shape {
  readonly name: string;
  readonly perClass: number;
  readonly span: number;
}

const SHAPES: readonly Shape[] = [
  { name: 'sparse, near', perClass: 2, span: 40 },
  { name: 'sparse, any', perClass: 2, span: Infinity },
  { name: 'dense, near', perClass: 10, span: 40 },
  { name: 'dense, any', perClass: 10, span: Infinity },
];
const SIZES = [10, 100, 1000, 10_000];
const SEED = 20_260_101;
/** Times that each point is measured. */
const ROUNDS = 3;
/** Plain searches that are timed: they are slow. */
const MAX_SEARCHES = 300;
/** Repeats of what is too short for the clock. */
const REPEATS = 200_000;

/** `quick`: only the smallest graphs, to see that everything runs. */
export function orderCurve(quick: boolean): OrderPoint[] {
  const sizes = quick ? SIZES.slice(0, 2) : SIZES;
  if (!quick) for (const shape of SHAPES) measurePoint(shape, 1000); // warms up the code
  const rounds = quick ? 1 : ROUNDS;
  return SHAPES.flatMap((shape) => sizes.map((classes) => bestOf(rounds, () => measurePoint(shape, classes))));
}

/** Of each figure the best: what else the machine does only ever adds. */
function bestOf(rounds: number, measure: () => OrderPoint): OrderPoint {
  const points = Array.from({ length: rounds }, measure);
  const best = (figure: (point: OrderPoint) => Nanoseconds): Nanoseconds => Math.min(...points.map(figure));
  return {
    ...points[0]!,
    newEdge: best((point) => point.newEdge),
    newEdgeLate: best((point) => point.newEdgeLate),
    knownEdge: best((point) => point.knownEdge),
    knownNesting: best((point) => point.knownNesting),
    plainSearch: best((point) => point.plainSearch),
  };
}

function measurePoint(shape: Shape, classes: number): OrderPoint {
  const links = randomLinks(shape, classes);
  const order = new ClassOrder<undefined, undefined>();
  const learn = ([from, to]: Link): boolean => {
    const lesson = order.learn({
      held: vertexOfClass(from, false),
      wanted: to,
      strong: true,
      gates: NO_GATES,
      facts: nothing,
    });
    return lesson.cycle !== undefined;
  };
  const late = Math.floor(links.length * 0.9);
  const early = timeOf(() => links.slice(0, late).forEach(learn));
  const rest = timeOf(() => links.slice(late).forEach(learn));
  if (order.pairCount !== links.length) throw new Error('the graph is not the one that was meant');
  const rounds = Math.ceil(REPEATS / links.length);
  const known = timeOf(() => {
    for (let round = 0; round < rounds; round++) links.forEach(learn);
  });
  return {
    shape: shape.name,
    classes,
    edges: links.length,
    newEdge: (early + rest) / links.length,
    newEdgeLate: rest / (links.length - late),
    knownEdge: known / (rounds * links.length),
    knownNesting: timeOfNesting(links),
    plainSearch: timeOfSearch(links, classes),
  };
}

function nothing(): undefined {
  return undefined;
}

/** Edges that all lead the same way, between classes whose numbers tell nothing of it, in no order. */
function randomLinks({ perClass, span }: Shape, classes: number): Link[] {
  const random = randomNumbers(SEED);
  const names = Array.from({ length: classes }, (_, index) => index + 1);
  for (let i = classes - 1; i > 0; i--) {
    const j = random(i + 1);
    [names[i], names[j]] = [names[j]!, names[i]!];
  }
  const wanted = Math.min(perClass * classes, Math.floor((classes * (classes - 1)) / 4));
  const links = new Map<number, Link>();
  while (links.size < wanted) {
    const low = random(classes);
    const high = Math.min(classes - 1, low + 1 + random(Math.min(span, classes)));
    if (low < high) links.set(low * classes + high, [names[low]!, names[high]!]);
  }
  return [...links.values()];
}

/** One step from a class that is held to one that is wanted, all nestings being kept. */
function timeOfNesting(links: readonly Link[]): Nanoseconds {
  const trie = new ChainTrie<object>();
  const facts = {};
  for (const [from, to] of links) {
    const chain = trie.root.ensure(from)?.ensure(to);
    if (chain !== undefined) chain.data = facts;
  }
  const rounds = Math.ceil(REPEATS / links.length);
  let found = 0;
  const time = timeOf(() => {
    for (let round = 0; round < rounds; round++) {
      for (const [from, to] of links) if (trie.root.child(from)?.child(to) !== undefined) found += 1;
    }
  });
  if (found === 0) throw new Error('no nesting was found');
  return time / (rounds * links.length);
}

/** What a validator without an order would do for every new edge: look for the way back. */
function timeOfSearch(links: readonly Link[], classes: number): Nanoseconds {
  const out: number[][] = Array.from({ length: classes + 1 }, () => []);
  for (const [from, to] of links) out[from]!.push(to);
  const searches = links.slice(-MAX_SEARCHES);
  const time = timeOf(() => {
    for (const [from, to] of searches) {
      const found = new Set([to]);
      for (const vertex of found) for (const next of out[vertex]!) found.add(next);
      if (found.has(from)) throw new Error('there is a cycle');
    }
  });
  return time / searches.length;
}

function timeOf(act: () => void): Nanoseconds {
  const start = performance.now();
  act();
  return (performance.now() - start) * 1e6;
}

/** Numbers in [0, below), always the same. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const COLUMNS = [
  ['classes', ({ classes }: OrderPoint) => String(classes)],
  ['orders', ({ edges }: OrderPoint) => String(edges)],
  ['new, ns', ({ newEdge }: OrderPoint) => newEdge.toFixed(0)],
  ['last tenth, ns', ({ newEdgeLate }: OrderPoint) => newEdgeLate.toFixed(0)],
  ['plain search, ns', ({ plainSearch }: OrderPoint) => plainSearch.toFixed(0)],
  ['known order, ns', ({ knownEdge }: OrderPoint) => knownEdge.toFixed(0)],
  ['known nesting, ns', ({ knownNesting }: OrderPoint) => knownNesting.toFixed(1)],
] as const;

export function orderTable(points: readonly OrderPoint[]): string {
  const rows = points.map((point) => COLUMNS.map(([, cell]) => cell(point)));
  const widths = COLUMNS.map(([title], index) => Math.max(title.length, ...rows.map((row) => row[index]!.length)));
  const shapes = Math.max(...points.map(({ shape }) => shape.length));
  const line = (first: string, cells: readonly string[]): string =>
    [first.padEnd(shapes), ...cells.map((cell, index) => cell.padStart(widths[index]!))].join('  ');
  const lines = points.map(({ shape }, index) => line(shape, rows[index]!));
  return [
    'The order of classes (order)',
    line(
      '',
      COLUMNS.map(([title]) => title),
    ),
    ...lines,
    '',
  ].join('\n');
}
