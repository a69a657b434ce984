/**
 * The await tree of the suspended functions, folded: equal stacks are one with a count.
 *
 * A stack begins at a function that awaits no other, and goes on with those that await it. Where several do, it branches. Functions
 * that are hidden (Node's own, this package's) are left out, and what awaits them stands in their place.
 *
 * Invariant: every shown function is in a stack, in a circle, or among the untied, the generators of which nobody knows whether
 * a promise waits for them. Two stacks are equal when all their lines and branches are. Circles among functions end a stack.
 *
 * Cost: linear in functions and ties; branches are compared by number, not by content. Pure.
 */

/** A function, as it is shown. */
export interface TreeFunction {
  /** Equal for functions that are to be folded. That of a hidden one is shown where it is innermost; it may be ''. */
  readonly label: string;
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
}

export interface AwaitTree {
  /** The most frequent first. */
  readonly groups: readonly StackGroup[];
  readonly circles: readonly AwaitCircle[];
  /** By index. */
  readonly untied: readonly number[];
  /** Stacks of hidden functions alone. */
  readonly hidden: number;
}

/** Functions of which each awaits the one before it, and the first awaits the last. */
export interface AwaitCircle {
  /** By index. */
  readonly functions: readonly number[];
  /** How many others wait for one of them and for nothing else. */
  readonly waiting: number;
}

/** Functions of one stack, with its branches. */
export const MAX_STACK = 100;

export function foldAwaits(all: readonly TreeFunction[]): AwaitTree {
  const folder = new Folder(all);
  const groups = new Map<string, { count: number; waitsFor: string; example: number }>();
  let hidden = 0;
  for (const { shown, waitsFor } of all.flatMap((_, index) => folder.startsAt(index))) {
    if (shown === undefined) {
      hidden += 1;
      continue;
    }
    const key = `${folder.signature(shown)} ${waitsFor}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { count: 1, waitsFor, example: shown });
    else group.count += 1;
  }
  const sorted = [...groups.values()].sort((one, other) => other.count - one.count);
  return {
    groups: sorted.map(({ count, waitsFor, example }) => ({
      count,
      waitsFor,
      stack: folder.stack(example, count, { left: MAX_STACK }),
    })),
    circles: findCircles(all),
    untied: all.flatMap((each, index) => (each.isTied || each.isHidden ? [] : index)),
    hidden,
  };
}

interface Start {
  /** undefined where nothing that awaits it is shown. */
  readonly shown: number | undefined;
  readonly waitsFor: string;
}

/** Compares what awaits a function, and makes stacks of it. */
class Folder {
  readonly #all: readonly TreeFunction[];
  readonly #signatures = new Map<number, number>();
  /** From the text of a signature to its number. */
  readonly #numbers = new Map<string, number>();

  constructor(all: readonly TreeFunction[]) {
    this.#all = all;
  }

  /** The stacks that begin with this function: none where it awaits another, several where it is hidden and has several awaiters. */
  startsAt(index: number): Start[] {
    const each = this.#at(index);
    if (each.awaited.length > 0 || !each.isTied) return [];
    if (!each.isHidden) return [{ shown: index, waitsFor: each.lock || each.waitsFor }];
    const waitsFor = [each.label, each.waitsFor].filter((text) => text !== '').join(', ');
    const awaiters = this.#shownAwaiters(index);
    if (awaiters.length === 0) return [{ shown: undefined, waitsFor }];
    return awaiters.map((shown) => ({ shown, waitsFor: this.#at(shown).lock || waitsFor }));
  }

  /** Equal for functions with equal labels, awaited by equal functions. Without recursion: chains may be very long. */
  signature(index: number): number {
    const open = new Set<number>();
    const stack = [index];
    while (stack.length > 0) {
      const top = stack.at(-1) as number;
      const missing = this.#signatures.has(top)
        ? []
        : this.#shownAwaiters(top).filter((each) => !this.#signatures.has(each) && !open.has(each) && each !== top);
      if (missing.length > 0) {
        open.add(top);
        stack.push(...missing);
        continue;
      }
      stack.pop();
      open.delete(top);
      this.#sign(top);
    }
    return this.#signatures.get(index) as number;
  }

  /** The function and what awaits it, as far as the budget goes: branches that meet again would multiply without it. */
  stack(example: number, count: number, budget: { left: number }): StackNode {
    budget.left -= 1;
    const found = new Map<number, { example: number; count: number }>();
    for (const awaiter of this.#shownAwaiters(example)) {
      const signature = this.signature(awaiter);
      const equal = found.get(signature);
      if (equal === undefined) found.set(signature, { example: awaiter, count: 1 });
      else equal.count += 1;
    }
    const awaitedBy: StackNode[] = [];
    for (const branch of [...found.values()].sort((one, other) => other.count - one.count)) {
      if (budget.left <= 0) return { example, count, awaitedBy, isCut: true };
      awaitedBy.push(this.stack(branch.example, branch.count, budget));
    }
    return { example, count, awaitedBy };
  }

  #sign(index: number): void {
    if (this.#signatures.has(index)) return;
    const of = this.#shownAwaiters(index).map((each) => this.#signatures.get(each) ?? -1);
    const text = `${this.#at(index).label}\n${of.sort((one, other) => one - other).join()}`;
    const number = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, number);
    this.#signatures.set(index, number);
  }

  /** Those that await it; in the place of a hidden one those that await that. */
  #shownAwaiters(index: number): number[] {
    const found = new Set<number>();
    const seen = new Set([index]);
    const hidden = new Set([index]);
    for (const from of hidden) {
      for (const awaiter of this.#at(from).awaiters) {
        if (seen.has(awaiter)) continue;
        seen.add(awaiter);
        (this.#at(awaiter).isHidden ? hidden : found).add(awaiter);
      }
    }
    return [...found];
  }

  #at(index: number): TreeFunction {
    return this.#all[index] as TreeFunction;
  }
}

/** The circles that those run into whom no stack reaches. */
function findCircles(all: readonly TreeFunction[]): AwaitCircle[] {
  const reached = new Set(all.flatMap((each, index) => (each.awaited.length === 0 ? index : [])));
  for (const index of reached) for (const awaiter of all[index]?.awaiters ?? []) reached.add(awaiter);
  /** By function: the first of the circle that it runs into. */
  const ends = new Map<number, number>();
  const circles = new Map<number, { functions: readonly number[]; waiting: number }>();
  for (const start of all.keys()) {
    if (reached.has(start) || ends.has(start)) continue;
    const path = new Set<number>();
    let index = start;
    for (; !path.has(index) && !ends.has(index); index = all[index]?.awaited[0] as number) path.add(index);
    const walked = [...path];
    const end = ends.get(index) ?? index;
    for (const each of walked) ends.set(each, end);
    const circle = circles.get(end);
    if (circle !== undefined) circle.waiting += walked.length;
    else circles.set(end, { functions: walked.slice(walked.indexOf(index)), waiting: walked.indexOf(index) });
  }
  return [...circles.values()];
}
