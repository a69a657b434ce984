/**
 * At which `await` the suspended functions stand, as far as that can be read in the time that there is.
 *
 * The inspector tells it for one object at a time, and walks the whole heap for each. So whole stacks are read, in an order in which
 * those that differ come first. Stacks are alike, and of one class, where their functions are the same, with the same kinds of values in
 * their registers, and wait for the same thing. Classes of the same functions are a family: the one that is deadlocked and those
 * that queue behind it.
 *
 * Invariant: a position is that of the very object it was read of; nothing is concluded for another one. Functions in circles
 * are read first, then one stack of a class of each family, then of the next class of each, and so on; of rare classes and of large
 * ones by turns, since it is the rare one that holds what the others want. No more than `SAMPLES` stacks of a class are read, unless they
 * differ. Cost: 60 ms for an object of a small heap.
 */
import type { Awaiting } from './awaits.js';
import { findCircles } from './await-circles.js';
import { MAX_STACK } from './await-tree.js';
import { shownAwaiters, Signatures } from './signatures.js';

/** From 1; in the script of the function. */
export interface AwaitPosition {
  readonly line: number;
  readonly column: number;
}

export interface Positions {
  /** By index of the function. */
  readonly at: ReadonlyMap<number, AwaitPosition>;
  /** How many objects were asked for theirs. */
  readonly read: number;
  /** Did the time end before all was read that was to be? */
  readonly isCut: boolean;
}

export const NO_POSITIONS: Positions = { at: new Map(), read: 0, isCut: false };

/** A function to read, and whether it is shown. */
export interface ReadableFunction extends Awaiting {
  readonly isHidden: boolean;
}

/** Reads the position of the object with this id; undefined where it is gone, or has gone on. */
export type ReadPosition = (id: number) => Promise<AwaitPosition | undefined>;

/** Stacks that are read of a class, unless they differ. */
export const SAMPLES = 3;

/** Functions of a stack that are read before more of another one are. */
const INNERMOST = 8;

/** Stacks that are alike, by the functions that they begin with. */
interface StackClass {
  readonly leaves: number[];
  /** The places at which those that were read stand. */
  readonly seen: Set<string>;
}

/** `isOver` says that the time is used up. */
export async function findPositions(
  all: readonly ReadableFunction[],
  read: ReadPosition,
  isOver: () => boolean,
): Promise<Positions> {
  const reader = new StackReader(all, read, isOver);
  const inCircles = findCircles(all).flatMap(({ functions }) => functions);
  await reader.readEach(inCircles.filter((index) => all[index]?.isHidden === false));
  const families = familiesOf(all, reader.alike);
  for (const depth of [INNERMOST, MAX_STACK]) {
    // Each family is at its own place, and drops out at its end.
    const walks = families.map((classes) => candidates(classes));
    for (let open = walks; open.length > 0 && !reader.isCut;) {
      const left: typeof walks = [];
      for (const walk of open) {
        const { value, done } = walk.next();
        if (done === true) continue;
        left.push(walk);
        await reader.readStack(value, depth);
      }
      open = left;
    }
  }
  return { at: reader.at, read: reader.count, isCut: reader.isCut };
}

interface Candidate {
  readonly leaf: number;
  readonly of: StackClass;
}

/** Of each class the first, then the second, until there are as many as are wanted. */
function* candidates(classes: readonly StackClass[]): Generator<Candidate, void> {
  const isWanted = ({ leaves, seen }: StackClass, sample: number): boolean =>
    sample < leaves.length && (sample < SAMPLES || seen.size > 1);
  let left = classes;
  for (let sample = 0; left.length > 0; sample++) {
    left = left.filter((each) => isWanted(each, sample));
    for (const each of left) yield { leaf: each.leaves[sample] as number, of: each };
  }
}

/** Families, and the classes of each. */
function familiesOf(all: readonly ReadableFunction[], alike: Signatures): StackClass[][] {
  const functions = new Signatures(
    (index) => nameOf(all[index] as ReadableFunction),
    (index) => shownAwaiters(all, index),
  );
  const families = new Map<string, Map<string, StackClass>>();
  for (const [leaf, { awaited, kind, holder }] of all.entries()) {
    if (awaited.length > 0 || kind === 'generator') continue;
    const family = `${functions.of(leaf)} ${holder?.name ?? ''}`;
    const classes = families.get(family) ?? new Map<string, StackClass>();
    families.set(family, classes);
    const key = `${alike.of(leaf)} ${holder?.id ?? ''}`;
    const found = classes.get(key);
    if (found === undefined) classes.set(key, { leaves: [leaf], seen: new Set() });
    else found.leaves.push(leaf);
  }
  const size = (classes: readonly StackClass[]): number => classes.reduce((sum, { leaves }) => sum + leaves.length, 0);
  const sorted = [...families.values()].map((classes) => byTurns([...classes.values()], ({ leaves }) => leaves.length));
  return byTurns(sorted, size);
}

/** The smallest, the largest, the next to the smallest, and so on. */
function byTurns<T>(all: readonly T[], size: (each: T) => number): T[] {
  const sorted = all.toSorted((one, other) => size(one) - size(other));
  return sorted.map((_, turn) => (turn % 2 === 0 ? sorted[turn / 2] : sorted.at(-(turn + 1) / 2)) as T);
}

const nameOf = ({ kind, file, line, column, name }: Awaiting): string => `${kind} ${file}:${line}:${column} ${name}`;

class StackReader {
  readonly at = new Map<number, AwaitPosition>();
  count = 0;
  isCut = false;
  readonly alike: Signatures;
  readonly #all: readonly ReadableFunction[];
  readonly #read: ReadPosition;
  readonly #isOver: () => boolean;
  readonly #asked = new Set<number>();

  constructor(all: readonly ReadableFunction[], read: ReadPosition, isOver: () => boolean) {
    this.#all = all;
    this.#read = read;
    this.#isOver = isOver;
    this.alike = new Signatures(
      (index) => `${nameOf(all[index] as ReadableFunction)} ${all[index]?.registers}`,
      (index) => shownAwaiters(all, index),
    );
  }

  async readStack({ leaf, of }: Candidate, depth: number): Promise<void> {
    const stack = this.#stack(leaf, depth);
    await this.readEach(stack);
    const places = stack.map((index) => this.at.get(index)).map((place) => `${place?.line}:${place?.column}`);
    of.seen.add(places.join());
  }

  async readEach(functions: readonly number[]): Promise<void> {
    for (const index of functions) {
      if (this.#asked.has(index)) continue;
      this.isCut ||= this.#isOver();
      if (this.isCut) return;
      this.#asked.add(index);
      this.count += 1;
      const position = await this.#read((this.#all[index] as ReadableFunction).id);
      if (position !== undefined) this.at.set(index, position);
    }
  }

  /** The function and those that await it, innermost first; of awaiters that are alike one. */
  #stack(leaf: number, depth: number): number[] {
    const found = new Set(this.#all[leaf]?.isHidden === true ? [] : [leaf]);
    const walked = new Set([leaf]);
    for (const index of walked) {
      const kinds = new Set<number>();
      for (const awaiter of shownAwaiters(this.#all, index)) {
        if (found.size >= depth) return [...found];
        const kind = this.alike.of(awaiter);
        if (kinds.has(kind)) continue;
        kinds.add(kind);
        found.add(awaiter);
        walked.add(awaiter);
      }
    }
    return [...found];
  }
}
