/**
 * The wait table: all that is held and awaited in this process now, as data. Everything that shows or judges waits reads it.
 *
 * A flow is one chain of calls that wait for each other, named by the number of its outermost hold; what it waits for and holds
 * carries that number. Numbers are those of this process and are never used again.
 *
 * Invariant: JSON-safe, all text plain. Sites are those of the very acquisition where a stack was taken then (`exact`), else the
 * place where this sequence of locks was first seen. Cost: linear in holds and waits; a source map is read once for each site.
 */
import { outerHeld } from '../flow/hold-list.js';
import { isWait, TRANSFERRED, type Hold, type TrackedLock } from '../model/hold.js';
import { plain } from '../platform/plain-text.js';
import { siteOf } from '../report/stack-text.js';
import {
  WAIT_TABLE_VERSION,
  type WaitTable,
  type WaitTableHold,
  type WaitTableLock,
  type WaitTableWait,
} from '../report/wait-data.js';
import type { CapturedFrame } from '../platform/captured-frame.js';
import { rememberedFrames } from '../validator/lock-use.js';
import { taskOf } from '../validator/rules/rule.js';
import { isBounded, type LockState, type WaitGraph } from './wait-graph.js';

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
    for (const cell of cells) this.#known.set(cell, flow);
    return flow;
  }
}

export function waitTable(graph: WaitGraph, now: number): WaitTable {
  const maker = new TableMaker();
  for (const state of graph.states.values()) maker.add(state);
  const { locks, flows, waits } = maker;
  waits.sort((one, other) => one.since - other.since);
  return {
    version: WAIT_TABLE_VERSION,
    pid: (globalThis as { process?: { pid?: number } }).process?.pid ?? 0,
    at: now,
    locks,
    flows: [...flows.values()],
    waits,
    cycles: graph.circles().map((circle) => circle.map((wait) => maker.flowNumbers.of(wait))),
  };
}

/** A row that is being filled. */
type Row = { -readonly [Field in keyof WaitTableHold]: WaitTableHold[Field] };
type WaitRow = Row & { -readonly [Field in keyof WaitTableWait]?: WaitTableWait[Field] };

class TableMaker {
  readonly locks: WaitTableLock[] = [];
  readonly flows = new Map<number, { flow: number; task: string; holds: WaitTableHold[] }>();
  readonly waits: WaitTableWait[] = [];
  readonly flowNumbers = new Flows();
  /** By the innermost frame of each: there are few of them, and many holds. */
  readonly #sites = new Map<CapturedFrame, string>();
  /** Names as plain text. */
  readonly #names = new Map<string, string>();

  add({ lock, holds, waits }: LockState): void {
    const id = this.#addLock(lock);
    for (const hold of holds) {
      const row = this.#row(hold, id);
      this.#flow(row).holds.push(row);
    }
    const blockers = this.#flowsOf(holds);
    const writers = this.#flowsOf(holds.filter(({ shared }) => !shared));
    let position = 0;
    for (const wait of waits) {
      const row: WaitRow = this.#row(wait, id);
      this.#flow(row);
      row.kind = wait.kind === 'unlock' ? 'unlock' : isWait(wait.kind) ? 'event' : 'lock';
      row.blockedBy = wait.shared && lock.capacity <= 1 ? writers : blockers;
      row.position = ++position;
      if (isBounded(wait)) row.bounded = true;
      if (wait.asked.parked) row.parked = true;
      this.waits.push(row as WaitTableWait);
    }
  }

  #flowsOf(holds: readonly Hold[]): number[] {
    return [...new Set(holds.map((hold) => this.flowNumbers.of(hold)))].slice(0, MAX_BLOCKERS);
  }

  #addLock({ lockClass, label, primitive, capacity }: TrackedLock): number {
    const id = this.locks.length + 1;
    const name = label === undefined ? {} : { name: plain(label) };
    this.locks.push({ id, lockClass: this.#plain(lockClass.name), ...name, primitive, capacity: finite(capacity) });
    return id;
  }

  #flow({ flow, task }: WaitTableHold): { readonly holds: WaitTableHold[] } {
    let found = this.flows.get(flow);
    if (found === undefined) this.flows.set(flow, (found = { flow, task, holds: [] }));
    return found;
  }

  #row(node: Hold, lock: number): Row {
    const row: Row = {
      flow: this.flowNumbers.of(node),
      task: this.#plain(taskOf(node)),
      lock,
      lockClass: this.#plain(node.lockClass.name),
      mode: node.shared ? 'shared' : 'exclusive',
      permits: finite(node.permits),
      since: node.since,
      site: this.#siteOf(rememberedFrames(node)),
      exact: node.asked.frames !== undefined,
    };
    if (node.state === TRANSFERRED) row.handedOff = true;
    return row;
  }

  #plain(name: string): string {
    let text = this.#names.get(name);
    if (text === undefined) this.#names.set(name, (text = plain(name)));
    return text;
  }

  #siteOf(frames: readonly CapturedFrame[]): string {
    const [innermost] = frames;
    if (innermost === undefined) return '';
    let site = this.#sites.get(innermost);
    if (site === undefined) this.#sites.set(innermost, (site = plain(siteOf(frames))));
    return site;
  }
}

/** JSON has no Infinity. */
function finite(count: number): number {
  return Number.isFinite(count) ? count : Number.MAX_SAFE_INTEGER;
}
