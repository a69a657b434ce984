/**
 * The wait table: all that is held and awaited in this process now, as data. Everything that shows or judges waits reads it.
 *
 * A flow is one chain of calls that wait for each other, named by the number of its outermost hold; what it waits for and holds
 * carries that number. Numbers are those of this process and are never used again.
 *
 * Invariant: JSON-safe, all text plain. Sites are those of the very acquisition where a stack was taken then (`exact`), else the
 * place where this sequence of locks was first seen. Cost: linear in holds and waits, a row for each and no more; a source map is read
 * once for each site.
 */
import { outerHeld } from '../flow/hold-list.js';
import type { LockClass } from '../model/lock-class.js';
import { isWait, TRANSFERRED, WAITING, type Hold, type TrackedLock } from '../model/hold.js';
import { plain } from '../platform/plain-text.js';
import { oldestFirst } from '../report/oldest-first.js';
import { siteOf } from '../report/stack-text.js';
import {
  WAIT_TABLE_VERSION,
  type WaitTable,
  type WaitTableFlow,
  type WaitTableHold,
  type WaitTableLock,
  type WaitTableWait,
} from '../report/wait-data.js';
import type { CapturedFrame } from '../platform/captured-frame.js';
import { rememberedFrames } from '../validator/lock-use.js';
import { taskOf } from '../validator/rules/rule.js';
import type { LockState } from './lock-states.js';
import { isBounded, type WaitGraph } from './wait-graph.js';

/** Flows that one wait names as those it waits for. */
const MAX_BLOCKERS = 32;

/** Numbers of flows, at one moment. Cost: a step for each cell of a list, whoever shares it. */
class Flows {
  readonly #known = new Map<Hold, number>();

  /** The flow of a hold or wait. */
  of(node: Hold): number {
    // Most flows hold one lock, or wait with none.
    if (node.parent === undefined) return node.target.born;
    const cells = [node];
    let flow: number | undefined = this.#known.get(node);
    for (let cell = outerHeld(node); flow === undefined && cell !== undefined; cell = outerHeld(cell)) {
      flow = this.#known.get(cell);
      cells.push(cell);
    }
    flow ??= (cells.at(-1) as Hold).target.born;
    // What waits is asked for once; what is held, by all that is under it.
    for (const cell of cells) if (cell !== node || node.state !== WAITING) this.#known.set(cell, flow);
    return flow;
  }
}

export function waitTable(graph: WaitGraph, now: number): WaitTable {
  const maker = new TableMaker();
  for (const state of graph.states.values()) maker.add(state);
  const { locks, flows, waits } = maker;
  return {
    version: WAIT_TABLE_VERSION,
    pid: (globalThis as { process?: { pid?: number } }).process?.pid ?? 0,
    at: now,
    locks,
    flows,
    waits: oldestFirst(waits),
    cycles: graph.circles().map((circle) => circle.map((wait) => maker.flowNumbers.of(wait))),
  };
}

/** A row that is being filled. */
type Row<R> = { -readonly [Field in keyof R]: R[Field] };

const NO_HOLDS: readonly WaitTableHold[] = [];
const NO_FLOWS: readonly number[] = [];

class TableMaker {
  readonly locks: WaitTableLock[] = [];
  readonly flows: WaitTableFlow[] = [];
  readonly waits: WaitTableWait[] = [];
  readonly flowNumbers = new Flows();
  /** Those that hold something, or wait under what they hold; one that only waits comes but once. */
  readonly #known = new Map<number, WaitTableHold[]>();
  /** By the innermost frame of each: there are few of them, and many holds. */
  readonly #sites = new Map<CapturedFrame, string>();
  /** The last sequence of locks that was asked for, and its site. */
  #chain: Hold['chain'];
  #chainSite = '';
  /** Names as plain text, and those of the last task and class. */
  readonly #names = new Map<string, string>();
  #task: Hold['task'];
  #taskName: string | undefined;
  #class: LockClass | undefined;
  #className: string | undefined;

  add({ lock, holds, waits }: LockState): void {
    const id = this.#addLock(lock);
    for (const hold of holds) {
      const row = this.#held(hold, id);
      this.#holdsOf(row).push(row);
    }
    if (waits.length === 0) return;
    const blockers = this.#flowsOf(holds);
    const isMixed = lock.capacity <= 1 && holds.some(({ shared }) => shared);
    const writers = isMixed ? this.#flowsOf(holds.filter(({ shared }) => !shared)) : blockers;
    // By index, since a step of an iterator makes an object until V8 has compiled this, and most programs ask once.
    let ahead = NO_FLOWS;
    for (let i = 0; i < waits.length; i++) {
      const wait = waits[i] as Hold;
      const before = wait.shared ? writers : blockers;
      // A reader among readers waits for the writer that came first.
      const row = this.#waiting(wait, id, before.length === 0 && isMixed ? ahead : before);
      if (isMixed && !wait.shared && ahead.length === 0) ahead = [row.flow];
      row.position = i + 1;
      this.waits.push(row);
      // Nobody holds what is still awaited, so a flow that begins with the wait is that wait alone.
      if (row.flow === wait.born) this.flows.push({ flow: row.flow, task: row.task, holds: NO_HOLDS });
      else this.#holdsOf(row);
    }
  }

