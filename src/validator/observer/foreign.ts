/**
 * Requests at locks of other packages, as the validator sees them: one object for each, told by an adapter.
 *
 * States: wanted -> granted -> released; wanted -> failed. The hold has states of its own, which a reset ends whatever the adapter
 * knows, and so does a refusal in enforce.
 *
 * Who has what was granted: whoever awaits the promise that `carry` returns; a callback, in a scope frame; nobody, where the call
 * gives it back itself; the first function that uses it; whoever awaits a method of its handle. A promise that is returned is one
 * of ours, settled in a turn of its own: the package settles its own from within other flows, and that is nobody's return. So a
 * followed call settles a turn or more later than one that is not.
 *
 * A caller must not expect errors: only the promise of a `carry` that can give back rejects, with the LockdepError of enforce.
 */
import type { Below, ForeignAttempt, ObservedForeign } from '../../locks/observed.js';
import { tellMisuse } from '../../locks/foreign-misuse.js';
import type { ForeignOwner } from '../../locks/options/foreign-options.js';
import { HELD, isScope, RELEASED, WAITING, type Hold } from '../../model/hold.js';
import { NativePromise, ready } from '../../platform/intrinsics.js';
import { scopeFrames, type ScopeKeeper } from '../../platform/scope-frame.js';
import { isThenable } from '../../platform/thenable.js';
import { errorText, showWarning } from '../../platform/warnings.js';
import type { ObserverHost } from './host.js';
import { offenceOf } from './offence.js';

const WANTED = 'is wanted';
const GRANTED = 'was granted';
const GIVEN_BACK = 'was released';
const FAILED = 'has failed';
type State = typeof WANTED | typeof GRANTED | typeof GIVEN_BACK | typeof FAILED;

/** Whom the first use has given it to. */
const NOBODY = 0;
const FIRST_USER = 1;
const SEVERAL = 2;

type GiveBack<T> = ((value: T) => unknown) | undefined;

export class FollowedAttempt implements ForeignAttempt {
  readonly #rt: ObserverHost;
  readonly #hold: Hold;
  #state: State = WANTED;
  #user: typeof NOBODY | typeof FIRST_USER | typeof SEVERAL = NOBODY;

  constructor(runtime: ObserverHost, hold: Hold) {
    this.#rt = runtime;
    this.#hold = hold;
  }

