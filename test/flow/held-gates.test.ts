import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { soleLockOf } from '../../src/model/sole-lock.js';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { LockClass, type Mutex, RWSemaphore, Semaphore, type LockGuard, type WriteGuard } from '../../src/index.js';
import { CORE } from '../../src/locks/symbols.js';
import { WAITING, type TrackedLock } from '../../src/model/hold.js';
import type { HeldTracker } from '../../src/flow/held-tracker.js';
import { randomNumbers, RUNS, SEED } from '../order/property.js';
import { isolated } from '../support/harness.js';

const STEPS = 60;
const ELSEWHERE = {} as TrackedLock;

/** The locks that are gates now, as all that is held says. */
function gatesByWalk(tracker: HeldTracker): Set<TrackedLock> {
  const gates = new Set<TrackedLock>();
  for (const { lock, lockClass, state } of tracker.live()) {
    if (state !== WAITING && lock.excludes && soleLockOf(lockClass) !== undefined) gates.add(lock);
  }
  return gates;
}

function gatesByLook(tracker: HeldTracker, except: TrackedLock = ELSEWHERE): Set<TrackedLock> {
  return new Set(tracker.gates.oneOfEach(except, () => true)?.map(({ lock }) => lock));
}

type Random = (below: number) => number;
type AnyLock = Mutex | Semaphore | RWSemaphore;

/** Locks that are asked for, had, given back and changed at random. */
class Program {
  readonly #instance: IsolatedLockdep;
  readonly #random: Random;
  readonly #locks: AnyLock[] = [];
  readonly #guards: (LockGuard | WriteGuard)[] = [];
  readonly #aborts: AbortController[] = [];
  readonly #classes: LockClass[] = [];

  constructor(instance: IsolatedLockdep, random: Random) {
    this.#instance = instance;
    this.#random = random;
    for (let i = 0; i < 4; i++) this.#make();
  }

