/**
 * At which `await` each suspended function stands.
 *
 * The inspector tells it for one object at a time, and walks the whole heap for each. So functions are put into classes: the same
 * function, the same kinds of values in its registers, and a wait for the same thing. A few of each class are read, and where
 * those agree the others are taken to stand there too; where they differ, more are read, and the rest have no position.
 *
 * Invariant: what was read of an object is its own position, whatever its class. Classes are read in turn, those first that wait for no
 * other function, so that a budget that ends early has seen most classes once. Cost: 60 ms for an object of a small heap.
 */
import type { Awaiting } from './awaits.js';

/** From 1; in the script of the function. */
export interface AwaitPosition {
  readonly line: number;
  readonly column: number;
}

export interface Positions {
  /** By index of the function. */
  readonly at: ReadonlyMap<number, AwaitPosition>;
  /** How many of them were read themselves. */
  readonly read: number;
}

/** Reads the position of the object with this id; undefined where it is gone, or has gone on. */
export type ReadPosition = (id: number) => Promise<AwaitPosition | undefined>;

/** Read of each class, unless they differ. */
const SAMPLES = 3;

interface PositionClass {
  readonly members: readonly number[];
  readonly isLeaf: boolean;
  /** By index, for those that were read. */
  readonly read: Map<number, AwaitPosition | undefined>;
}

/** `isOver` says that the budget is used up. */
export async function findPositions(
  all: readonly Awaiting[],
  read: ReadPosition,
  isOver: () => boolean,
): Promise<Positions> {
  const classes = classesOf(all);
  const wanted = (each: PositionClass, round: number): boolean =>
    round < each.members.length && (round < SAMPLES || !agrees(each));
  for (let round = 0; classes.some((each) => wanted(each, round)); round++) {
    for (const each of classes) {
      if (!wanted(each, round)) continue;
      if (isOver()) return positionsOf(classes);
      const index = each.members[round] as number;
      each.read.set(index, await read((all[index] as Awaiting).id));
    }
  }
  return positionsOf(classes);
}

const byText = (one: string, other: string): number => (one < other ? -1 : Number(one > other));

/** Leaves first, and of these the largest class first. */
function classesOf(all: readonly Awaiting[]): PositionClass[] {
  const names = all.map(({ file, line, column, name, kind }) => `${kind} ${file}:${line}:${column} ${name}`);
  const classes = new Map<string, number[]>();
  for (const [index, { registers, awaited, holder }] of all.entries()) {
    const others = new Set(awaited.map((other) => names[other] ?? ''));
    const key = JSON.stringify([names[index], registers, [...others].sort(byText), holder?.id]);
    const members = classes.get(key);
    if (members === undefined) classes.set(key, [index]);
    else members.push(index);
  }
  return [...classes.values()]
    .map((members) => ({ members, isLeaf: all[members[0] as number]?.awaited.length === 0, read: new Map() }))
    .sort((one, other) => Number(other.isLeaf) - Number(one.isLeaf) || other.members.length - one.members.length);
}

function agrees({ read }: PositionClass): boolean {
  const known = [...read.values()].filter((position) => position !== undefined);
  return known.every(({ line, column }) => line === known[0]?.line && column === known[0]?.column);
}

function positionsOf(classes: readonly PositionClass[]): Positions {
  const at = new Map<number, AwaitPosition>();
  let count = 0;
  for (const each of classes) {
    count += each.read.size;
    const common = agrees(each) ? [...each.read.values()].find((position) => position !== undefined) : undefined;
    for (const index of each.members) {
      const position = each.read.has(index) ? each.read.get(index) : common;
      if (position !== undefined) at.set(index, position);
    }
  }
  return { at, read: count };
}
