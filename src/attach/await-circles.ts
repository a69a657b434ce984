/**
 * Functions that await each other in a circle: none of them can go on.
 *
 * Invariant: a function is in one circle at most, and in none where a function outside can still settle what is waited for.
 * Cost: linear in functions and ties. Pure.
 */
interface Awaits {
  /** Indices of those that await it. */
  readonly awaiters: readonly number[];
  readonly awaited: readonly number[];
}

/** Functions of which each awaits the one before it, and the first awaits the last. */
export interface AwaitCircle {
  /** By index. */
  readonly functions: readonly number[];
  /** How many others wait for one of them and for nothing else. */
  readonly waiting: number;
}

/** The circles that those run into whom no stack reaches. */
export function findCircles(all: readonly Awaits[]): AwaitCircle[] {
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
