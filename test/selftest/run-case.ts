/** Runs one case through the public face, in an instance of its own. */
import { createLockdep, type IsolatedLockdep } from '../../src/testing.js';
import {
  LockClass,
  NotHeldError,
  type LockGuard,
  type Mutex,
  type PseudoLock,
  type Report,
  type RWSemaphore,
} from '../../src/index.js';
import type { Case } from './cases.js';

export interface Outcome {
  /** The one report that came, none, or why the case can not be judged. */
  readonly kind: string | undefined;
  readonly passed: boolean;
}

export async function runCase(one: Case): Promise<Outcome> {
  const instance = createLockdep();
  try {
    const world = new World(instance, one);
    for (const flow of one.program.split(' | ')) await instance.lockdep.detached(() => world.run(flow.split(' ')));
    const reports = instance.lockdep.reports();
    const kind = reports.length === 0 ? undefined : reports.map(printed).join(' and ');
    return { kind, passed: kind === (one.expected && `${one.expected} (strict)`) };
  } finally {
    instance.dispose();
  }
}

function printed(report: Report): string {
  return `${report.kind} (${report.tier})`;
}

type AnyLock = Mutex | RWSemaphore;

class World {
  readonly #instance: IsolatedLockdep;
  readonly #case: Case;
  readonly #classes = new Map<string, LockClass>();
  readonly #locks = new Map<string, AnyLock>();
  readonly #pseudo: PseudoLock;

  constructor(instance: IsolatedLockdep, one: Case) {
    this.#instance = instance;
    this.#case = one;
    this.#pseudo = new instance.PseudoLock({ class: new LockClass('P') });
  }

  /** One flow. What it still holds at its end it releases, innermost first. */
  async run(steps: readonly string[]): Promise<void> {
    const held = new Map<string, LockGuard>();
    const sections: Disposable[] = [];
    let ruledOut = false;
    // From here on the flow runs by itself, not as a call of whoever started it.
    await Promise.resolve();
    for (const step of steps) {
      const name = step.slice(1);
      if (step === '+P') sections.push(this.#pseudo.enter());
      else if (step === '-P') sections.pop()?.[Symbol.dispose]();
      else if (step === '?P') {
        if (!ruledOut) this.#pseudo.touch();
      } else if (step === '[P' || step === ']P') ruledOut = step === '[P';
      else if (step.startsWith('-')) release(held.get(name));
      else if (step.startsWith('!')) this.#lock(name)[Symbol.dispose]();
      else if (step.startsWith('/')) this.#renameBySubclass(name);
      else if (step.startsWith('x')) held.set(key(held, name), await this.#lockExclusively(name));
      else if (step.startsWith('s') || step.startsWith('f')) held.set(key(held, name), await this.#lockToRead(name));
      else throw new Error(`no such step: ${step}`);
    }
    for (const guard of [...held.values()].toReversed()) guard[Symbol.dispose]();
  }

  #lockExclusively(name: string): Promise<LockGuard> {
    const lock = this.#lock(name);
    return 'lockWrite' in lock ? lock.lockWrite() : lock.lock();
  }

  #lockToRead(name: string): Promise<LockGuard> {
    const lock = this.#lock(name);
    if (!('lockRead' in lock)) throw new Error(`${name} can not be read`);
    return lock.lockRead();
  }

  #renameBySubclass(name: string): void {
    const lock = this.#lock(name);
    const { lockClass } = lock;
    const before = lockClass.name;
    lock.setClass(lockClass.subclass(1));
    const right = lockClass.name === before && lock.lockClass.name === `${before}/1`;
    if (!right) throw new Error(`${before} became ${lockClass.name}, its subclass is ${lock.lockClass.name}`);
  }

  #lock(name: string): AnyLock {
    const known = this.#locks.get(name);
    if (known !== undefined) return known;
    const lockClass = this.#class(name.charAt(0));
    const options = { class: lockClass, name };
    const { Mutex, RWSemaphore } = this.#instance;
    const lock =
      this.#case.locks === 'mutex'
        ? new Mutex(options)
        : new RWSemaphore({ ...options, fairness: this.#case.locks === 'rwsem' ? 'fifo' : 'reader-preferring' });
    this.#locks.set(name, lock);
    return lock;
  }

  #class(letter: string): LockClass {
    const known = this.#classes.get(letter) ?? new LockClass(letter);
    this.#classes.set(letter, known);
    return known;
  }
}

/** A flow may hold one lock twice. */
function key(held: ReadonlyMap<string, LockGuard>, name: string): string {
  return held.has(name) ? `${name} again` : name;
}

function release(guard: LockGuard | undefined): void {
  if (guard === undefined) throw new Error('nothing to release');
  try {
    guard.release();
  } catch (error) {
    // A second release throws in every mode; the report beside it is what counts here.
    if (!(error instanceof NotHeldError)) throw error;
  }
}
