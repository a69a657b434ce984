/**
 * A reader/writer lock as permits: a reader takes one, a writer takes them all. So the engine of permits is the fair
 * lock: a queued writer holds back later readers, readers next to each other at the head go on together.
 *
 * Invariant: a writer holds if and only if no permit is free. In a reader-preferring lock, a reader waits only while a
 * writer holds: what readers wait for is never a queued writer, whatever its priority.
 */
import { WaiterQueue } from '../queue/waiter-queue.js';
import type { Hold, WaitKind } from '../model/hold.js';
import type { LockConstructor } from './lock-core.js';
import { lockOptions, type LockOptions } from './options/constructor-options.js';
import { PermitCore } from './permit-core.js';
import type { PermitWaiter } from './permit-waiter.js';

export const READ = 1;
/** More than there can be readers. */
export const WRITE: number = 2 ** 30;

export class RwCore extends PermitCore {
  constructor(owner: object, given: LockOptions | undefined, constructor: LockConstructor) {
    super(owner, WRITE, lockOptions(given, 'RWSemaphore'), 'RWSemaphore', constructor, 1);
  }

  get writer(): boolean {
    return this.value === 0;
  }

  get readers(): number {
    return this.writer ? 0 : WRITE - this.value;
  }

  override isLocked(): boolean {
    return this.value < WRITE;
  }

  override get isIdle(): boolean {
    return !this.isLocked();
  }

  override waitOf(weight: number): WaitKind {
    return weight === WRITE ? 'exclusive' : this.readWait;
  }

  /** Makes a reader of the writer that holds; returns what is left to be given back. */
  downgrade(hold: Hold | undefined): number {
    if (hold !== undefined) this.world.attached?.downgraded(hold, this.readWait, READ);
    this.give(WRITE - READ);
    return READ;
  }

  protected get readWait(): WaitKind {
    return 'fair-read';
  }

  override checkInvariants(): void {
    super.checkInvariants();
    if (this.value < 0 || this.value > WRITE) throw new Error(`rw: ${this.value} permits are free`);
  }
}

/** Readers have a queue of their own, which is served before that of the writers. */
export class ReaderPreferringCore extends RwCore {
  #readers: WaiterQueue<PermitWaiter<unknown>> | undefined = undefined;

  override isFree(weight: number, _priority: number): boolean {
    return weight <= this.value;
  }

  override dispatch(): void {
    if (this.#readers !== undefined) this.serve(this.#readers);
    super.dispatch();
  }

  protected override get readWait(): WaitKind {
    return 'recursive-read';
  }

  protected override enqueue(waiter: PermitWaiter<unknown>): void {
    if (waiter.weight === READ) (this.#readers ??= new WaiterQueue()).enqueue(waiter);
    else super.enqueue(waiter);
  }

  protected override leave(waiter: PermitWaiter<unknown>): boolean {
    return this.#readers?.remove(waiter) === true || super.leave(waiter);
  }

  protected override takeWaiters(): PermitWaiter<unknown>[] {
    return [...(this.#readers?.takeAll() ?? []), ...super.takeWaiters()];
  }

  override checkInvariants(): void {
    super.checkInvariants();
    this.#readers?.checkInvariants();
    if (!this.writer && this.#readers?.peek() !== undefined)
      throw new Error('rw: a reader waits though no writer holds');
  }
}
