/**
 * Random programs of producers, flushers, cancellers, requeuers and pausers over one work queue, and what must be true of
 * every run whatever the order: nothing lost, nothing run twice, order kept, no flush too early.
 *
 * A program is a list of steps; everything in a step happens in one synchronous turn. What tasks do is part of the program, so
 * one seed is the same program in every mode. The journal is what happened, in order, for comparison between modes.
 */
import { unstartedIn } from '../../src/validator/observer/tracked-work.js';
import assert from 'node:assert/strict';
import type { WorkItem as Item, WorkQueue } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { CORE } from '../../src/locks/symbols.js';
import { settled, type FakeClock } from '../differential/fake-clock.js';
import { randomNumbers } from '../order/property.js';

/** One accepted piece of work, as the naive model knows it. */
interface Piece {
  readonly name: string;
  readonly priority: number;
  state: 'delayed' | 'queued' | 'running' | 'over';
  /** When it was queued, among all pieces. */
  order: number;
}

/** An item, its run to come and its run that goes on. */
interface ModelItem {
  readonly item: Item;
  piece: Piece | undefined;
  running: Piece | undefined;
  /** The run whose end a `cancelSync` has waited for last. */
  cancelled: Piece | undefined;
}

export class Stage {
  readonly journal: string[] = [];
  readonly #random: (below: number) => number;
  readonly #clock: FakeClock;
  readonly #queue: WorkQueue;
  readonly #concurrency: number;
  readonly #pieces: Piece[] = [];
  readonly #items: ModelItem[] = [];
  readonly #aborts: { readonly abort: AbortController; readonly piece: Piece }[] = [];
  readonly #waits: Promise<unknown>[] = [];
  readonly #gates: (() => void)[] = [];
  #nextOrder = 0;
  #nextName = 0;
  #paused = false;
  #closed = false;
  /** Paused since an earlier turn: nothing may begin. */
  #quiet = false;
  /** What was found wrong inside of tasks, whose errors go to their callers. */
  readonly #faults: unknown[] = [];

