/**
 * A random program whose every callback may fail: signals, timers, options, scopes, comparators, `onReport`, `emitWarning`. It
 * never deadlocks: who nests takes locks in the order of their numbers, whatever classes those have.
 *
 * Nobody may get into a lock beside its holder, every wait must end, and all must be free at the end.
 */
import fc from 'fast-check';
import { CORE } from '../../src/locks/symbols.js';
import {
  LockClass,
  type Completion,
  type LockdepOptions,
  type Mutex,
  type RWSemaphore,
  type Semaphore,
  type WorkQueue,
} from '../../src/index.js';
import { createLockdep, type IsolatedLockdep } from '../../src/testing.js';
import { FailingSignal, type Faults } from '../locks/failing-signal.js';
import { nextTurn } from '../support/harness.js';

const LOCKS = 5;
const PERMITS = 2;
/** Turns of the event loop after which all must be over, and those after which nobody waits for an event any more. */
const TURNS = 20_000;
const FEW_TURNS = 40;
const CALLBACKS = ['works', 'throws', 'rejects', 'calls the locks', 'gives nonsense'] as const;
type CallbackFault = (typeof CALLBACKS)[number];

/** What is wanted of one lock, and how that is bounded and used. */
interface Step {
  readonly lock: number;
  readonly style: 'acquire' | 'lock' | 'scope' | 'try' | 'wait';
  readonly shared: boolean;
  readonly bound: 'none' | 'timeout' | 'signal' | 'both';
  readonly faults: Faults;
  readonly abort: 'never' | 'at once' | 'later';
  readonly optionsFault: 'none' | 'signal' | 'timeout' | 'priority' | 'nestLock';
  readonly throws: boolean;
  readonly turns: number;
  readonly inner: Step | undefined;
}

export interface Program {
  readonly flows: readonly (readonly Step[])[];
  /** The class of each lock. */
  readonly classes: readonly number[];
  readonly comparator: CallbackFault;
  readonly onReport: CallbackFault;
  readonly emitWarning: 'works' | 'throws';
  /** Every so many timers fail; 0 for none. */
  readonly timersFail: number;
  readonly clearFails: boolean;
}

const faults: fc.Arbitrary<Faults> = fc.record({
  add: fc.constantFrom('works', 'works', 'throws', 'keeps and throws', 'fires'),
  remove: fc.constantFrom('works', 'throws', 'does nothing'),
  aborted: fc.constantFrom(0, 0, 0, 1, 2, 3),
  reason: fc.constantFrom('works', 'throws'),
  calls: fc.constantFrom(1, 2),
});

const { step } = fc.letrec<{ step: Step }>((tie) => ({
  step: fc.record({
    lock: fc.nat(LOCKS - 1),
    style: fc.constantFrom('acquire', 'lock', 'scope', 'scope', 'try', 'wait'),
    shared: fc.boolean(),
    bound: fc.constantFrom('none', 'none', 'timeout', 'signal', 'signal', 'both'),
    faults,
    abort: fc.constantFrom('never', 'never', 'at once', 'later'),
    optionsFault: fc.constantFrom('none', 'none', 'none', 'none', 'none', 'signal', 'timeout', 'priority', 'nestLock'),
    throws: fc.boolean(),
    turns: fc.nat(3),
    inner: fc.option(tie('step'), { nil: undefined, depthSize: 'small', maxDepth: 2 }),
  }),
}));

export const programs: fc.Arbitrary<Program> = fc.record({
  flows: fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
  classes: fc.array(fc.nat(2), { minLength: LOCKS, maxLength: LOCKS }),
  comparator: fc.constantFrom(...CALLBACKS),
  onReport: fc.constantFrom(...CALLBACKS),
  emitWarning: fc.constantFrom('works', 'throws'),
  timersFail: fc.constantFrom(0, 1, 2, 3),
  clearFails: fc.boolean(),
});

