/**
 * The engine of a work queue: work that waits for a slot, by priority and in order of arrival; slots; those who wait for
 * the end of work.
 *
 * Invariant: unless the queue is paused, work waits only while all slots are taken. A slot is taken from the grant to the end
 * of the run, and passed on in the turn in which the run ends. O(1) per call, as the waiter queue's.
 */
import { RunningTimer } from '../../platform/clock.js';
import { WaiterQueue } from '../../queue/waiter-queue.js';
import { QueueClosedError } from '../../errors.js';
import { reasonOf, refusalOf, type Refusal } from '../abort-listeners.js';
import { EventWaiter, EventWaiters, type WaitBounds } from '../event-waiters.js';
import { FlushEpochs } from './flush-epochs.js';
import { LockCore, type LockConstructor } from '../lock-core.js';
import { lockOptions, type LockOptions } from '../options/constructor-options.js';
import type { Below, Milliseconds } from '../observed.js';
import { GRANTED, QUEUED, RUNNING, type Work, type WorkHost } from './work.js';

export class QueueCore extends LockCore implements WorkHost {
  readonly concurrency: number;
  readonly #waiting = new WaiterQueue<Work>();
  readonly #flushes: FlushEpochs;
  readonly #idle: EventWaiters<void>;
  readonly #delayed = new Set<Work>();
  #running = 0;
  /** Work that has had its turn while its item still ran. */
  #parked = 0;
  #paused = false;
  #closed = false;

  constructor(owner: object, options: LockOptions | undefined, concurrency: number, constructor: LockConstructor) {
    super(
      owner,
      Math.min(concurrency, Number.MAX_SAFE_INTEGER),
      lockOptions(options, 'WorkQueue'),
      'WorkQueue',
      constructor,
    );
    this.concurrency = concurrency;
    this.#flushes = new FlushEpochs(this.world);
    this.#idle = new EventWaiters(this.world, 'the queue was not idle');
  }

  /** Waiting for a slot. */
  get size(): number {
    return this.#waiting.size + this.#parked;
  }

  get running(): number {
    return this.#running;
  }

  get isIdle(): boolean {
    return this.#running === 0 && this.size === 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  override isLocked(): boolean {
    return this.#running >= this.concurrency;
  }

  override get condition(): string {
    return `${this.running} running, ${this.size} waiting`;
  }

  /**
   * Lets the signal of work that is to be admitted next take it out, or if it runs, abort the signal that it sees. Where the
   * signal fails, or is aborted by now, the work is over, and this is why.
   */
  heed(work: Work): Refusal | undefined {
    const { signal } = work;
    if (signal === undefined) return undefined;
    let refusal = refusalOf(signal);
    let isAdmitted = false;
    try {
      work.listen(signal, () => {
        const reason = reasonOf(signal);
        if (!isAdmitted) refusal = { reason };
        else if (work.state === RUNNING) work.abort(reason);
        else if (work.state !== GRANTED) this.takeOut(work, reason);
      });
    } catch (error) {
      refusal = { reason: error };
    }
    isAdmitted = true;
    if (refusal !== undefined) work.over();
    return refusal;
  }

  /** Takes work in. True: it has a slot at once; else it is told when it has. Throws what a timer throws. */
  admit(work: Work, delay: Milliseconds): boolean {
    if (delay === 0) return this.#queue(work);
    this.#delay(work, delay);
    return false;
  }

  /** The run of `work` is over, or its turn came too late. */
  finished(work: Work): void {
    this.#running -= 1;
    this.#leave(work);
    this.#advance();
  }

