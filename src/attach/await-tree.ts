/**
 * The await tree of the suspended functions, folded: equal stacks are one with a count.
 *
 * A stack begins at a function that awaits no other, and goes on with those that await it. Where several do, it branches. Functions
 * that are hidden (Node's own, this package's) are left out, and what awaits them stands in their place.
 *
 * Invariant: every shown function is in a stack, among the unread of one, in a circle, or among the untied, the generators of which
 * nobody knows whether a promise waits for them. Two stacks are equal when all their lines and branches are; a line that was not read
 * equals none that was. Circles among functions end a stack.
 *
 * Cost: linear in functions and ties; branches are compared by number, not by content. Pure.
 */
import { findCircles, type AwaitCircle } from './await-circles.js';
import { shownAwaiters, Signatures } from './signatures.js';

/** A function, as it is shown. */
export interface TreeFunction {
  /** Equal for functions that are to be folded. That of a hidden one is shown where it is innermost; it may be ''. */
  readonly label: string;
  /** Which function it is, wherever it stands. */
  readonly functionLabel: string;
  /** Is it known where it stands? */
  readonly isRead: boolean;
  readonly isHidden: boolean;
  /** False for a generator that no promise waits for. */
  readonly isTied: boolean;
  /** What it waits for, where that is no function; '' when unknown. Equal texts are folded. */
  readonly waitsFor: string;
  /** The lock that its program says it waits for; '' for none. It counts more than `waitsFor`. */
  readonly lock: string;
  /** Indices of those that await it. */
  readonly awaiters: readonly number[];
  readonly awaited: readonly number[];
}

/** One function of a stack, standing for all that are equal to it. */
export interface StackNode {
  /** One of them, by index. */
  readonly example: number;
  /** How many of them await the function before it. */
  readonly count: number;
  readonly awaitedBy: readonly StackNode[];
  /** Present where more follow than are kept. */
  readonly isCut?: true;
}

export interface StackGroup {
  readonly count: number;
  readonly waitsFor: string;
  readonly stack: StackNode;
  /** Stacks of the very functions of this group, and of those right before it, of which it is not known at which lines they stand. */
  readonly unread: number;
}

export interface AwaitTree {
  /** The most frequent first, groups of the same functions together. */
  readonly groups: readonly StackGroup[];
  readonly circles: readonly AwaitCircle[];
  /** By index. */
  readonly untied: readonly number[];
  /** Stacks of hidden functions alone. */
  readonly hidden: number;
}

/** Functions of one stack, with its branches. */
export const MAX_STACK = 100;

