/**
 * What is true of a program that runs: its own bookkeeping, by explicit calls from the generated source. It knows nothing
 * of contexts, hooks and stacks.
 *
 * An Instance is one run of one function (or of one callback, or a promise chain). A -> B is true when A was held at a
 * time when B was wanted or held by somebody, and either
 *  - caused: the release of A came after the grant of B by the program's own logic (the releasing instance had itself
 *    got B, or waited for one that had, or was started or signalled by one that had), or
 *  - awaited: at some moment the instance that owned A was that which wanted B, or waited for it through others.
 * Where B was granted before A was asked for, by the same logic, nothing follows. A lock's queue is no such logic.
 */
export interface Link {
  readonly to: Instance;
  readonly label: string;
  /** Waits for one of several, or for a signal: it might go on without it. */
  readonly soft: boolean;
  /** The wait is for this signal only. */
  readonly until: Deferred | undefined;
}

export class Instance {
  readonly label: string;
  waits: Link[] = [];
  /** The holds that were granted before now, by the program's logic. */
  past: Set<Hold>;
  tail: Instance | undefined = undefined;
  ended = false;
  /** Those whose end it has waited for. */
  readonly joined = new Set<Instance>();
  constructor(label: string, past: Iterable<Hold>) {
    this.label = label;
    this.past = new Set(past);
  }
}

export interface Hold {
  readonly lock: string;
  readonly label: string;
  /** tryAcquire never waits: nothing leads to it. */
  readonly waits: boolean;
  by: Instance | undefined;
  owner: Instance | undefined;
  pastAtAttempt: ReadonlySet<Hold>;
  attempted: number;
  granted: number;
  ended: number;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  /** The holder waited from the attempt on, so that a tracker could have proven it. */
  expected: boolean;
  caused: boolean;
  /** How it was held, wanted and waited for, when it is expected. */
  labels: readonly string[];
}

export interface Deferred {
  readonly promise: Promise<void>;
  resolve: () => void;
  past: ReadonlySet<Hold>;
  resolved: boolean;
}

const NEVER = Infinity;
/** Microtasks from the last line of the callback of a scope to the release. */
const SCOPE_END_TURNS = 2;

export class Truth {
  readonly edges = new Map<string, Edge>();
  /** Locks that were given to another flow without a word: a tracker must take them to be where they were. */
  readonly handed = new Set<string>();
  /** Instances that have not ended. */
  active = 0;
  /** Asks what `me`, which runs, is said to hold: the names of locks. */
  asks: (() => readonly string[]) | undefined = undefined;
  /** Said to be held, and rightly so: how often. */
  rightlyHeld = 0;
  /** Said to be held where it is not. */
  readonly falseHeld = new Set<string>();
  #started = 0;
  #clock = 0;
  #live = new Set<Hold>();
  #all: Hold[] = [];

  startRound(): Instance {
    this.#started = 0;
    this.#all = [];
    this.#live.clear();
    return this.child(undefined, 'main');
  }

  /** Too many instances for recursion to go on. */
  full(): boolean {
    return this.#started > 60;
  }

  /** All that was attempted in this round and is neither released nor given up. */
  get unreleased(): string[] {
    return this.#all.filter(({ ended }) => ended === NEVER).map(({ lock }) => lock);
  }

  child(parent: Instance | undefined, label: string): Instance {
    this.active += 1;
    this.#started += 1;
    return new Instance(label, parent?.past ?? []);
  }

  /** `me` got a message from who made `child`. */
  told(me: Instance, child: Instance): void {
    for (const hold of child.past) me.past.add(hold);
  }

  /** A child that another made runs now, because `me` called it. */
  starts(me: Instance, child: Instance): void {
    for (const hold of me.past) child.past.add(hold);
  }

  end(me: Instance): void {
    if (me.ended) throw new Error(`${me.label} ended twice`);
    me.ended = true;
    this.active -= 1;
  }

  /** `me` returns the promise of `child`. */
  tail(me: Instance, child: Instance): void {
    me.tail = child;
    this.#await(me, [child], 'tail', false);
    this.end(me);
  }

  wait(me: Instance, children: readonly Instance[], label = '', soft = false): void {
    this.#await(me, children, label, soft);
  }

  /** The wait is over: with it comes all that was before its end. */
  cont(me: Instance, children: readonly Instance[]): void {
    me.waits = [];
    for (let child of children) {
      for (;;) {
        if (!child.ended) break;
        me.joined.add(child);
        for (const hold of child.past) me.past.add(hold);
        if (child.tail === undefined) break;
        child = child.tail;
      }
    }
  }

  deferred(): Deferred {
    let resolve!: () => void;
    const promise = new Promise<void>((settle) => {
      resolve = settle;
    });
    return { promise, resolve, past: new Set(), resolved: false };
  }

  resolve(me: Instance, deferred: Deferred): void {
    deferred.past = new Set(me.past);
    deferred.resolved = true;
  }

