/**
 * The wait table as a forest: those that hold what others wait for, and wait for nobody themselves, are the roots; below each
 * flow are those that wait for it, equal ones folded.
 *
 * Invariant: each wait for what somebody holds is in the forest once, below the first of those that hold it. A flow of a circle is a root;
 * its wait is told by the circle. A circle that the table does not have is a suspicion: each flow holds what the one before it wants, but
 * it is not known whether what holds it waits.
 *
 * Cost: linear in the table. Pure, and without recursion: a chain of waits may be very long.
 */
import { plain } from '../platform/plain-text.js';
import type { WaitTable, WaitTableFlow, WaitTableHold, WaitTableWait } from './wait-data.js';
import { lockNames } from './wait-lines.js';

/** A lock that a flow holds or wants. */
export interface TreeLock {
  readonly lock: string;
  readonly mode: string;
  readonly site: string;
  readonly since: number;
}

/** A flow, standing for all that are equal to it. */
export interface TreeFlow {
  readonly flow: number;
  readonly task: string;
  readonly count: number;
  readonly holds: readonly TreeLock[];
  /** What it waits for; absent for a root that waits for nothing. */
  readonly waitsFor?: TreeLock;
  /** Others that hold what it waits for, besides the one above it. */
  readonly others: number;
  /** Those that wait for it, the most first. */
  readonly waiters: readonly TreeFlow[];
  /** How many wait for one of them, be it over others. Very far in they are counted alone. */
  readonly total: number;
}

export interface TreeDeadlock {
  readonly isSuspected: boolean;
  readonly flows: readonly TreeFlow[];
}

export interface WaitTree {
  readonly version: 1;
  readonly pid: number;
  readonly at: number;
  /** Circles of flows of which each waits for the next one, by number. */
  readonly cycles: readonly (readonly number[])[];
  /** The same with what each holds and wants, and circles that are suspected. */
  readonly deadlocks: readonly TreeDeadlock[];
  /** Those first that most wait for. */
  readonly roots: readonly TreeFlow[];
  /** Waits for what nobody is known to hold. */
  readonly unheld: readonly TreeFlow[];
  /** Flows that hold what nobody waits for. */
  readonly undisturbed: number;
}

export function waitTree(table: WaitTable): WaitTree {
  const blocked = new Map(table.waits.filter(isBlocked).map((wait) => [wait.flow, wait]));
  const suspected = suspectedCycles(blocked, new Set(table.cycles.flat()));
  const inCycle = new Set([...table.cycles, ...suspected].flat());
  const forest = new Forest(table, inCycle);
  for (const { flow } of table.flows) {
    if (forest.hasWaiters(flow) && (inCycle.has(flow) || !blocked.has(flow))) forest.grow(flow);
  }
  // What is left waits for each other over locks that several hold.
  for (const { flow } of table.flows) if (forest.hasWaiters(flow) && !forest.has(flow)) forest.grow(flow);
  const awaited = new Set(table.waits.map(({ lock }) => lock));
  const deadlock = (cycle: readonly number[], isSuspected: boolean): TreeDeadlock => ({
    isSuspected,
    flows: cycle.map((flow) => forest.single(flow, blocked.get(flow))),
  });
  return {
    version: 1,
    pid: table.pid,
    at: table.at,
    cycles: table.cycles,
    deadlocks: [
      ...table.cycles.map((cycle) => deadlock(cycle, false)),
      ...suspected.map((cycle) => deadlock(cycle, true)),
    ],
    roots: forest.roots(),
    unheld: forest.fold(table.waits.filter((wait) => !isBlocked(wait)).map((wait) => forest.single(wait.flow, wait))),
    undisturbed: table.flows.filter(({ holds }) => holds.length > 0 && !holds.some(({ lock }) => awaited.has(lock)))
      .length,
  };
}

const isBlocked = ({ blockedBy }: WaitTableWait): boolean => blockedBy.length > 0;

/** Flows of which each waits for the next one and for no other, without an end in sight, where none of them is in a circle of the table. */
function suspectedCycles(blocked: ReadonlyMap<number, WaitTableWait>, known: ReadonlySet<number>): number[][] {
  const found: number[][] = [];
  const seen = new Set(known);
  for (const start of blocked.keys()) {
    const path = new Set<number>();
    let flow: number | undefined = start;
    for (; flow !== undefined && !seen.has(flow); flow = onlyBlocker(blocked.get(flow))) {
      seen.add(flow);
      path.add(flow);
    }
    if (flow === undefined || !path.has(flow)) continue;
    const walked = [...path];
    found.push(walked.slice(walked.indexOf(flow)));
  }
  return found;
}

function onlyBlocker(wait: WaitTableWait | undefined): number | undefined {
  return wait?.blockedBy.length === 1 && wait.bounded !== true && wait.parked !== true ? wait.blockedBy[0] : undefined;
}

/** A place in the forest. */
interface Place {
  readonly flow: number;
  readonly wait: WaitTableWait | undefined;
  readonly below: Place[];
  readonly depth: number;
}

/** As far as JSON can carry one in the other, and further than anybody reads. */
const MAX_DEPTH = 200;

