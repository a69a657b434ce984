/**
 * The queue of those who wait for a lock: by priority, highest first, and in order of arrival within a priority.
 *
 * One doubly linked list per priority that is queued (a level). The highest level is at hand in a field; the others, if
 * there are any, lie in a binary heap and are found by priority through a map. While all waiters share one priority
 * there is neither heap nor map, and nothing is allocated but the waiters themselves.
 *
 * Invariant: no level but the top one is ever empty, and the top one only when the whole queue is. So memory is bounded
 * by what is queued now, whatever was queued before, and an empty queue has forgotten its priority.
 *
 * Cost, with d distinct priorities queued: enqueue, dequeue, remove and replace are O(1), plus O(log d) when the operation makes
 * the first or takes the last waiter of a priority below the top. takeAll and a walk are O(n + d log d).
 *
 * Calls are serial: nothing here calls out, so none can come in between. A waiter that is queued already is refused with
 * an error, and the queue stays as it was. Priorities are compared with `<`; the caller keeps NaN out.
 */

/** One place in a queue. What is granted, and how the waiter hears of it, is up to the subclass. */
export class Waiter {
  /** Higher is served first. Read when the waiter is enqueued: a later change counts from the next time on. */
  priority: number;
  /** @internal */
  _previous: Waiter | undefined = undefined;
  /** @internal */
  _next: Waiter | undefined = undefined;
  /** @internal The list that it is on. */
  _level: Level | undefined = undefined;

  constructor(priority = 0) {
    this.priority = priority;
  }

  /** Is it in a queue now? */
  get queued(): boolean {
    return this._level !== undefined;
  }
}

/** The waiters of one priority, oldest first. */
class Level {
  priority = 0;
  head: Waiter | undefined = undefined;
  tail: Waiter | undefined = undefined;
  /** Place in the heap; of no meaning for the top level. */
  index = 0;
  /** The queue that this level is a part of: how a queue knows its own waiters. */
  readonly owner: object;

  constructor(owner: object) {
    this.owner = owner;
  }

  append(waiter: Waiter): void {
    this.#link(waiter, this.tail, undefined);
  }

  /** Another one in the place of a waiter. */
  replace(waiter: Waiter, other: Waiter): void {
    const { _previous: previous, _next: next } = waiter;
    this.unlink(waiter);
    this.#link(other, previous, next);
  }

  #link(waiter: Waiter, previous: Waiter | undefined, next: Waiter | undefined): void {
    waiter._level = this;
    waiter._previous = previous;
    waiter._next = next;
    if (previous === undefined) this.head = waiter;
    else previous._next = waiter;
    if (next === undefined) this.tail = waiter;
    else next._previous = waiter;
  }

  /** The waiter keeps no reference to its former neighbours, so a granted one does not keep later ones alive. */
  unlink(waiter: Waiter): void {
    const previous = waiter._previous;
    const next = waiter._next;
    if (previous === undefined) this.head = next;
    else previous._next = next;
    if (next === undefined) this.tail = previous;
    else next._previous = previous;
    waiter._previous = undefined;
    waiter._next = undefined;
    waiter._level = undefined;
  }
}

/** Levels below the top one: a binary heap, highest priority first. A level knows its place, so any can be taken out. */
class LevelHeap {
  readonly #heap: Level[] = [];
  readonly #byPriority = new Map<number, Level>();

  get size(): number {
    return this.#heap.length;
  }

  find(priority: number): Level | undefined {
    return this.#byPriority.get(priority);
  }

  add(level: Level): void {
    this.#byPriority.set(level.priority, level);
    this.#heap.push(level);
    this.#rise(level, this.#heap.length - 1);
  }

  /** Only while the heap is not empty. */
  takeHighest(): Level {
    const highest = this.#heap[0] as Level;
    this.delete(highest);
    return highest;
  }

  delete(level: Level): void {
    this.#byPriority.delete(level.priority);
    const last = this.#heap.pop() as Level;
    if (last === level) return;
    if (last.priority > level.priority) this.#rise(last, level.index);
    else this.#sink(last, level.index);
  }

  /** Highest first. */
  sorted(): Level[] {
    return this.#heap.toSorted((a, b) => b.priority - a.priority);
  }

