/**
 * Draws programs. Each draws from a random part of all constructs only (swarm testing), so that rare combinations of few
 * constructs come up as often as mixtures of all.
 */
import {
  ATTACHED,
  CALLBACKS,
  COMBINATORS,
  DETACHED,
  FLAVOURS,
  HANDOFFS,
  HANDS,
  KEEPERS,
  make,
  PAIRS,
  RIVALS,
  SHAPES,
  TICKS,
  VIAS,
  WORKS,
  type Block,
  type Child,
  type Part,
  type Program,
  type Stmt,
  type Take,
  type Work,
} from './program.js';

type Random = (below: number) => number;

/** What one program draws from. */
interface Palette {
  readonly random: Random;
  readonly vias: readonly Take['via'][];
  readonly hands: readonly Take['hand'][];
  readonly flavours: readonly Work['flavour'][];
  readonly shapes: readonly Work['shape'][];
  readonly joins: readonly Child['join'][];
  readonly detached: readonly Child['join'][];
  readonly works: readonly Work['work'][];
  readonly rivals: readonly Take['rival'][];
  readonly ticks: readonly (typeof TICKS)[number][];
  readonly kinds: readonly Stmt['kind'][];
  readonly sharedCount: number;
  readonly levelLocks: boolean;
  /** Statements that may still be drawn. */
  budget: number;
}

/** Each kind as often as it is to be drawn. */
const KINDS: readonly (readonly [kind: Stmt['kind'], weight: number])[] = [
  ['take', 7],
  ['scope', 4],
  ['child', 10],
  ['tick', 5],
  ['group', 2],
  ['try', 1],
  ['pair', 1],
  ['loop', 1],
  ['yielding', 1],
  ['signal', 2],
  ['handoff', 1],
  ['leaky', 1],
  ['abort', 1],
  ['branch', 2],
  ['fails', 1],
];

function pick<T>(list: readonly T[], random: Random): T {
  return list[random(list.length)] as T;
}

/** One to three of the list, and now and then all. */
function some<T>(list: readonly T[], random: Random): readonly T[] {
  if (random(6) === 0) return list;
  return Array.from({ length: 1 + random(3) }, () => pick(list, random));
}

function drawKinds(random: Random): Stmt['kind'][] {
  const allowed = KINDS.filter(([kind], i) => i < 4 || random(100) < (kind === 'group' ? 50 : 30));
  return allowed.flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind));
}

function palette(random: Random): Palette {
  return {
    random,
    vias: ['direct', ...some(VIAS, random)],
    hands: ['await', 'await', ...some(HANDS, random)],
    flavours: ['async', ...some(FLAVOURS, random)],
    shapes: ['call', ...some(SHAPES, random)],
    joins: ['await', ...some(ATTACHED, random)],
    detached: ['void', ...some(DETACHED, random)],
    works: random(3) === 0 ? ['body'] : ['body', ...some(WORKS, random)],
    rivals: random(3) === 0 ? RIVALS : ['none'],
    ticks: some(TICKS, random),
    kinds: drawKinds(random),
    sharedCount: random(5) < 2 ? 1 + random(2) : 0,
    levelLocks: random(3) === 0,
    budget: 8 + random(random(4) === 0 ? 40 : 18),
  };
}

export function drawProgram(random: Random): Program {
  const from = palette(random);
  const shared = Array.from({ length: from.sharedCount }, () => sharedFunction(from));
  const main = block(from, 0);
  const starts = shared.map((_, fn) => make.child([], { work: 'call', fn, join: pick(['await', 'void'], random) }));
  return {
    main: [...main, ...starts],
    shared,
    oneLine: random(6) === 0,
    workerLock: random(2) === 0,
  };
}

/** A function that calls itself or another shared one while it holds something. */
function sharedFunction(from: Palette): Block {
  from.budget = Math.max(from.budget, 5);
  return [take(from, 1), ...block(from, 1)];
}

function block(from: Palette, depth: number): Block {
  const stmts: Stmt[] = [];
  const length = depth === 0 ? 1 + from.random(4) : from.random(4);
  for (let i = 0; i < length && from.budget > 0; i++) stmts.push(statement(from, depth));
  return stmts;
}

function lockFor(from: Palette): string {
  return from.levelLocks && from.random(2) === 0 ? 'level' : 'own';
}