  /** `me` waits until `child` resolves `deferred`. */
  waitSignal(me: Instance, child: Instance, deferred: Deferred): void {
    me.waits = [{ to: child, label: `signal:${child.label}`, soft: true, until: deferred }];
    this.#look(undefined);
  }

  signalled(me: Instance, deferred: Deferred): void {
    me.waits = [];
    for (const hold of deferred.past) me.past.add(hold);
  }

  hold(lock: string, label: string, waits = true): Hold {
    const hold: Hold = {
      lock,
      label,
      waits,
      by: undefined,
      owner: undefined,
      pastAtAttempt: new Set(),
      attempted: NEVER,
      granted: NEVER,
      ended: NEVER,
    };
    this.#all.push(hold);
    return hold;
  }

  attempt(me: Instance, hold: Hold): void {
    hold.by = me;
    hold.pastAtAttempt = new Set(me.past);
    hold.attempted = ++this.#clock;
    this.#live.add(hold);
    this.#look(hold);
  }

  /** `me` has the lock: granted to it, or returned to it. */
  got(me: Instance, hold: Hold): void {
    hold.granted = Math.min(hold.granted, ++this.#clock);
    hold.owner = me;
    // A helper wanted it for who waited for the helper.
    if (hold.by !== undefined && me.joined.has(hold.by)) hold.by = me;
    if (hold.waits) me.past.add(hold);
    this.#look(undefined);
  }

  gaveUp(me: Instance, hold: Hold): void {
    hold.ended = ++this.#clock;
    this.#live.delete(hold);
    me.past.add(hold);
  }

  handedOver(hold: Hold): void {
    this.handed.add(hold.lock);
  }

  /** Nobody's from here on. */
  transferred(hold: Hold): void {
    hold.owner = undefined;
  }

  release(me: Instance, hold: Hold): void {
    hold.ended = ++this.#clock;
    // The callback of a scope says so at its end; whoever waits by then has waited for the release.
    if (/scope/i.test(hold.label)) void this.#dropSoon(hold);
    else this.#live.delete(hold);
    for (const wanted of me.past) {
      const overlap = wanted.attempted < hold.ended && wanted.ended > hold.granted;
      if (overlap && !isBefore(wanted, hold)) this.#edge(hold, wanted).caused = true;
    }
  }

  /** `me` runs: is all that it is said to hold held by it, or by somebody who waits for it? */
  probe(me: Instance): void {
    for (const lock of this.asks?.() ?? []) {
      if (this.handed.has(lock)) continue;
      const held = [...this.#live].filter((hold) => hold.lock === lock && hold.owner !== undefined);
      if (held.some(({ owner }) => pathTo(owner as Instance, me, new Set()) !== undefined)) this.rightlyHeld += 1;
      else this.falseHeld.add(`${me.label} holds ${lock}`);
    }
  }

  async #dropSoon(hold: Hold): Promise<void> {
    for (let i = 0; i < SCOPE_END_TURNS; i++) await Promise.resolve();
    this.#live.delete(hold);
  }

  #await(me: Instance, children: readonly Instance[], label: string, soft: boolean): void {
    me.waits = children.map((to) => ({ to, label: `${label}${to.label}`, soft, until: undefined }));
    this.#look(undefined);
  }

  /** Who waits for whom just now? `attempted` is what was wanted in this very moment. */
  #look(attempted: Hold | undefined): void {
    for (const held of this.#live) {
      if (held.granted === NEVER || held.owner === undefined) continue;
      for (const wanted of this.#live) {
        if (wanted === held || !wanted.waits || isBefore(wanted, held)) continue;
        const path = pathTo(held.owner, wanted.by as Instance, new Set());
        if (path === undefined) continue;
        const edge = this.#edge(held, wanted);
        if (wanted !== attempted || path.some(({ soft }) => soft)) continue;
        if (!edge.expected) edge.labels = labelsOf(held, wanted, path);
        edge.expected = true;
      }
    }
  }

  #edge(held: Hold, wanted: Hold): Edge {
    const key = `${held.lock} -> ${wanted.lock}`;
    let edge = this.edges.get(key);
    if (edge === undefined) {
      edge = { from: held.lock, to: wanted.lock, expected: false, caused: false, labels: [] };
      this.edges.set(key, edge);
    }
    return edge;
  }
}

function isBefore(wanted: Hold, held: Hold): boolean {
  return wanted === held || held.pastAtAttempt.has(wanted);
}

function pathTo(from: Instance, to: Instance, seen: Set<Instance>): Link[] | undefined {
  if (from === to) return [];
  seen.add(from);
  for (const link of from.waits) {
    if (seen.has(link.to) || link.until?.resolved === true) continue;
    const rest = pathTo(link.to, to, seen);
    if (rest !== undefined) return [link, ...rest];
  }
  return undefined;
}

function labelsOf(held: Hold, wanted: Hold, path: readonly Link[]): string[] {
  return [`held ${held.label}`, `wanted ${wanted.label}`, ...path.map(({ label }) => label)];
}