/** All calls of one lock, with a count of who is inside. */
interface Place {
  readonly lock: Mutex | Semaphore | RWSemaphore | WorkQueue | Completion;
  inside: number;
  writers: number;
}

type Bounds = { signal?: AbortSignal; timeout?: number };

class Failure extends Error {}

export async function runFailing(program: Program, options: Partial<LockdepOptions>): Promise<void> {
  await new Run(program, options).go();
}

class Run {
  readonly #program: Program;
  readonly #instance: IsolatedLockdep;
  readonly #places: readonly Place[];
  readonly #wrong: string[] = [];
  /** Calls of callbacks that call the locks themselves: not without end. */
  #reentries = 0;
  #timers = 0;

  constructor(program: Program, options: Partial<LockdepOptions>) {
    this.#program = program;
    this.#instance = createLockdep({ ...options, onReport: () => this.#callback(program.onReport) as void });
    this.#places = this.#makePlaces();
  }

  async go(): Promise<void> {
    const restore = this.#breakEnvironment();
    try {
      const flows = this.#program.flows.map((steps) => this.#flow(steps));
      await this.#ended(Promise.allSettled(flows), 'every flow ends');
    } finally {
      restore();
    }
    await nextTurn();
    this.#checkFree();
    this.#instance.dispose();
    if (this.#wrong.length > 0) throw new Error(this.#wrong.join('; '));
  }

  #makePlaces(): Place[] {
    const { Mutex, Semaphore, RWSemaphore, WorkQueue, Completion } = this.#instance;
    const order = (): number => this.#callback(this.#program.comparator) as number;
    const classes = [
      new LockClass('a'),
      new LockClass('b', { order: this.#program.comparator === 'works' ? () => -1 : order }),
      new LockClass('c'),
    ];
    const of = (lock: number): { class: LockClass } => ({
      class: classes[this.#program.classes[lock] as number] as LockClass,
    });
    const locks = [
      new Mutex(of(0)),
      new Semaphore(PERMITS, of(1)),
      new RWSemaphore({ ...of(2), fairness: 'reader-preferring' }),
      new WorkQueue(of(3)),
      new Completion(of(4)),
    ];
    return locks.map((lock) => ({ lock: lock as Place['lock'], inside: 0, writers: 0 }));
  }

  /** What a callback of the program does; `undefined` where it works. */
  #callback(fault: CallbackFault): unknown {
    if (fault === 'throws') throw new Failure('a callback');
    if (fault === 'rejects') return Promise.reject(new Failure('a callback'));
    if (fault === 'gives nonsense') return Object.create(null);
    if (fault === 'calls the locks' && this.#reentries < 20) {
      this.#reentries += 1;
      for (const { lock } of this.#places) this.#callLock(lock);
      this.#reentries -= 1;
    }
    return undefined;
  }

  #callLock(lock: Place['lock']): void {
    const { Mutex, Semaphore } = this.#instance;
    if (!(lock instanceof Mutex || lock instanceof Semaphore)) return;
    lock.tryAcquire()?.();
    void (lock as Mutex).acquire({ timeout: 0 }).then(
      (release) => (typeof release === 'function' ? release() : (release as unknown as [number, () => void])[1]()),
      () => undefined,
    );
  }

  #breakEnvironment(): () => void {
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    const { emitWarning } = process;
    const { timersFail, clearFails } = this.#program;
    globalThis.setTimeout = ((callback: () => void, delay: number) => {
      this.#timers += 1;
      if (timersFail > 0 && this.#timers % timersFail === 0) throw new Failure('setTimeout');
      return set(callback, delay);
    }) as typeof setTimeout;
    globalThis.clearTimeout = ((timer: NodeJS.Timeout) => {
      clear(timer);
      if (clearFails) throw new Failure('clearTimeout');
    }) as typeof clearTimeout;
    process.emitWarning = () => {
      if (this.#program.emitWarning === 'throws') throw new Failure('emitWarning');
    };
    return () => {
      globalThis.setTimeout = set;
      globalThis.clearTimeout = clear;
      process.emitWarning = emitWarning;
    };
  }

  async #flow(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      try {
        await this.#step(step, 0);
      } catch (error) {
        this.#note(error);
      }
    }
  }

