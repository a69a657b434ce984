/**
 * Random programs during which the mode and the level of tracking change all the time, while locks are held and waited
 * for. A plain model of a queue says who must have each lock when; the orders taken are all legal, so nothing may be reported.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IsolatedLockdep } from '../../src/testing.js';
import type { LockdepOptions, Mutex, Releaser, Semaphore } from '../../src/index.js';
import { randomNumbers } from '../order/property.js';
import { isolated, nextTurn, settle } from '../support/harness.js';

const RUNS = Number(process.env['LOCKDEP_FUZZ_RUNS'] ?? '') || 70;
const SEED = Number(process.env['LOCKDEP_FUZZ_SEED'] ?? '') || 1;
const FLOWS = 4;
const STEPS = 5;

const STATES: readonly Partial<LockdepOptions>[] = [
  { mode: 'off' },
  { mode: 'warn', tracking: 'light' },
  { mode: 'warn', tracking: 'precise' },
  { mode: 'enforce', tracking: 'precise' },
  { mode: 'enforce', tracking: 'light' },
];

/** A queue as one would write it down: who has the permits, and who is next. */
class Model {
  readonly #holders: number[] = [];
  readonly #waiting: number[] = [];
  readonly granted: number[] = [];
  readonly permits: number;

  constructor(permits: number) {
    this.permits = permits;
  }

  request(id: number): void {
    this.#waiting.push(id);
    this.#serve();
  }

  release(id: number): void {
    this.#holders.splice(this.#holders.indexOf(id), 1);
    this.#serve();
  }

  isHolder(id: number): boolean {
    return this.#holders.includes(id);
  }

  #serve(): void {
    while (this.#waiting.length > 0 && this.#holders.length < this.permits) {
      const next = this.#waiting.shift() as number;
      this.#holders.push(next);
      this.granted.push(next);
    }
  }
}

type Random = (below: number) => number;

interface Place {
  readonly lock: Mutex | Semaphore;
  readonly model: Model;
  /** In the order in which the program got to know. */
  readonly arrived: number[];
}

class Run {
  readonly #instance: IsolatedLockdep;
  readonly #random: Random;
  readonly places: readonly Place[];
  readonly #moves: (() => void)[] = [];
  #ids = 0;
  #switches = 0;

  constructor(instance: IsolatedLockdep, random: Random) {
    this.#instance = instance;
    this.#random = random;
    const locks = [new instance.Mutex(), new instance.Semaphore(2), new instance.Mutex(), new instance.Mutex()];
    this.places = locks.map((lock, i) => ({ lock, model: new Model(i === 1 ? 2 : 1), arrived: [] }));
  }

  get switches(): number {
    return this.#switches;
  }

  /** Between any two steps the world may change. */
  async #pause(): Promise<void> {
    this.#maybeSwitch();
    const turns = this.#random(4);
    if (turns === 3) await nextTurn();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    this.#maybeSwitch();
  }

  #maybeSwitch(): void {
    if (this.#random(3) !== 0) return;
    this.#switches += 1;
    this.#instance.lockdep.configure(STATES[this.#random(STATES.length)] as Partial<LockdepOptions>);
  }

  async flow(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      await this.#pause();
      const section = (): Promise<void> => this.#section(this.#random(this.places.length));
      await (this.#random(2) === 0 ? section() : this.#instance.lockdep.task(`section ${step}`, section));
    }
  }

  /** Takes the lock at `index`, perhaps one further on inside, and gives it back. */
  async #section(index: number): Promise<void> {
    const id = ++this.#ids;
    const place = this.places[index] as Place;
    const style = this.#random(4);
    if (style === 0) {
      place.model.request(id);
      await place.lock.runExclusive(async () => {
        place.arrived.push(id);
        await this.#inside(place, id, index);
        place.model.release(id);
      });
    } else if (style === 1) {
      const wasLocked = place.lock.isLocked();
      const release = place.lock.tryAcquire();
      assert.equal(release === undefined, wasLocked);
      if (release === undefined) return;
      place.model.request(id);
      place.arrived.push(id);
      await this.#inside(place, id, index);
      await this.#end(place, id, Array.isArray(release) ? release[1] : release);
    } else {
      const release = await this.#acquire(place, id, style === 2);
      await this.#inside(place, id, index);
      await this.#end(place, id, release);
    }
  }

  /** Directly, or through a helper that returns late. */
  async #acquire(place: Place, id: number, late: boolean): Promise<Releaser> {
    if (late) await this.#pause();
    place.model.request(id);
    const got = await place.lock.acquire();
    place.arrived.push(id);
    return Array.isArray(got) ? got[1] : got;
  }

  async #inside(place: Place, id: number, index: number): Promise<void> {
    this.#check(place, id);
    await this.#pause();
    this.#check(place, id);
    const further = index + 1 + this.#random(this.places.length);
    if (further < this.places.length) await this.#section(further);
    this.#check(place, id);
    await this.#pause();
  }

  #check(place: Place, id: number): void {
    assert.ok(place.model.isHolder(id), `request ${id} has a lock that is not its own`);
    this.#instance.lockdep.assertHeld(place.lock);
  }

  /** Mostly here and now; sometimes another flow releases while this one waits for that. */
  async #end(place: Place, id: number, release: Releaser): Promise<void> {
    const end = (): void => {
      place.model.release(id);
      release();
    };
    if (this.#random(5) !== 0) end();
    else {
      await new Promise<void>((resolve) => {
        this.#moves.push(() => {
          end();
          resolve();
        });
      });
    }
    this.#maybeSwitch();
  }

  /** The flow that releases what others hand to it. */
  handedOver(): void {
    for (const move of this.#moves.splice(0)) move();
  }
}

