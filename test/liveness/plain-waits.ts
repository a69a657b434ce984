/** Who waits for whom in the plainest way: every question walks over everything. What the graph and the table are held against. */
import { listHolds, outerHeld } from '../../src/flow/hold-list.js';
import type { SlotsFor } from '../../src/liveness/event-queues.js';
import { isBounded, type ProvenWaits } from '../../src/liveness/wait-graph.js';
import { BoundedWaiter } from '../../src/locks/bounded-waiter.js';
import { SectionCore } from '../../src/locks/section.js';
import { HELD, isScope, isWait, TRANSFERRED, WAITING, type Hold, type TrackedLock } from '../../src/model/hold.js';
import type { Pending } from '../../src/validator/pending.js';
import { rememberedFrames } from '../../src/validator/lock-use.js';
import { siteOf } from '../../src/report/stack-text.js';

/** How a moment is looked at. */
export interface Look {
  readonly atEnd?: boolean;
  readonly slotsFor?: SlotsFor;
  readonly proven?: ProvenWaits;
}

export class PlainWaits {
  readonly locks: readonly TrackedLock[];
  readonly stuck: Hold[];
  readonly #live: readonly Hold[];
  readonly #look: Look;

  constructor(live: readonly Hold[], look: Look) {
    this.#live = live;
    this.#look = look;
    this.locks = [...new Set(live.map(({ lock }) => lock))];
    this.stuck = this.locks.flatMap((lock) => this.waits(lock)).filter((wait) => this.#mayStick(wait));
    for (let before = -1; before !== this.stuck.length;) {
      before = this.stuck.length;
      for (const lock of this.locks) this.#serve(lock);
    }
  }

  holds(lock: TrackedLock): Hold[] {
    return this.#live.filter((node) => node.lock === lock && (node.state === HELD || node.state === TRANSFERRED));
  }

  waits(lock: TrackedLock): Hold[] {
    const waits = this.#live.filter((node) => node.lock === lock && node.state === WAITING);
    const priority = ({ waiter }: Hold): number => (waiter instanceof BoundedWaiter ? waiter.priority : 0);
    return waits.toSorted((one, other) => priority(other) - priority(one));
  }

  under(wait: Hold): readonly Hold[] {
    if (wait.parent === undefined || !this.#mayStick(wait)) return [];
    const { proven } = this.#look;
    if (proven !== undefined) return proven.under.get(wait) ?? [];
    const pending = wait.asked.pending as Pending | undefined;
    return listHolds(wait.parent, 256).filter((hold) => pending === undefined || isAwaiting(hold, pending));
  }

  /** The queue whose work alone brings the event. */
  queueOf(event: TrackedLock): TrackedLock | undefined {
    const isOpen = event instanceof SectionCore && this.holds(event).length === 0 && this.waits(event).length > 0;
    const [lockClass] = isOpen ? (this.#look.slotsFor?.(event.lockClass) ?? []) : [];
    const queues = this.locks.filter((lock) => lock.primitive === 'WorkQueue' && lock.lockClass === lockClass);
    return queues.length === 1 ? queues[0] : undefined;
  }

  /** Who has what it wants. */
  before(wait: Hold): Hold[] {
    return heldAgainst(wait, this.holds(this.queueOf(wait.lock) ?? wait.lock));
  }

  latestWaitOf(hold: Hold): Hold | undefined {
    const waits = this.locks.flatMap((lock) => this.waits(lock));
    return waits.findLast((wait) => this.under(wait).includes(hold));
  }

  waitOf(hold: Hold): Hold | undefined {
    return this.stuck.findLast((wait) => this.under(wait).includes(hold));
  }

  circles(): Hold[][] {
    const circles: Hold[][] = [];
    const seen = new Set<Hold>();
    for (const start of this.stuck) {
      const path: Hold[] = [];
      let wait: Hold | undefined = start;
      for (; wait !== undefined && !seen.has(wait); wait = this.#next(wait)) {
        seen.add(wait);
        path.push(wait);
      }
      const at = wait === undefined ? -1 : path.indexOf(wait);
      if (at !== -1) circles.push(path.slice(at));
    }
    return circles;
  }

  /** As `lockdep.waits()` gives it, without what it takes from elsewhere. */
  table(): object {
    const flows = new Map<number, { flow: number; task: string; holds: object[] }>();
    const waits: { readonly since: number }[] = [];
    for (const [at, lock] of this.locks.entries()) {
      for (const hold of this.holds(lock)) {
        const row = { ...rowOf(hold, at + 1), ...(hold.state === TRANSFERRED ? { handedOff: true } : {}) };
        flowIn(flows, row).holds.push(row);
      }
      for (const [place, wait] of this.waits(lock).entries()) {
        const before = new Set(heldAgainst(wait, this.holds(lock)).map(flowOf));
        const writer = this.waits(lock).find((other) => !other.shared);
        const isBehind = lock.capacity <= 1 && this.holds(lock).length > 0 && writer !== undefined;
        if (before.size === 0 && isBehind && this.waits(lock).indexOf(writer) < place) before.add(flowOf(writer));
        const row = {
          ...rowOf(wait, at + 1),
          kind: wait.kind === 'unlock' ? 'unlock' : isWait(wait.kind) ? 'event' : 'lock',
          blockedBy: [...before].slice(0, 32),
          position: place + 1,
          ...(isBounded(wait) ? { bounded: true } : {}),
          ...(wait.asked.parked ? { parked: true } : {}),
        };
        flowIn(flows, row);
        waits.push(row);
      }
    }
    const cycles = this.circles().map((circle) => circle.map(flowOf));
    return { flows: [...flows.values()], waits: waits.sort((one, other) => one.since - other.since), cycles };
  }

  #mayStick(wait: Hold): boolean {
    const { atEnd, proven } = this.#look;
    if (wait.kind === 'use') return false;
    if (proven !== undefined) return proven.mayStick(wait);
    return !wait.asked.parked && (atEnd === true || !isBounded(wait));
  }

  #serve(lock: TrackedLock): void {
    let isBlocked = false;
    for (const wait of this.waits(lock)) {
      if (!this.stuck.includes(wait)) continue;
      const behind = isBlocked && wait.wait !== 'recursive-read' && wait.kind !== 'wait';
      if (!behind && this.#mayBeServed(wait)) this.stuck.splice(this.stuck.indexOf(wait), 1);
      else isBlocked ||= wait.kind !== 'wait' && wait.kind !== 'unlock';
    }
  }

  #mayBeServed(wait: Hold): boolean {
    const before = this.before(wait);
    if (this.#look.atEnd === true) return wait.kind === 'wait' && before.length === 0;
    if (before.length === 0) return true;
    const { capacity } = this.queueOf(wait.lock) ?? wait.lock;
    if (capacity > 1) return capacity - this.#lasting(wait) >= wait.permits;
    return before.every((hold) => hold.state !== HELD || this.waitOf(hold) === undefined);
  }

  #next(wait: Hold): Hold | undefined {
    const first = this.waits(wait.lock).find((other) => this.stuck.includes(other));
    // Enough permits are left for it: it is the queue that keeps it.
    const { capacity } = wait.lock;
    if (first !== wait && first !== undefined && capacity > 1 && capacity - this.#lasting(wait) >= wait.permits)
      return first;
    for (const hold of this.before(wait)) {
      const own = this.under(wait).includes(hold) ? wait : this.waitOf(hold);
      if (own !== undefined) return own;
    }
    return first === wait ? undefined : first;
  }

  /** The permits of those who can not go on. */
  #lasting(wait: Hold): number {
    const lasting = this.before(wait).filter((hold) => hold.state === HELD && this.waitOf(hold) !== undefined);
    return lasting.reduce((sum, hold) => sum + hold.permits - hold.asked.returned, 0);
  }
}

function heldAgainst({ shared, lock }: Hold, holds: readonly Hold[]): Hold[] {
  return holds.filter((hold) => !(shared && lock.capacity <= 1 && hold.shared));
}

function isAwaiting(hold: Hold, { open, holds, returned, stack, probed = [] }: Pending): boolean {
  if (!open.includes(hold)) return true;
  const { returnedBy } = hold.asked;
  if (isScope(hold.kind) || returned[holds.indexOf(hold)] !== returnedBy) return false;
  const taker = rememberedFrames(hold)[returnedBy]?.functionId;
  return [...stack, ...probed].some(({ functionId, isAsync }) => isAsync && functionId === taker);
}

function flowOf(node: Hold): number {
  let outermost = node;
  for (let cell = outerHeld(node); cell !== undefined; cell = outerHeld(cell)) outermost = cell;
  return outermost.target.born;
}

type Row = ReturnType<typeof rowOf>;

function rowOf(node: Hold, lock: number) {
  return {
    flow: flowOf(node),
    task: node.task?.name ?? 'main',
    lock,
    lockClass: node.lockClass.name,
    mode: node.shared ? 'shared' : 'exclusive',
    permits: node.lock.capacity === 1 ? 1 : node.permits,
    since: node.since,
    site: siteOf(rememberedFrames(node)),
    exact: node.asked.frames !== undefined,
  };
}

function flowIn(
  flows: Map<number, { flow: number; task: string; holds: object[] }>,
  { flow, task }: Row,
): { holds: object[] } {
  const found = flows.get(flow) ?? { flow, task, holds: [] };
  flows.set(flow, found);
  return found;
}
