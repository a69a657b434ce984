/** Makes a failing program smaller, step by step, as long as it fails. */
import type { Program } from './program.js';

type Json = Readonly<Record<string, unknown>>;

/** The plainest value of a field, if it has one. */
const PLAIN: Readonly<Record<string, readonly unknown[]>> = {
  via: ['direct', 'async1'],
  hand: ['await'],
  lock: ['own'],
  rival: ['none'],
  callback: ['async'],
  work: ['body'],
  flavour: ['async'],
  shape: ['call'],
  join: ['await', 'void', 'later'],
  times: [1],
  turns: [1],
  fn: [0],
  how: ['turn', 'all', 'direct', 'variable'],
  keeper: ['function'],
  ownHelper: [true],
  safe: [false],
  guard: [false],
  fifo: [false],
  late: [false],
  stops: [false],
  waits: [false],
  oneLine: [false],
  workerLock: [false],
};

/** Which plain values of `how` belong to which statement. */
const HOWS: Readonly<Record<string, string>> = { turn: 'tick', all: 'group', direct: 'pair', variable: 'handoff' };

/** Every program that is one step smaller than `program`, the smallest first. */
export function* smaller(program: Program): Generator<Program, void, undefined> {
  yield* withSmaller(program as unknown as Json) as unknown as Generator<Program, void, undefined>;
}

function* withSmaller(node: Json): Generator<Json, void, undefined> {
  for (const [key, value] of Object.entries(node)) {
    if (!Array.isArray(value)) continue;
    for (const list of smallerList(value as Json[], key !== 'parts' && key !== 'shared'))
      yield { ...node, [key]: list };
  }
  for (const [key, value] of Object.entries(node)) {
    for (const plain of PLAIN[key] ?? []) {
      if (plain === value) break;
      if (key === 'how' && HOWS[plain as string] !== node['kind']) continue;
      yield { ...node, [key]: plain };
    }
  }
}

function* smallerList(list: readonly Json[], isBlock: boolean): Generator<readonly unknown[], void, undefined> {
  if (list.length > 1) yield [];
  if (list.length > 3) {
    const half = list.length >> 1;
    yield list.slice(half);
    yield list.slice(0, half);
  }
  for (const i of list.keys()) yield list.toSpliced(i, 1);
  for (const [i, item] of list.entries()) {
    if (isBlock) for (const inner of innerBlocks(item)) yield list.toSpliced(i, 1, ...inner);
    // A shared function is itself a list of statements.
    const items = Array.isArray(item) ? smallerList(item as Json[], true) : withSmaller(item);
    for (const replacement of items) yield list.toSpliced(i, 1, replacement as Json);
  }
}

function innerBlocks(item: Json): Json[][] {
  return Object.entries(item)
    .filter(([key, value]) => key !== 'parts' && Array.isArray(value) && value.length > 0)
    .map(([, value]) => value as Json[]);
}

/** The smallest program found within `budget` attempts for which `fails` still holds. */
export async function shrink(
  program: Program,
  fails: (candidate: Program) => Promise<boolean>,
  budget = 1500,
): Promise<Program> {
  let best = program;
  let left = budget;
  for (let found = true; found && left > 0;) {
    found = false;
    for (const candidate of smaller(best)) {
      if (left-- <= 0) break;
      if (!(await fails(candidate))) continue;
      best = candidate;
      found = true;
      break;
    }
  }
  return best;
}