  #flowsOf(holds: readonly Hold[]): number[] {
    const [first] = holds;
    if (first !== undefined && holds.length === 1) return [this.flowNumbers.of(first)];
    const flows = new Set<number>();
    for (const hold of holds) {
      flows.add(this.flowNumbers.of(hold));
      if (flows.size === MAX_BLOCKERS) break;
    }
    return [...flows];
  }

  #addLock({ lockClass, label, primitive, capacity }: TrackedLock): number {
    const id = this.locks.length + 1;
    const name = label === undefined ? {} : { name: plain(label) };
    this.locks.push({ id, lockClass: this.#classOf(lockClass), ...name, primitive, capacity: finite(capacity) });
    return id;
  }

  #holdsOf({ flow, task }: WaitTableHold): WaitTableHold[] {
    let holds = this.#known.get(flow);
    if (holds === undefined) {
      this.#known.set(flow, (holds = []));
      this.flows.push({ flow, task, holds });
    }
    return holds;
  }

  #held(hold: Hold, lock: number): WaitTableHold {
    const row: Row<WaitTableHold> = {
      flow: this.flowNumbers.of(hold),
      task: this.#taskOf(hold),
      lock,
      lockClass: this.#classOf(hold.lockClass),
      mode: hold.shared ? 'shared' : 'exclusive',
      permits: permitsOf(hold),
      since: hold.since,
      site: this.#siteFor(hold),
      exact: hold.asked.frames !== undefined,
    };
    if (hold.state === TRANSFERRED) row.handedOff = true;
    return row;
  }

  /** All fields at once: an object that grows is made anew for each. */
  #waiting(wait: Hold, lock: number, blockedBy: readonly number[]): Row<WaitTableWait> {
    const { kind, asked } = wait;
    const row: Row<WaitTableWait> = {
      flow: this.flowNumbers.of(wait),
      task: this.#taskOf(wait),
      lock,
      lockClass: this.#classOf(wait.lockClass),
      mode: wait.shared ? 'shared' : 'exclusive',
      permits: permitsOf(wait),
      since: wait.since,
      site: this.#siteFor(wait),
      exact: asked.frames !== undefined,
      kind: kind === 'unlock' ? 'unlock' : isWait(kind) ? 'event' : 'lock',
      blockedBy,
      position: 0,
    };
    if (isBounded(wait)) row.bounded = true;
    if (asked.parked) row.parked = true;
    return row;
  }

  #plain(name: string): string {
    let text = this.#names.get(name);
    if (text === undefined) this.#names.set(name, (text = plain(name)));
    return text;
  }

  /** Most rows are of the same task as the row before. */
  #taskOf(node: Hold): string {
    if (node.task !== this.#task || this.#taskName === undefined) {
      this.#task = node.task;
      this.#taskName = this.#plain(taskOf(node));
    }
    return this.#taskName;
  }

  /** And most of the same class. */
  #classOf(lockClass: LockClass): string {
    if (lockClass !== this.#class || this.#className === undefined) {
      this.#class = lockClass;
      this.#className = this.#plain(lockClass.name);
    }
    return this.#className;
  }

  #siteFor(node: Hold): string {
    if (node.asked.frames !== undefined || node.chain === undefined) return this.#siteOf(rememberedFrames(node));
    // Those in one queue mostly came by one sequence of locks.
    if (node.chain !== this.#chain) {
      this.#chain = node.chain;
      this.#chainSite = this.#siteOf(rememberedFrames(node));
    }
    return this.#chainSite;
  }

  #siteOf(frames: readonly CapturedFrame[]): string {
    const [innermost] = frames;
    if (innermost === undefined) return '';
    let site = this.#sites.get(innermost);
    if (site === undefined) this.#sites.set(innermost, (site = plain(siteOf(frames))));
    return site;
  }
}

/** The weight of a writer is no figure of the program's. */
function permitsOf({ lock, permits }: Hold): number {
  return lock.capacity === 1 ? 1 : finite(permits);
}

/** JSON has no Infinity. */
function finite(count: number): number {
  return Number.isFinite(count) ? count : Number.MAX_SAFE_INTEGER;
}