  get tracker(): HeldTracker {
    return runtimeOf(this.#instance).validator.tracker;
  }

  step(): void {
    const chance = this.#random(20);
    if (chance < 8) this.#ask(this.#pick(this.#locks));
    else if (chance < 13) this.#drop()?.release();
    else if (chance === 13) this.#downgrade();
    else if (chance === 14) this.#pick(this.#aborts)?.abort();
    else if (chance === 15) this.#pick(this.#locks)?.setClass(this.#class());
    else if (chance === 16) this.#pick(this.#guards)?.transfer();
    else if (chance === 17) this.#make();
    else if (chance === 18) this.#raise(this.#pick(this.#locks));
    else if (this.#random(6) === 0) this.#instance.lockdep.reset();
  }

  end(): void {
    for (const abort of this.#aborts) abort.abort();
    for (let guard = this.#drop(); guard !== undefined; guard = this.#drop()) guard.release();
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[this.#random(items.length)];
  }

  /** Mostly a new one: of a class that has two locks there is no gate. */
  #class(): LockClass {
    const known = this.#random(4) === 0 ? this.#pick(this.#classes) : undefined;
    if (known !== undefined) return this.#random(2) === 0 ? known : known.subclass(1 + this.#random(2));
    const made = new LockClass('gate');
    this.#classes.push(made);
    return made;
  }

  #make(): void {
    const options = { class: this.#class() };
    const { Mutex: OneMutex, RWSemaphore: OneRw, Semaphore: OneSemaphore } = this.#instance;
    const kind = this.#random(4);
    if (kind === 0) this.#locks.push(new OneMutex(options));
    else if (kind === 1) this.#locks.push(new OneSemaphore(1 + this.#random(2), options));
    else this.#locks.push(new OneRw({ ...options, ...(kind === 2 ? { fairness: 'reader-preferring' as const } : {}) }));
  }

  #ask(lock: AnyLock | undefined): void {
    if (lock === undefined) return;
    const abort = new AbortController();
    this.#aborts.push(abort);
    const subclass = this.#random(3) === 0 ? 1 : 0;
    const options = { priority: this.#random(3) - 1, signal: abort.signal, subclass };
    const asked = lock instanceof RWSemaphore ? this.#askRw(lock, options) : lock.lock(options);
    asked.then(
      (guard) => void this.#guards.push(guard),
      () => undefined,
    );
  }

  #askRw(lock: RWSemaphore, options: Parameters<RWSemaphore['lockRead']>[0]): Promise<LockGuard> {
    return this.#random(3) > 0 ? lock.lockRead(options) : lock.lockWrite(options);
  }

  #drop(): LockGuard | undefined {
    const [guard] = this.#guards.splice(this.#random(this.#guards.length), 1);
    return guard;
  }

  #downgrade(): void {
    const at = this.#guards.findIndex((guard) => 'downgrade' in guard);
    const guard = this.#guards[at] as WriteGuard | undefined;
    if (guard !== undefined) this.#guards[at] = guard.downgrade();
  }

  #raise(lock: AnyLock | undefined): void {
    if (lock instanceof Semaphore && this.#random(3) === 0) lock.setValue(lock.getValue() + 1);
  }
}

describe('the locks that are held and may be gates', () => {
  it('are those that a walk over all holds finds, whatever becomes of the locks', async () => {
    for (let run = 0; run < Math.max(20, RUNS / 4); run++) {
      const random = randomNumbers(SEED + run);
      await isolated(async (instance) => {
        const program = new Program(instance, random);
        const { tracker } = program;
        for (let step = 0; step < STEPS; step++) {
          program.step();
          if (random(2) === 0) await nextTurn();
          tracker.checkInvariants();
          if (random(3) === 0) assert.deepEqual(gatesByLook(tracker), gatesByWalk(tracker), `run ${run} step ${step}`);
        }
        program.end();
        await nextTurn();
        program.end();
        assert.deepEqual(gatesByLook(tracker), gatesByWalk(tracker));
        tracker.checkInvariants();
      });
    }
  });

  it('leave out one that is asked about, and each that nobody holds any more', () =>
    isolated(async (instance) => {
      const { tracker } = runtimeOf(instance).validator;
      const [one, two] = [new LockClass('one'), new LockClass('two')].map(
        (lockClass) => new instance.Mutex({ class: lockClass }),
      ) as [Mutex, Mutex];
      const [first, second] = [await one.acquire(), await two.acquire()];
      void one.acquire().catch(() => undefined);
      assert.deepEqual(gatesByLook(tracker, two[CORE]), new Set([one[CORE]]));
      second();
      assert.deepEqual(gatesByLook(tracker), new Set([one[CORE]]));
      one.cancel();
      first();
      assert.deepEqual(gatesByLook(tracker), new Set());
    }));

  it('lose one whose class gets a second lock, or which lets several in', () =>
    isolated(async (instance) => {
      const { tracker } = runtimeOf(instance).validator;
      const lockClass = new LockClass('shared');
      const mutex = new instance.Mutex({ class: lockClass });
      const semaphore = new instance.Semaphore(1, { class: new LockClass('raised') });
      await mutex.acquire();
      await semaphore.acquire();
      assert.equal(gatesByLook(tracker).size, 2);
      new instance.Mutex({ class: lockClass });
      semaphore.setValue(1);
      assert.deepEqual(gatesByLook(tracker), new Set());
      mutex.setClass(new LockClass('its own'));
      assert.deepEqual(gatesByLook(tracker), new Set([mutex[CORE]]));
    }));

  it('show a holder that was served before those that had asked earlier', () =>
    isolated(async (instance) => {
      const { tracker } = runtimeOf(instance).validator;
      const lock = new instance.Mutex({ class: new LockClass('busy') });
      const first = await lock.acquire();
      for (let i = 0; i < 1000; i++) void lock.acquire().catch(() => undefined);
      const preferred = lock.acquire(1);
      first();
      const release = await preferred;
      let looks = 0;
      const found = tracker.gates.oneOfEach(ELSEWHERE, ({ state }) => {
        looks += 1;
        return state !== WAITING;
      });
      assert.deepEqual([found?.length, looks], [1, 1]);
      tracker.checkInvariants();
      lock.cancel();
      release();
    }));
});