function statement(from: Palette, depth: number): Stmt {
  from.budget -= 1;
  const { random } = from;
  const kind = depth > 5 ? 'tick' : pick(from.kinds, random);
  const body = (): Block => block(from, depth + 1);
  switch (kind) {
    case 'tick':
      return tick(from);
    case 'take':
      return take(from, depth);
    case 'scope':
      return make.scope(lockFor(from), body(), { callback: callbackKind(random), rival: pick(from.rivals, random) });
    case 'try':
      return { kind, lock: lockFor(from), guard: random(2) === 0, body: body() };
    case 'pair':
      return { kind, how: pick(PAIRS, random), fifo: random(2) === 0, body: body(), tail: body() };
    case 'child':
      return child(from, depth);
    case 'group':
      return group(from, depth);
    case 'loop':
      return { kind, times: 2 + random(2), body: body() };
    case 'fails':
      return { kind, body: body() };
    case 'leaky':
      return { kind, lock: lockFor(from), body: body() };
    case 'branch':
      return { kind, yes: body(), no: body() };
    case 'yielding':
    case 'signal':
    case 'handoff':
    case 'abort':
      return rare(kind, from, depth);
  }
}

function tick(from: Palette): Stmt {
  const { random } = from;
  const how = pick(from.ticks, random);
  return make.tick(how, how === 'timer' ? 1 : 1 + random(random(4) === 0 ? 8 : 2));
}

function rare(kind: 'yielding' | 'signal' | 'handoff' | 'abort', from: Palette, depth: number): Stmt {
  const { random } = from;
  const flag = (): boolean => random(2) === 0;
  const body = block(from, depth + 1);
  switch (kind) {
    case 'yielding':
      return { kind, lock: lockFor(from), times: 1 + random(3), late: flag(), stops: random(4) === 0, body };
    case 'signal':
      return { kind, keeper: pick(KEEPERS, random), via: 'async1', waits: random(3) === 0, turns: random(5), body };
    case 'handoff':
      return { kind, how: pick(HANDOFFS, random), lock: 'own', body, after: block(from, depth + 1) };
    case 'abort':
      return { kind, how: flag() ? 'signal' : 'timeout', body };
  }
}

function callbackKind(random: Random): (typeof CALLBACKS)[number] {
  return random(2) === 0 ? 'async' : pick(CALLBACKS, random);
}

function take(from: Palette, depth: number): Take {
  const { random } = from;
  return make.take(lockFor(from), block(from, depth + 1), {
    via: pick(from.vias, random),
    hand: pick(from.hands, random),
    ownHelper: random(2) === 0,
    safe: random(2) === 0,
    rival: pick(from.rivals, random),
  });
}

function work(from: Palette, depth: number): Omit<Work, 'shape'> {
  const { random } = from;
  const calls = from.sharedCount > 0 && random(2) === 0;
  const drawn = calls ? 'call' : pick(from.works, random);
  const kind = drawn === 'call' && from.sharedCount === 0 ? 'body' : drawn;
  return {
    work: kind,
    flavour: pick(from.flavours, random),
    fn: random(Math.max(from.sharedCount, 1)),
    lock: lockFor(from),
    body: kind === 'call' ? [] : block(from, depth + 1),
  };
}

function child(from: Palette, depth: number): Child {
  const { random } = from;
  const join = pick(random(2) === 0 ? from.detached : from.joins, random);
  const waits = join === 'later' || join === 'deferred';
  const done = work(from, depth);
  return make.child(done.body, {
    ...done,
    // Only a body can be told to go on after its signal.
    work: join === 'deferred' && done.work === 'call' ? 'body' : done.work,
    shape: pick(from.shapes, random),
    join,
    between: waits ? block(from, depth + 1) : [],
    after: join === 'deferred' ? block(from, depth + 1) : [],
  });
}

function group(from: Palette, depth: number): Stmt {
  const { random } = from;
  const part = (): Part => ({ kind: 'part', ...work(from, depth), shape: pick(from.shapes, random) });
  const parts = Array.from({ length: 1 + random(3) }, part);
  const join = pick(['await', 'await', 'later', 'void'] as const, random);
  return make.group(pick(COMBINATORS, random), parts, {
    join,
    between: join === 'later' ? block(from, depth + 1) : [],
  });
}