  granted(): void {
    if (!this.#goesFrom(WANTED, 'granted()')) return;
    this.#state = GRANTED;
    const hold = this.#hold;
    if (hold.state !== WAITING) return;
    this.#rt.validator.tracker.granted(hold);
  }

  failed(): void {
    if (!this.#goesFrom(WANTED, 'failed()')) return;
    this.#state = FAILED;
    this.#rt.validator.tracker.ended(this.#hold);
  }

  released(below: Below = this.released): void {
    if (this.#goesFrom(GRANTED, 'released()')) this.#release(below);
  }

  carry<T>(promise: Promise<T>, giveBack?: (value: T) => unknown): Promise<T> {
    if (!this.#mayFollow(promise, 'flow', 'carry()')) return promise;
    const { validator } = this.#rt;
    const hold = this.#hold;
    let carried = this.#delivered(promise);
    if (validator.wantsProbe(hold)) carried = this.#probed(carried, giveBack);
    validator.tracker.carry(carried, hold, true);
    return carried;
  }

  use<T>(promise: Promise<T>): Promise<T> {
    if (!this.#mayFollow(promise, isScope(this.#hold.kind) ? 'callback' : 'call', 'use()')) return promise;
    const used = this.#used(promise);
    if (this.#hold.asked.pending !== undefined) this.#rt.validator.tracker.carryWaits(used, [this.#hold]);
    return used;
  }

  scope<T>(fn: () => T): T {
    if (!this.#isFor('callback', 'scope()') || !this.#goesFrom(WANTED, 'scope()')) return fn();
    this.granted();
    const hold = this.#hold;
    const keeper: ScopeKeeper<object> = {
      probe: () => undefined,
      enterScope: () => this.#rt.validator.enterScope(hold),
      leaveScope: () => this.#release(keeper.leaveScope),
    };
    let result: T;
    try {
      result = this.#rt.validator.tracker.runHolding(hold, () => scopeFrames.runNow(hold, fn));
    } catch (error) {
      this.#release(this.scope);
      throw error;
    }
    if (isThenable(result)) return scopeFrames.run(hold, undefined, 0, keeper, () => result, false, undefined) as T;
    this.#release(this.scope);
    return result;
  }

  usedBy(below: Below = this.usedBy): void {
    const hold = this.#hold;
    if (!this.#isFor('flow', 'usedBy()') || hold.state !== HELD || this.#isShared()) return;
    if (this.#user !== NOBODY || hold.received) return;
    this.#user = FIRST_USER;
    this.#rt.validator.tracker.adopt(hold, below);
  }

  takeOver<T>(promise: Promise<T>): Promise<T> {
    if (!this.#mayFollow(promise, 'flow', 'takeOver()') || this.#isShared()) return promise;
    return this.#goneOn(promise);
  }

  within<T>(fn: () => T): T {
    const hold = this.#hold;
    return hold.state === HELD ? this.#rt.validator.tracker.runHolding(hold, fn) : fn();
  }

  /** Is a promise of the package's to be followed so? */
  #mayFollow(promise: unknown, owner: ForeignOwner, call: string): boolean {
    if (!this.#isFor(owner, call)) return false;
    // A callback may have run already.
    if (owner !== 'callback' && this.#state !== WANTED && this.#state !== GRANTED) return false;
    if (isThenable(promise)) return true;
    this.#tell(`${call} got what is no promise`);
    return false;
  }

  #isFor(owner: ForeignOwner, call: string): boolean {
    const { kind } = this.#hold;
    const own = isScope(kind) ? 'callback' : kind === 'use' ? 'call' : 'flow';
    if (own === owner) return true;
    this.#tell(`${call} was called for a request whose owner is '${own}'`);
    return false;
  }

  /** Does the call fit what became of the request so far? */
  #goesFrom(state: State, call: string): boolean {
    if (this.#state === state) return true;
    this.#tell(`${call} was called for a request that ${this.#state}`);
    return false;
  }

  #tell(fault: string): void {
    tellMisuse(this.#hold.lock as ObservedForeign, fault);
  }

  #release(below: Below): void {
    if (this.#state !== GRANTED) return;
    this.#state = GIVEN_BACK;
    const hold = this.#hold;
    if (hold.state === RELEASED) return;
    const { validator } = this.#rt;
    try {
      if (isScope(hold.kind)) validator.closeHold(hold, below);
      else validator.close(hold, below);
    } finally {
      validator.tracker.ended(hold);
    }
  }

  /** A promise of ours that settles as the package's does, and tells what that comes to unless the adapter has. */
  #delivered<T>(promise: Promise<T>): Promise<T> {
    return new NativePromise<T>((resolve, reject) => {
      promise.then(
        (value) => {
          if (this.#state === WANTED) this.granted();
          resolve(value);
        },
        (error: unknown) => {
          if (this.#state === WANTED) this.failed();
          reject(error);
        },
      );
    });
  }

  /** The async function that the caller awaits, so that the stack taken here shows who waits. */
  async #probed<T>(promise: Promise<T>, giveBack: GiveBack<T>): Promise<T> {
    await ready;
    await ready;
    this.#lookOrRefuse(promise, giveBack);
    return await promise;
  }

  /** Its caller is the function that is awaited. In enforce an offending request is given up where that can be done. */
  #lookOrRefuse<T>(promise: Promise<T>, giveBack: GiveBack<T>): void {
    const error = offenceOf(this.#rt, [this.#hold], this.#lookOrRefuse);
    if (error === undefined || giveBack === undefined) return;
    this.#rt.validator.tracker.ended(this.#hold);
    // What the package fails to grant need not be given back.
    const given = promise.then(giveBack, () => undefined);
    given.catch((failure: unknown) => {
      showWarning(`giving back what was refused has failed: ${errorText(failure)}`, 'LOCKDEP_FOREIGN_MISUSE');
    });
    throw error;
  }

  /** The async function that the caller awaits while the call lasts. */
  async #used<T>(promise: Promise<T>): Promise<T> {
    if (this.#rt.validator.wantsProbe(this.#hold)) {
      await ready;
      await ready;
      this.#look();
    }
    try {
      return await promise;
    } finally {
      this.#useOver(this.#used);
    }
  }

  #look(): void {
    this.#rt.validator.probe(this.#hold, this.#look);
  }

  /**
   * What awaits the package's own promise is not on the stack of a callback, so who waited for that is seen here alone; and whoever
   * has a callback run without `use` waits for nothing.
   */
  #useOver(below: Below): void {
    const { validator } = this.#rt;
    const hold = this.#hold;
    if (isScope(hold.kind)) {
      if (this.#state === WANTED) this.failed();
      this.#release(below);
      validator.judgeLate(hold, below);
    } else if (this.#state === WANTED) {
      this.#state = GIVEN_BACK;
      validator.waited(hold, below);
    }
  }

  /** Whoever awaits this function goes on with the hold, unless it is known who has it. */
  async #goneOn<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } finally {
      this.#takeHere();
    }
  }

  /** Its caller is the function that takes it over. */
  #takeHere(): void {
    const hold = this.#hold;
    if (hold.state !== HELD || hold.followed) return;
    this.#user = FIRST_USER;
    this.#rt.validator.tracker.adopt(hold, this.#takeHere);
  }

  /** Does a second flow use it, after the first one has ended? Then nobody is known to have it. */
  #isShared(): boolean {
    const hold = this.#hold;
    if (this.#user === SEVERAL) return true;
    if (this.#user !== FIRST_USER || hold.followed || hold.state !== HELD) return false;
    const { validator } = this.#rt;
    if (validator.tracker.held().includes(hold)) return false;
    this.#user = SEVERAL;
    validator.withdraw(hold);
    return true;
  }
}