  constructor(instance: IsolatedLockdep, seed: number, clock: FakeClock) {
    this.#random = randomNumbers(seed);
    this.#clock = clock;
    this.#concurrency = [1, 1, 2, 3][this.#random(4)] as number;
    this.#queue = new instance.WorkQueue({
      class: 'model',
      concurrency: this.#concurrency,
      onError: (error) => this.journal.push(`item error ${this.#text(error)}`),
    });
    for (let i = 0; i < 3; i++) this.#items.push(this.#makeItem(instance, i));
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      for (let together = 1 + this.#random(3); together > 0; together--) await this.#act();
      this.#queue[CORE].checkInvariants();
      await settled();
      this.#checkCounts();
      this.#quiet = this.#paused;
      if (this.#faults.length > 0) throw this.#faults[0];
    }
    await this.#finish();
  }

  async #act(): Promise<void> {
    const what = this.#random(24);
    if (what < 8) this.#produce();
    else if (what < 11) this.#enqueue(this.#random(this.#items.length));
    else if (what < 13) this.#flush();
    else if (what === 13) this.#idle();
    else if (what === 14) this.#cancel(this.#random(this.#items.length));
    else if (what === 15) this.#cancelSync(this.#random(this.#items.length));
    else if (what === 16) this.#abort();
    else if (what === 17) this.#pause();
    else if (what < 21) this.#gates.splice(this.#random(this.#gates.length), 1)[0]?.();
    else if (what < 23) await this.#clock.advance(this.#random(25));
    else if (this.#random(20) === 0) this.#close();
  }

  #piece(priority: number, delayed: boolean): Piece {
    const piece: Piece = {
      name: `w${this.#nextName++}`,
      priority,
      state: delayed ? 'delayed' : 'queued',
      order: delayed ? -1 : this.#nextOrder++,
    };
    this.#pieces.push(piece);
    return piece;
  }

  #produce(): void {
    const priority = this.#random(3) === 0 ? this.#random(3) - 1 : 0;
    const delay = this.#random(5) === 0 ? 1 + this.#random(30) : 0;
    const aborting = this.#random(3) === 0 ? new AbortController() : undefined;
    const kind = this.#random(6);
    const piece = this.#piece(priority, delay > 0);
    const body = (): unknown => {
      this.#begins(piece);
      return this.#body(kind, piece);
    };
    const options = { priority, delay, ...(aborting === undefined ? {} : { signal: aborting.signal }) };
    this.#clock.wrap = (queues) => () => {
      this.#ripens(piece);
      queues();
    };
    const refused = this.#closed;
    if (aborting !== undefined) this.#aborts.push({ abort: aborting, piece });
    const heard = this.#queue.run(body as () => void, options).then(
      (value) => this.#heard(piece, `gives ${String(value)}`),
      (error: unknown) => this.#heard(piece, `fails ${this.#text(error)}`),
    );
    this.#clock.wrap = undefined;
    if (refused) piece.state = 'over';
    this.#waits.push(heard);
  }

  #text(error: unknown): string {
    if (error instanceof assert.AssertionError) this.#faults.push(error);
    return typeof error === 'string' ? error : (error as { code: string }).code;
  }

  #ripens(piece: Piece): void {
    if (piece.state !== 'delayed') return;
    piece.state = 'queued';
    piece.order = this.#nextOrder++;
  }

  /** What a task does: returns, throws, rejects, waits for a gate, waits a turn, adds more work. */
  #body(kind: number, piece: Piece): unknown {
    if (kind === 0) return this.#ends(piece, piece.name);
    if (kind === 1) {
      this.#ends(piece, undefined);
      throw `${piece.name} threw`;
    }
    if (kind === 2) return this.#waitThen(piece, Promise.resolve(), true);
    if (kind === 3) return this.#waitThen(piece, settled(), false);
    if (kind === 4) return this.#waitThen(piece, new Promise<void>((open) => this.#gates.push(open)), false);
    this.#enqueue(piece.name.length % this.#items.length);
    return this.#waitThen(piece, Promise.resolve(), false);
  }

  async #waitThen(piece: Piece, wait: Promise<void>, fails: boolean): Promise<string> {
    await wait;
    this.#ends(piece, undefined);
    if (fails) throw `${piece.name} rejected`;
    return piece.name;
  }

  #begins(piece: Piece): void {
    this.journal.push(`${piece.name} begins`);
    assert.equal(this.#quiet, false, 'nothing begins while the queue is paused');
    assert.equal(piece.state, 'queued', `${piece.name} runs once, and only while it is queued`);
    this.#checkOrder(piece);
    piece.state = 'running';
    const running = this.#pieces.filter(({ state }) => state === 'running');
    assert.ok(running.length <= this.#concurrency, 'no more run than may');
  }

  /** Work of one priority begins in the order in which it was queued; only an item may have waited for its own run. */
  #checkOrder(piece: Piece): void {
    const waiting = this.#items.map((made) => made.piece);
    for (const other of this.#pieces) {
      if (other.state !== 'queued' || other.priority !== piece.priority || other.order >= piece.order) continue;
      assert.ok(this.#concurrency > 1 && waiting.includes(other), `${piece.name} begins before ${other.name}`);
    }
  }

  #ends<T>(piece: Piece, value: T): T {
    this.journal.push(`${piece.name} ends`);
    piece.state = 'over';
    return value;
  }

  #heard(piece: Piece, how: string): void {
    this.journal.push(`${piece.name} ${how}`);
    assert.equal(piece.state, 'over', `${piece.name} is heard of when it is over`);
  }

  #makeItem(instance: IsolatedLockdep, index: number): ModelItem {
    const made: ModelItem = {
      item: new instance.WorkItem(
        async (signal) => {
          const piece = made.piece as Piece;
          made.piece = undefined;
          assert.equal(made.running, undefined, 'an item never runs beside itself');
          made.running = piece;
          this.#begins(piece);
          if (index === 1 && this.#random(3) > 0) this.#enqueue(index);
          if (index === 2) await Promise.race([settled(), new Promise((end) => signal.addEventListener('abort', end))]);
          else await settled();
          made.running = undefined;
          this.#ends(piece, undefined);
          if (index === 0 && this.#random(4) === 0) throw piece.name;
        },
        { class: 'model item' },
      ),
      piece: undefined,
      running: undefined,
      cancelled: undefined,
    };
    return made;
  }

  #enqueue(index: number): void {
    const made = this.#items[index] as ModelItem;
    let accepted: boolean;
    try {
      accepted = this.#queue.enqueue(made.item);
    } catch (error) {
      assert.equal((error as { code: unknown }).code, 'ERR_LOCKDEP_CLOSED');
      assert.ok(this.#closed && !made.item.running);
      return;
    }
    const cancelled = made.running !== undefined && made.cancelled === made.running;
    if (cancelled || made.piece !== undefined) assert.equal(accepted, false, 'not twice, nor while it is cancelled');
    if (!accepted) return;
    made.piece = this.#piece(0, false);
    assert.equal(made.item.pending, true);
  }

  /** All that is queued or running now must be over when it resolves. */
  #flush(): void {
    const before = this.#unfinished();
    const flushed = this.#queue.flush().then(() => {
      this.journal.push('flushed');
      for (const piece of before) assert.equal(piece.state, 'over', `a flush waits for ${piece.name}`);
    });
    this.#waits.push(flushed);
  }

  #unfinished(): Piece[] {
    return this.#pieces.filter(({ state }) => state === 'queued' || state === 'running');
  }

  #idle(): void {
    const before = this.#unfinished();
    const wait = this.#random(2) === 0 ? this.#queue.drain() : this.#queue.onIdle();
    const idle = wait.then(() => {
      this.journal.push('idle');
      for (const piece of before) assert.equal(piece.state, 'over', `an idle queue has ended ${piece.name}`);
    });
    this.#waits.push(idle);
  }

  #cancel(index: number): void {
    const made = this.#items[index] as ModelItem;
    const was = made.piece;
    assert.equal(made.item.cancel(), was !== undefined, 'cancel takes out what is pending');
    if (was !== undefined) was.state = 'over';
    made.piece = undefined;
  }

  #cancelSync(index: number): void {
    const made = this.#items[index] as ModelItem;
    const [was, running] = [made.piece, made.running];
    if (was !== undefined) was.state = 'over';
    made.piece = undefined;
    made.cancelled = running ?? made.cancelled;
    const cancelled = made.item.cancelSync().then((pending) => {
      this.journal.push(`cancelled ${index}`);
      assert.equal(pending, was !== undefined);
      assert.ok(running === undefined || running.state === 'over', 'cancelSync waits for the run');
    });
    this.#waits.push(cancelled);
  }

  #abort(): void {
    const found = this.#aborts.splice(this.#random(this.#aborts.length), 1)[0];
    if (found === undefined) return;
    const { abort, piece } = found;
    if (piece.state === 'queued' || piece.state === 'delayed') piece.state = 'over';
    abort.abort('aborted');
  }

  #pause(): void {
    this.#paused = !this.#paused;
    this.#quiet &&= this.#paused;
    if (this.#paused) this.#queue.pause();
    else this.#queue.resume();
  }

  #close(): void {
    this.#closed = true;
    for (const piece of this.#pieces) if (piece.state === 'delayed') piece.state = 'over';
    this.#waits.push(this.#queue.close().then(() => this.journal.push('closed')));
  }

  #checkCounts(): void {
    const unfinished = this.#unfinished().length;
    assert.equal(this.#queue.size + this.#queue.running, unfinished, 'nothing is lost, nothing is left over');
  }

  /** Opens all gates and lets all timers fire: then everything must be over, and everybody must have heard. */
  async #finish(): Promise<void> {
    if (this.#paused) this.#pause();
    await this.#clock.advance(100);
    for (let round = 0; round < 500 && this.#unfinished().length > 0; round++) {
      for (const open of this.#gates.splice(0)) open();
      await this.#clock.advance(5);
      await settled();
    }
    for (let round = 0; round < 100; round++) await settled();
    const left = this.#pieces.filter(({ state }) => state !== 'over');
    assert.deepEqual(
      left.map(({ name, state }) => `${name} ${state}`),
      [],
      'everything is over in the end',
    );
    await Promise.all(this.#waits);
    if (this.#faults.length > 0) throw this.#faults[0];
    await this.#queue.drain();
    assert.deepEqual([this.#queue.size, this.#queue.running, unstartedIn(this.#queue[CORE]).length], [0, 0, 0]);
    assert.equal(this.#clock.liveTimers, 0);
    this.#queue[CORE].checkInvariants();
  }
}