class Forest {
  readonly #flows: ReadonlyMap<number, WaitTableFlow>;
  readonly #names: ReadonlyMap<number, string>;
  /** By the flow that is waited for. */
  readonly #waiters = new Map<number, WaitTableWait[]>();
  readonly #inCycle: ReadonlySet<number>;
  readonly #grown = new Set<number>();
  readonly #kinds = new WeakMap<TreeFlow, number>();
  /** From the text of a kind to its number. */
  readonly #numbers = new Map<string, number>();
  readonly #roots: Place[] = [];
  /** All places, those above before those below. */
  readonly #places: Place[] = [];

  constructor(table: WaitTable, inCycle: ReadonlySet<number>) {
    this.#flows = new Map(table.flows.map((flow) => [flow.flow, flow]));
    this.#names = lockNames(table);
    this.#inCycle = inCycle;
    for (const wait of table.waits) {
      const [first] = wait.blockedBy;
      if (first === undefined) continue;
      const those = this.#waiters.get(first);
      if (those === undefined) this.#waiters.set(first, [wait]);
      else those.push(wait);
    }
  }

  has(flow: number): boolean {
    return this.#grown.has(flow);
  }

  hasWaiters(flow: number): boolean {
    return this.#waiters.has(flow);
  }

  /** Makes the flow a root, with all that wait for it below. */
  grow(root: number): void {
    const first: Place = { flow: root, wait: undefined, below: [], depth: 0 };
    this.#roots.push(first);
    const open = [first];
    this.#grown.add(root);
    for (const place of open) {
      this.#places.push(place);
      for (const wait of this.#waiters.get(place.flow) ?? []) {
        // Its wait is told by the circle, and it is a root itself.
        if (this.#inCycle.has(wait.flow) && wait.flow !== root && this.#isOfCircle(wait)) continue;
        if (wait.flow === place.flow) continue;
        const below: Place = { flow: wait.flow, wait, below: [], depth: place.depth + 1 };
        place.below.push(below);
        if (this.#grown.has(wait.flow)) continue;
        this.#grown.add(wait.flow);
        open.push(below);
      }
    }
  }

  roots(): TreeFlow[] {
    const made = new Map<Place, TreeFlow>();
    for (const place of this.#places.toReversed()) {
      const below = place.below.map((each) => made.get(each) ?? this.single(each.flow, each.wait));
      const whole = this.single(place.flow, place.wait, this.fold(below));
      made.set(place, place.depth === MAX_DEPTH ? { ...whole, waiters: [] } : whole);
    }
    return this.#roots
      .map((place) => made.get(place) as TreeFlow)
      .filter(({ waiters }) => waiters.length > 0)
      .sort((one, other) => other.total - one.total);
  }

  /** Equal ones are one with a count. */
  fold(flows: readonly TreeFlow[]): TreeFlow[] {
    const found = new Map<number, TreeFlow[]>();
    for (const flow of flows) {
      const kind = this.#kindOf(flow);
      const equal = found.get(kind);
      if (equal === undefined) found.set(kind, [flow]);
      else equal.push(flow);
    }
    const folded = [...found].map(([kind, equal]) => {
      const total = equal.reduce((sum, each) => sum + each.total, 0);
      const made = { ...(equal[0] as TreeFlow), count: equal.length, total };
      this.#kinds.set(made, kind);
      return made;
    });
    return folded.sort((one, other) => other.total + other.count - (one.total + one.count));
  }

  single(flow: number, wait: WaitTableWait | undefined, waiters: readonly TreeFlow[] = []): TreeFlow {
    const { task = '?', holds = [] } = this.#flows.get(flow) ?? {};
    return {
      flow,
      task: plain(task),
      count: 1,
      holds: holds.map((hold) => this.#lockOf(hold)),
      ...(wait === undefined ? {} : { waitsFor: this.#lockOf(wait, wait.kind) }),
      others: Math.max(0, (wait?.blockedBy.length ?? 0) - 1),
      waiters,
      total: waiters.reduce((sum, each) => sum + each.count + each.total, 0),
    };
  }

  /** Equal for flows that differ in nothing but their number, their age, and how many they are. */
  #kindOf(flow: TreeFlow): number {
    const known = this.#kinds.get(flow);
    if (known !== undefined) return known;
    const { task, holds, waitsFor, waiters, others } = flow;
    const lock = (each: TreeLock | undefined): string => `${each?.lock} ${each?.mode} ${each?.site}`;
    const below = waiters.map((each) => [each.count, this.#kindOf(each)]);
    const text = JSON.stringify([task, holds.map(lock), lock(waitsFor), others > 0, below]);
    const kind = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, kind);
    this.#kinds.set(flow, kind);
    return kind;
  }

  #lockOf(row: WaitTableHold, kind = 'lock'): TreeLock {
    const lock = plain(this.#names.get(row.lock) ?? row.lockClass);
    const mode = kind === 'lock' ? row.mode : kind;
    return { lock, mode: plain(mode), site: plain(row.site), since: row.since };
  }

  /** A flow of a circle may have another wait beside. */
  #isOfCircle({ flow, blockedBy }: WaitTableWait): boolean {
    return blockedBy.some((other) => other !== flow && this.#inCycle.has(other));
  }
}