const sorted = (ids: readonly number[]): number[] => ids.toSorted((a, b) => a - b);

it('a self-test of the hooks that a switch interrupts says nothing about the runtime', async (t) => {
  const warnings = t.mock.method(process, 'emitWarning', () => undefined);
  for (const between of [{ mode: 'off' }, { tracking: 'light' }] as const) {
    await isolated(async ({ lockdep }) => {
      await Promise.resolve();
      lockdep.configure(between);
      await Promise.resolve();
      lockdep.configure({ mode: 'warn', tracking: 'precise' });
      await settle(2);
      assert.equal(lockdep.tracking, 'precise');
    });
  }
  assert.equal(warnings.mock.callCount(), 0);
});

describe('an answer about a lock that was in use before a change', () => {
  const changes: readonly (readonly Partial<LockdepOptions>[])[] = [
    [{ mode: 'off' }, { mode: 'warn' }],
    [{ tracking: 'light' }, { tracking: 'precise' }],
  ];
  for (const [between, again] of changes) {
    const name = JSON.stringify(between);
    it(`${name} and back: is not known in a scope of its holder`, () =>
      isolated(async ({ lockdep, Mutex }) => {
        const [a, b] = [new Mutex(), new Mutex()];
        lockdep.configure(between as Partial<LockdepOptions>);
        const release = await a.acquire();
        lockdep.configure(again as Partial<LockdepOptions>);
        await b.runExclusive(() => {
          assert.equal(lockdep.isHeld(a), undefined);
          lockdep.assertHeld(a);
        });
        release();
        assert.deepEqual(lockdep.reports(), []);
      }));

    it(`${name} and back: is not known for a semaphore with a permit left`, () =>
      isolated(async ({ lockdep, Semaphore }) => {
        const semaphore = new Semaphore(2);
        lockdep.configure(between as Partial<LockdepOptions>);
        const [, release] = await semaphore.acquire();
        lockdep.configure(again as Partial<LockdepOptions>);
        assert.equal(lockdep.isHeld(semaphore), undefined);
        release();
        assert.equal(lockdep.isHeld(semaphore), false);
      }));

    it(`${name} and back: is not known to a function that was suspended meanwhile`, () =>
      isolated(async ({ lockdep, Mutex }) => {
        const [a, b] = [new Mutex(), new Mutex()];
        const open = async (): Promise<Releaser> => {
          await nextTurn();
          lockdep.configure(again as Partial<LockdepOptions>);
          return await a.acquire();
        };
        lockdep.configure(between as Partial<LockdepOptions>);
        const release = await open();
        await b.runExclusive(() => assert.notEqual(lockdep.isHeld(a), false));
        release();
      }));

    it(`${name} and back: is sure of what has begun since`, () =>
      isolated(async ({ lockdep, Mutex, expectReport }) => {
        const [a, b] = [new Mutex(), new Mutex()];
        lockdep.configure(between as Partial<LockdepOptions>);
        lockdep.configure(again as Partial<LockdepOptions>);
        await lockdep.task('task', async () => {
          const release = await a.acquire();
          assert.equal(lockdep.isHeld(a), true);
          await lockdep.task('another', async () => assert.equal(lockdep.isHeld(a), undefined));
          release();
          assert.equal(lockdep.isHeld(a), false);
          await expectReport('assertion', () => b.runExclusive(() => lockdep.assertHeld(a)));
        });
      }));
  }
});

describe('mode and level changed at any moment', () => {
  it(`decide nothing about grants, and report nothing of legal orders (${RUNS} programs from seed ${SEED})`, async () => {
    let switches = 0;
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      await isolated(async (instance) => {
        const run = new Run(instance, randomNumbers(seed));
        let done = 0;
        const failures: unknown[] = [];
        for (let flow = 0; flow < FLOWS; flow++) {
          run.flow().then(
            () => (done += 1),
            (error: unknown) => failures.push(error),
          );
        }
        for (let turn = 0; turn < 500 && done + failures.length < FLOWS; turn++) {
          await settle(1);
          run.handedOver();
        }
        run.handedOver();
        if (failures.length > 0) throw new Error(`seed ${seed}`, { cause: failures[0] });
        assert.equal(done, FLOWS, `seed ${seed}: a flow has not been woken up`);
        for (const { lock, model, arrived } of run.places) {
          assert.equal(lock.isLocked(), false, `seed ${seed}`);
          // Of two that have a permit each, which one gets to know first depends on how it has asked.
          const [inFact, expected] =
            model.permits === 1 ? [arrived, model.granted] : [arrived, model.granted].map(sorted);
          assert.deepEqual(inFact, expected, `seed ${seed}`);
        }
        instance.lockdep.configure({ mode: 'warn' });
        assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited', `seed ${seed}`);
        assert.deepEqual(
          instance.lockdep.reports().map((report) => report.message),
          [],
          `seed ${seed}`,
        );
        switches += run.switches;
      });
    }
    assert.ok(switches > 20 * RUNS, `only ${switches} switches`);
  });
});
