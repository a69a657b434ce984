/**
 * The queue of those who wait for a lock: by priority, highest first, and in order of arrival within a priority.
 *
 * One ring of waiters per priority that is queued (a level), closed by an end that is no waiter: after it comes the oldest,
 * before it the youngest. The end of the highest level is at hand in a field; those of the others, if there are any, lie in a
 * binary heap, highest priority first, and are found by priority through a map.
 *
 * Invariant: no level is empty but the only one of a queue in which nobody waits. So memory is bounded by what is queued now,
 * whatever was queued before, and an empty queue has forgotten its priority.
 *
 * Cost, with d distinct priorities queued: enqueue, dequeue and remove are O(1), plus O(log d) when the operation makes the first
 * or takes the last waiter of a priority below the top. takeAll is O(n + d log d).
 *
 * Calls are serial: nothing here calls out, so none can come in between. A waiter that is queued already is refused with
 * an error, and the queue stays as it was. Priorities are compared with `<`; the caller keeps NaN out.
 */

/** One place in a queue. What is granted, and how the waiter hears of it, is up to the subclass. */
export class Waiter {
  /** Higher is served first. Read when the waiter is enqueued: a later change counts from the next time on. */
  declare priority: number;
  /** @internal */
  _previous: Waiter | undefined = undefined;
  /** @internal */
  _next: Waiter | undefined = undefined;
  /** @internal The queue that it is in. */
  _queue: { remove(waiter: Waiter): boolean } | undefined = undefined;

  constructor(priority = 0) {
    this.priority = priority;
  }

  /** Is it in a queue now? */
  get queued(): boolean {
    return this._queue !== undefined;
  }
}

/** The end of a ring. */
class Level extends Waiter {
  /** Place in the heap; of no meaning for the top level. */
  heapIndex = 0;

  constructor(priority: number) {
    super(priority);
    this._previous = this._next = this;
  }
}

export class WaiterQueue<W extends Waiter> {
  /** Those who wait. Written here only. */
  size = 0;
  #top: Level = new Level(0);
  /** The levels below the top one. */
  readonly #heap: Level[] = [];
  /** The same by their priorities; undefined until there are any. */
  #lower: Map<number, Level> | undefined = undefined;

  /** Puts the waiter behind all of its own or a higher priority. Throws if it is in a queue already, this or another. */
  enqueue(waiter: W): void {
    if (waiter._queue !== undefined) throw new Error('in a queue');
    const { priority } = waiter;
    let end = this.#top;
    if (this.size === 0) end.priority = priority;
    else if (priority !== end.priority) end = this.#levelOf(priority);
    const last = end._previous as Waiter;
    waiter._queue = this;
    waiter._previous = last;
    waiter._next = end;
    last._next = end._previous = waiter;
    this.size += 1;
  }