  /** What went wrong on purpose, or was refused, is all right; nothing of the library's own must be. */
  #note(error: unknown): void {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    const isExpected = error instanceof Failure || /^(?:add|aborted|reason|remove)/.test(message);
    if (!isExpected && code?.startsWith('ERR_LOCKDEP_') !== true) this.#wrong.push(String((error as Error).stack));
  }

  async #step(step: Step, least: number): Promise<void> {
    // In the order of their numbers, so that no two flows wait for each other.
    const at = least + (step.lock % Math.max(1, LOCKS - least));
    const place = this.#places[at];
    if (place === undefined) return;
    const bounds = this.#boundsOf(step);
    const inside = async (): Promise<void> => {
      for (let turn = 0; turn < step.turns; turn++) await (turn % 2 === 0 ? null : nextTurn());
      if (step.inner !== undefined) await this.#step(step.inner, at + 1);
      if (step.throws) throw new Failure('a scope');
    };
    await this.#use(place, step, bounds, inside);
  }

  #boundsOf({ bound, faults: failing, abort, optionsFault }: Step): Bounds {
    const bounds: Bounds = {};
    if (bound === 'timeout' || bound === 'both') bounds.timeout = 1;
    if (bound === 'signal' || bound === 'both') {
      const signal = new FailingSignal(failing);
      if (abort === 'at once') queueMicrotask(() => signal.abort());
      if (abort === 'later') setImmediate(() => signal.abort());
      bounds.signal = signal.asSignal;
    }
    if (optionsFault === 'none') return bounds;
    return Object.defineProperty(bounds, optionsFault, {
      get: () => {
        throw new Failure(`option ${optionsFault}`);
      },
    });
  }

  #use(place: Place, step: Step, bounds: Bounds, inside: () => Promise<void>): Promise<void> {
    const { lock } = place;
    const { Mutex, Semaphore, RWSemaphore, WorkQueue } = this.#instance;
    if (lock instanceof Mutex) return this.#useMutex(place, lock, step, bounds, inside);
    if (lock instanceof Semaphore) return this.#useSemaphore(place, lock, step, bounds, inside);
    if (lock instanceof RWSemaphore) return this.#useRw(place, lock, step, bounds, inside);
    if (lock instanceof WorkQueue) return this.#useQueue(place, lock, step, bounds, inside);
    return this.#useCompletion(lock as Completion, bounds, inside);
  }

  /** Nobody is in beside a writer; of readers, or of who has a permit, there are so many at most. */
  async #enter(place: Place, isWriter: boolean, most: number, inside: () => Promise<void>): Promise<void> {
    if (place.writers > 0 || (isWriter && place.inside > 0) || place.inside >= most) {
      this.#wrong.push(`two at once in ${place.lock.constructor.name}`);
    }
    place.inside += 1;
    if (isWriter) place.writers += 1;
    try {
      await inside();
    } finally {
      place.inside -= 1;
      if (isWriter) place.writers -= 1;
    }
  }

  async #useMutex(place: Place, lock: Mutex, step: Step, bounds: Bounds, inside: () => Promise<void>): Promise<void> {
    const body = (): Promise<void> => this.#enter(place, true, 1, inside);
    if (step.style === 'scope') return await lock.runExclusive(body, bounds);
    if (step.style === 'wait') return await lock.waitForUnlock();
    const release = step.style === 'try' ? lock.tryAcquire() : await this.#taken(lock, step, bounds);
    if (release === undefined) return undefined;
    try {
      await body();
    } finally {
      release();
    }
    return undefined;
  }

  async #taken(lock: Mutex, step: Step, bounds: Bounds): Promise<() => void> {
    if (step.style === 'acquire') return await lock.acquire(bounds);
    const guard = await lock.lock(bounds);
    return () => guard.release();
  }

  async #useSemaphore(
    place: Place,
    lock: Semaphore,
    step: Step,
    bounds: Bounds,
    inside: () => Promise<void>,
  ): Promise<void> {
    const weight = step.shared ? 1 : PERMITS;
    const body = (): Promise<void> => this.#enter(place, !step.shared, PERMITS, inside);
    if (step.style === 'wait') return await lock.waitForUnlock(weight);
    if (step.style === 'scope') return await lock.runExclusive(body, { ...this.#spread(bounds), weight });
    const [, release] = await lock.acquire({ ...this.#spread(bounds), weight });
    try {
      await body();
    } finally {
      release();
    }
    return undefined;
  }

  /** A getter that throws does so for who spreads it: the same error, from the program itself. */
  #spread(bounds: Bounds): Bounds {
    return { ...bounds };
  }

  async #useRw(
    place: Place,
    lock: RWSemaphore,
    step: Step,
    bounds: Bounds,
    inside: () => Promise<void>,
  ): Promise<void> {
    const body = (): Promise<void> => this.#enter(place, !step.shared, Infinity, inside);
    if (step.style === 'scope') return await (step.shared ? lock.runRead(body, bounds) : lock.runWrite(body, bounds));
    const release = await (step.shared ? lock.acquireRead(bounds) : lock.acquireWrite(bounds));
    try {
      await body();
    } finally {
      release();
    }
    return undefined;
  }

  async #useQueue(
    place: Place,
    queue: WorkQueue,
    step: Step,
    bounds: Bounds,
    inside: () => Promise<void>,
  ): Promise<void> {
    const { signal } = bounds;
    if (step.style === 'wait') return await (step.shared ? queue.flush(bounds) : queue.drain(bounds));
    const delay = step.style === 'try' ? 1 : 0;
    const run = queue.run(() => this.#enter(place, true, 1, inside), {
      delay,
      ...(signal === undefined ? {} : { signal }),
    });
    return await run;
  }

  /** What it lets come may go to another one, which waited before: the rest comes at the end. */
  async #useCompletion(completion: Completion, bounds: Bounds, inside: () => Promise<void>): Promise<void> {
    if (bounds.timeout === undefined) completion.complete();
    await completion.wait(bounds);
    await inside();
  }

  async #ended(all: Promise<unknown>, what: string): Promise<void> {
    const completion = this.#places.at(-1)?.lock as Completion;
    let isOver = false;
    void all.then(() => (isOver = true));
    for (let turn = 0; turn < TURNS && !isOver; turn++) {
      await nextTurn();
      if (turn > FEW_TURNS) completion.completeAll();
    }
    if (!isOver) this.#wrong.push(`not so: ${what}; ${this.#instance.lockdep.showAllLocks()}`);
  }

  #checkFree(): void {
    const [mutex, semaphore, rw, queue, completion] = this.#places.map(({ lock }) => lock) as [
      Mutex,
      Semaphore,
      RWSemaphore,
      WorkQueue,
      Completion,
    ];
    if (mutex.isLocked()) this.#wrong.push('the mutex is locked');
    if (semaphore.getValue() !== PERMITS) this.#wrong.push(`the semaphore has ${semaphore.getValue()}`);
    if (rw.isLocked()) this.#wrong.push('the reader/writer lock is held');
    if (queue.size + queue.running > 0) this.#wrong.push(`the queue has work: ${queue.size} and ${queue.running}`);
    for (const lock of [mutex, semaphore, rw, queue, completion]) lock[CORE].checkInvariants();
    const text = this.#instance.lockdep.showAllLocks();
    if (!/^(?:no locks are held or awaited|lockdep is off)/.test(text)) this.#wrong.push(text);
  }
}