  /** Takes work that has no slot out; its turn is refused with `reason`. */
  takeOut(work: Work, reason: unknown): void {
    if (work.item?.parkedWork === work) {
      work.item.parkedWork = undefined;
      this.#parked -= 1;
    } else if (!this.#waiting.remove(work)) this.#delayed.delete(work);
    this.#leave(work);
    this.world.settle(() => work.refuse(reason));
    this.#noteIdle();
  }

  /** The item that parked this work has ended its run. */
  unpark(work: Work): void {
    this.#parked -= 1;
    if (!this.#hasSlot) {
      this.#waiting.enqueue(work);
      return;
    }
    this.world.settle(() => this.#grant(work));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#advance();
  }

  flush(bounds: WaitBounds, below: Below): Promise<void> {
    return this.#await(() => this.#flushes.close(), bounds, below);
  }

  idle(bounds: WaitBounds, below: Below): Promise<void> {
    return this.#await(() => (this.isIdle ? undefined : this.#idle), bounds, below);
  }

  close(): void {
    this.#closed = true;
    for (const work of this.#delayed) this.takeOut(work, new QueueClosedError());
  }

  /** Throws if the queue contradicts itself: for tests. */
  checkInvariants(): void {
    this.#waiting.checkInvariants();
    this.#flushes.checkInvariants();
    this.#idle.checkInvariants();
    const free = this.concurrency - this.#running;
    if (free < 0) throw new Error('work queue: more work has a slot than there are slots');
    if (free > 0 && !this.#paused && this.#waiting.size > 0) throw new Error('work queue: work waits for a free slot');
    if (this.isIdle && this.#idle.size > 0) throw new Error('work queue: somebody waits for an idle queue to be idle');
  }

  get #hasSlot(): boolean {
    return !this.#paused && this.#running < this.concurrency;
  }

  /** True: it has a slot at once. */
  #queue(work: Work): boolean {
    work.epoch = this.#flushes.enter();
    work.state = QUEUED;
    if (!this.#hasSlot || this.#waiting.size > 0) {
      this.#waiting.enqueue(work);
      return false;
    }
    if (this.#isParked(work)) return false;
    this.#running += 1;
    work.state = GRANTED;
    return true;
  }

  #delay(work: Work, delay: Milliseconds): void {
    const onTime = (): void => {
      work._timer = undefined;
      this.#delayed.delete(work);
      if (this.#queue(work)) work.begin();
    };
    work._timer = new RunningTimer(this.world.clock, onTime, delay);
    this.#delayed.add(work);
  }

  #advance(): void {
    if (this.#waiting.size > 0 && this.#hasSlot) this.world.settle(() => this.#serve());
    this.#noteIdle();
  }

  #serve(): void {
    while (this.#hasSlot) {
      const work = this.#waiting.dequeue();
      if (work === undefined) break;
      if (!this.#isParked(work)) this.#grant(work);
    }
  }

  #grant(work: Work): void {
    this.#running += 1;
    work.state = GRANTED;
    work.begin();
  }

  /** An item never runs beside itself. */
  #isParked(work: Work): boolean {
    const { item } = work;
    if (item?.runningWork === undefined) return false;
    item.parkedWork = work;
    this.#parked += 1;
    return true;
  }

  #leave(work: Work): void {
    const { epoch } = work;
    work.epoch = undefined;
    if (epoch !== undefined) this.#flushes.leave(epoch);
    work.over();
    work.item?.ended(work);
  }

  #noteIdle(): void {
    if (this.#idle.size > 0 && this.isIdle) this.#idle.wakeAll();
  }

  #await(place: () => EventWaiters<void> | undefined, bounds: WaitBounds, below: Below): Promise<void> {
    const waiters = place() ?? this.#none;
    const queue = (): EventWaiter<void> => (waiters === this.#none ? over(bounds) : waiters.wait(bounds));
    const { observer } = this.world;
    if (observer === undefined || bounds.timeout === 0) return queue().promise;
    // All slots are needed: whoever has one of them may not wait here.
    return observer.waited([{ lock: this, permits: this.capacity }], queue, waiters, below);
  }

  /** The place of those who have nothing to wait for. */
  get #none(): EventWaiters<void> {
    return (this.#nobody ??= new EventWaiters(this.world, 'nothing'));
  }

  #nobody: EventWaiters<void> | undefined;
}

/** A wait that is over before it begins. */
function over({ signal }: WaitBounds): EventWaiter<void> {
  const waiter = new EventWaiter<void>();
  const refusal = refusalOf(signal);
  if (refusal === undefined) waiter.resolve();
  else waiter.reject(refusal.reason);
  return waiter;
}