export function foldAwaits(all: readonly TreeFunction[]): AwaitTree {
  const folder = new Folder(all);
  const groups = new Map<string, Group>();
  let hidden = 0;
  const starts = all.flatMap((_, index) => folder.startsAt(index));
  const queuedFor = new Set(starts.filter(isQueued).map(({ lock }) => lock));
  for (const start of starts) {
    const { shown, family, lock } = start;
    // Who has a lock may stand at the same place as who waits for it: in the `await` of a scope.
    const waitsFor = lock === '' || (queuedFor.has(lock) && !isQueued(start)) ? start.waitsFor : lock;
    if (shown === undefined) {
      hidden += 1;
      continue;
    }
    const key = `${folder.signatures.of(shown)} ${waitsFor}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { count: 1, waitsFor, family, example: shown });
    else group.count += 1;
  }
  return {
    groups: families(groups.values()).flatMap((family) => folder.family(family)),
    circles: findCircles(all),
    untied: all.flatMap((each, index) => (each.isTied || each.isHidden ? [] : index)),
    hidden,
  };
}

interface Group {
  count: number;
  readonly waitsFor: string;
  /** Equal for groups of the same functions, wherever they stand. */
  readonly family: string;
  readonly example: number;
}

/** Both the families and the groups in them by size. */
function families(groups: Iterable<Group>): (readonly Group[])[] {
  const found = new Map<string, { count: number; readonly groups: Group[] }>();
  for (const group of [...groups].sort((one, other) => other.count - one.count)) {
    const family = found.get(group.family);
    if (family === undefined) found.set(group.family, { count: group.count, groups: [group] });
    else {
      family.groups.push(group);
      family.count += group.count;
    }
  }
  return [...found.values()].sort((one, other) => other.count - one.count).map((family) => family.groups);
}

interface Start {
  /** undefined where nothing that awaits it is shown. */
  readonly shown: number | undefined;
  readonly waitsFor: string;
  readonly lock: string;
  readonly family: string;
}

/** Is it seen to wait in the queue of a lock of this package? */
function isQueued({ waitsFor }: Start): boolean {
  return /\b(?:\w*Waiter|\w*Work)\./.test(waitsFor);
}

/** Compares what awaits a function, and makes stacks of it. */
class Folder {
  readonly #all: readonly TreeFunction[];
  /** By where the functions stand. */
  readonly signatures: Signatures;
  /** By the functions alone. */
  readonly #families: Signatures;

  constructor(all: readonly TreeFunction[]) {
    this.#all = all;
    const awaiters = (index: number): number[] => shownAwaiters(all, index);
    this.signatures = new Signatures((index) => this.#at(index).label, awaiters);
    this.#families = new Signatures((index) => this.#at(index).functionLabel, awaiters);
  }

  /** The stacks that begin with this function: none where it awaits another, several where it is hidden and has several awaiters. */
  startsAt(index: number): Start[] {
    const each = this.#at(index);
    if (each.awaited.length > 0 || !each.isTied) return [];
    if (!each.isHidden) return [this.#start(index, each.waitsFor)];
    const waitsFor = [each.label, each.waitsFor].filter((text) => text !== '').join(', ');
    const awaiters = shownAwaiters(this.#all, index);
    if (awaiters.length === 0) return [{ shown: undefined, waitsFor, lock: '', family: '' }];
    return awaiters.map((shown) => this.#start(shown, waitsFor));
  }

  /** Those that are not read whole are counted beside those that are, and shown only where there are none of these. */
  family(groups: readonly Group[]): StackGroup[] {
    const all = groups.map(({ count, waitsFor, example }) => ({
      count,
      waitsFor,
      stack: this.#stack(example, count, { left: MAX_STACK }),
      unread: 0,
    }));
    const read = all.filter(({ stack }) => this.#isRead(stack));
    const last = read.pop();
    if (last === undefined) return all;
    const unread = all.reduce((sum, { stack, count }) => sum + (this.#isRead(stack) ? 0 : count), 0);
    return [...read, { ...last, unread }];
  }

  #start(shown: number, waitsFor: string): Start {
    const family = `${this.#families.of(shown)} ${waitsFor}`;
    return { shown, waitsFor, lock: this.#at(shown).lock, family };
  }

  #isRead({ example, awaitedBy }: StackNode): boolean {
    return this.#at(example).isRead && awaitedBy.every((branch) => this.#isRead(branch));
  }

  /** The function and what awaits it, as far as the budget goes: branches that meet again would multiply without it. */
  #stack(example: number, count: number, budget: { left: number }): StackNode {
    budget.left -= 1;
    const found = new Map<number, { example: number; count: number }>();
    for (const awaiter of shownAwaiters(this.#all, example)) {
      const signature = this.signatures.of(awaiter);
      const equal = found.get(signature);
      if (equal === undefined) found.set(signature, { example: awaiter, count: 1 });
      else equal.count += 1;
    }
    const awaitedBy: StackNode[] = [];
    for (const branch of [...found.values()].sort((one, other) => other.count - one.count)) {
      if (budget.left <= 0) return { example, count, awaitedBy, isCut: true };
      awaitedBy.push(this.#stack(branch.example, branch.count, budget));
    }
    return { example, count, awaitedBy };
  }

  #at(index: number): TreeFunction {
    return this.#all[index] as TreeFunction;
  }
}