  /** Who is next, or undefined if nobody waits. */
  peek(): W | undefined {
    return this.size === 0 ? undefined : (this.#top._next as W);
  }

  /** Takes out who is next; undefined if nobody waits. */
  dequeue(): W | undefined {
    const head = this.peek();
    if (head !== undefined) this.remove(head);
    return head;
  }

  /**
   * Takes out a waiter that gives up. False if it is not in this queue: granted, removed before, or never here. The waiter keeps no
   * reference to its former neighbours, so a granted one does not keep later ones alive.
   */
  remove(waiter: W): boolean {
    if (waiter._queue !== this) return false;
    const previous = waiter._previous as Waiter;
    const next = waiter._next as Waiter;
    previous._next = next;
    next._previous = previous;
    waiter._previous = waiter._next = waiter._queue = undefined;
    this.size -= 1;
    if (previous === next && this.#heap.length > 0) this.#drop(next as Level);
    return true;
  }

  /** Whoever of its own priority is served just before it; undefined if nobody is, or it is in no queue. */
  before(waiter: W): W | undefined {
    return waitingOf(waiter._previous) as W | undefined;
  }

  /** Whoever of its own priority is served just after it. */
  after(waiter: W): W | undefined {
    return waitingOf(waiter._next) as W | undefined;
  }

  /** Takes out all, in the order in which they would have been served. */
  takeAll(): W[] {
    const all: W[] = [];
    for (let head = this.dequeue(); head !== undefined; head = this.dequeue()) all.push(head);
    return all;
  }

  /** Throws if the queue contradicts itself; returns all who wait, in the order of service. For tests. */
  checkInvariants(): W[] {
    const all: W[] = [];
    const heap = this.#heap;
    ensure((this.#lower?.size ?? 0) === heap.length, 'the heap and the map have the same levels');
    for (const [at, level] of heap.entries()) {
      ensure(level.heapIndex === at, 'a level knows its place');
      ensure(this.#lower?.get(level.priority) === level, 'a level is found by its priority');
      ensure(at === 0 || (heap[(at - 1) >> 1] as Level).priority > level.priority, 'parents are above their children');
    }
    const ends = [this.#top, ...heap.toSorted((a, b) => b.priority - a.priority)];
    for (const [at, end] of ends.entries()) {
      ensure(!end.queued, 'an end is in no queue');
      ensure(end._next !== end || this.size === 0, 'no level is empty');
      ensure(at === 0 || (ends[at - 1] as Waiter).priority > end.priority, 'each level is below the one before');
      let previous: Waiter = end;
      for (let waiter = end._next as Waiter; waiter !== end; waiter = waiter._next as Waiter) {
        ensure(waiter._queue === this, 'a waiter knows its queue');
        ensure(waiter._previous === previous, 'both directions of the ring agree');
        previous = waiter;
        all.push(waiter as W);
      }
      ensure(end._previous === previous, 'the youngest is before the end');
    }
    ensure(all.length === this.size, 'the size is the number of waiters');
    return all;
  }

  /** The level of a priority that is not the top one's, made if need be. */
  #levelOf(priority: number): Level {
    const lower = (this.#lower ??= new Map());
    const known = lower.get(priority);
    if (known !== undefined) return known;
    const made = new Level(priority);
    let lowered = made;
    if (this.#top.priority < priority) {
      lowered = this.#top;
      this.#top = made;
    }
    lower.set(lowered.priority, lowered);
    this.#place(lowered, this.#heap.length);
    return made;
  }

  /** A level has run empty, and there are others. */
  #drop(empty: Level): void {
    let taken = empty;
    if (empty === this.#top) taken = this.#top = this.#heap[0] as Level;
    this.#lower?.delete(taken.priority);
    // An empty one weighs, and most queues are of one priority for long.
    if (this.#heap.length < 2) this.#lower = undefined;
    const last = this.#heap.pop() as Level;
    if (last !== taken) this.#place(last, taken.heapIndex);
  }

  /** Puts a level into the heap, from a place that is free up or down to where it belongs. */
  #place(level: Level, free: number): void {
    const heap = this.#heap;
    const { priority } = level;
    let at = free;
    for (;;) {
      let next = heap[(at - 1) >> 1];
      if (next === undefined || next.priority >= priority) {
        next = heap[2 * at + 1];
        const other = heap[2 * at + 2];
        if (other !== undefined && other.priority > (next as Level).priority) next = other;
        if (next === undefined || next.priority <= priority) break;
      }
      heap[at] = next;
      const { heapIndex } = next;
      next.heapIndex = at;
      at = heapIndex;
    }
    heap[at] = level;
    level.heapIndex = at;
  }
}

/** The waiter; undefined for the end of a ring. */
function waitingOf(place: Waiter | undefined): Waiter | undefined {
  return place?.queued === true ? place : undefined;
}

function ensure(holds: boolean, invariant: string): void {
  if (!holds) throw new Error(`waiter queue: not so that ${invariant}`);
}