  #rise(level: Level, start: number): void {
    const heap = this.#heap;
    let at = start;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up] as Level;
      if (level.priority <= parent.priority) break;
      heap[at] = parent;
      parent.index = at;
      at = up;
    }
    heap[at] = level;
    level.index = at;
  }

  #sink(level: Level, start: number): void {
    const heap = this.#heap;
    let at = start;
    for (let down = 2 * at + 1; down < heap.length; down = 2 * at + 1) {
      let child = heap[down] as Level;
      const right = heap[down + 1];
      if (right !== undefined && right.priority > child.priority) {
        child = right;
        down += 1;
      }
      if (child.priority <= level.priority) break;
      heap[at] = child;
      child.index = at;
      at = down;
    }
    heap[at] = level;
    level.index = at;
  }

  checkInvariants(): void {
    ensure(this.#byPriority.size === this.#heap.length, 'the heap and the map have the same levels');
    for (const [at, level] of this.#heap.entries()) {
      ensure(level.index === at, 'a level knows its place');
      ensure(this.#byPriority.get(level.priority) === level, 'a level is found by its priority');
      const parent = this.#heap[(at - 1) >> 1];
      ensure(
        at === 0 || (parent !== undefined && parent.priority > level.priority),
        'parents are above their children',
      );
    }
  }
}

export class WaiterQueue<W extends Waiter> {
  #size = 0;
  #top: Level = new Level(this);
  #lower: LevelHeap | undefined = undefined;

  get size(): number {
    return this.#size;
  }

  /** Puts the waiter behind all of its own or a higher priority. Throws if it is in a queue already, this or another. */
  enqueue(waiter: W): void {
    if (waiter._level !== undefined) throw new Error('a waiter can be in one queue at a time, once');
    const { priority } = waiter;
    let level = this.#top;
    if (this.#size === 0) level.priority = priority;
    else if (priority !== level.priority) level = this.#levelOf(priority);
    level.append(waiter);
    this.#size += 1;
  }

  /** Who is next, or undefined if nobody waits. */
  peek(): W | undefined {
    return this.#top.head as W | undefined;
  }

  /** Takes out who is next; undefined if nobody waits. */
  dequeue(): W | undefined {
    const level = this.#top;
    const { head } = level;
    if (head === undefined) return undefined;
    level.unlink(head);
    this.#size -= 1;
    if (this.#lower !== undefined && level.head === undefined) this.#lowerTop(this.#lower);
    return head as W;
  }

  /** Takes out a waiter that gives up. False if it is not in this queue: granted, removed before, or never here. */
  remove(waiter: W): boolean {
    const level = waiter._level;
    if (level === undefined || level.owner !== this) return false;
    level.unlink(waiter);
    this.#size -= 1;
    if (this.#lower !== undefined && level.head === undefined) this.#dropLevel(level, this.#lower);
    return true;
  }

  /** Whoever of its own priority is served just before it; undefined if nobody is, or it is in no queue. */
  before(waiter: W): W | undefined {
    return waiter._previous as W | undefined;
  }

  /** Whoever of its own priority is served just after it. */
  after(waiter: W): W | undefined {
    return waiter._next as W | undefined;
  }

  /** Puts `other`, of the same priority, in the place of a waiter of this queue. Throws unless that can be done. */
  replace(waiter: W, other: W): void {
    const level = waiter._level;
    if (level?.owner !== this || other.queued || other.priority !== level.priority)
      throw new Error('only a waiter of this queue can be replaced, by one of its priority that is in no queue');
    level.replace(waiter, other);
  }

  /** Takes out all, in the order in which they would have been served. */
  takeAll(): W[] {
    const all: W[] = [];
    for (const level of this.#levels()) {
      for (let { head } = level; head !== undefined; head = level.head) {
        level.unlink(head);
        all.push(head as W);
      }
    }
    this.#size = 0;
    this.#lower = undefined;
    return all;
  }

  /** In the order of service. During the walk the queue may only lose the waiter that the walk has just come to. */
  *[Symbol.iterator](): Generator<W, void, undefined> {
    for (const level of this.#levels()) {
      let waiter = level.head;
      while (waiter !== undefined) {
        const next: Waiter | undefined = waiter._next;
        yield waiter as W;
        waiter = next;
      }
    }
  }

  /** Throws if the queue contradicts itself. Walks all of it: for tests. */
  checkInvariants(): void {
    let count = 0;
    let above: Level | undefined;
    this.#lower?.checkInvariants();
    ensure(this.#lower?.size !== 0, 'no heap is kept for a single priority');
    for (const level of this.#levels()) {
      ensure(level.owner === this, 'a level belongs to its queue');
      ensure(level.head !== undefined || this.#size === 0, 'no level is empty');
      ensure(above === undefined || above.priority > level.priority, 'each level is below the one before');
      above = level;
      count += countWaiters(level);
    }
    ensure(count === this.#size, 'the size is the number of waiters');
  }

  /** The level of a priority that is not the top one's, made if need be. */
  #levelOf(priority: number): Level {
    const lower = (this.#lower ??= new LevelHeap());
    const known = lower.find(priority);
    if (known !== undefined) return known;
    const level = new Level(this);
    level.priority = priority;
    if (priority > this.#top.priority) {
      lower.add(this.#top);
      this.#top = level;
    } else lower.add(level);
    return level;
  }

  #dropLevel(empty: Level, lower: LevelHeap): void {
    if (empty === this.#top) {
      this.#lowerTop(lower);
      return;
    }
    lower.delete(empty);
    if (lower.size === 0) this.#lower = undefined;
  }

  /** The top level has run empty: the next one takes its place. */
  #lowerTop(lower: LevelHeap): void {
    this.#top = lower.takeHighest();
    if (lower.size === 0) this.#lower = undefined;
  }

  #levels(): Level[] {
    return this.#lower === undefined ? [this.#top] : [this.#top, ...this.#lower.sorted()];
  }
}

function countWaiters(level: Level): number {
  let count = 0;
  let previous: Waiter | undefined;
  for (let waiter = level.head; waiter !== undefined; waiter = waiter._next) {
    ensure(waiter._level === level, 'a waiter knows its level');
    ensure(waiter._previous === previous, 'both directions of the list agree');
    ensure(waiter.priority === level.priority, 'a waiter is on the level of its priority');
    previous = waiter;
    count += 1;
  }
  ensure(level.tail === previous, 'the tail is the last waiter');
  return count;
}

function ensure(holds: boolean, invariant: string): void {
  if (!holds) throw new Error(`waiter queue: not so that ${invariant}`);
}
