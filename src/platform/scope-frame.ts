/**
 * The functions that run the callbacks of scopes (`runExclusive`), visible as frames of their own on V8's async stack.
 *
 * A frame must say which hold it belongs to. Its receiver would, but V8 hides receivers above strict code; its name
 * does. So there is one function per scope that is live at a time, named by its slot, and slots are used again: making
 * a named function for every scope would cost as much as the lock.
 *
 * Invariant: of two live scopes no two share a slot. Cost: O(1); memory is that of the scopes live now, and of MAX_KEPT
 * functions.
 *
 * Order of events in a scope: the probe if one is wanted, the wait for the turn, `enterScope`, the callback,
 * `leaveScope` (also when the callback throws), then the result. If the wait fails nothing is entered. One microtask
 * turn each for the wait and for the callback; the two of the probe run while the turn has not come.
 */
import { ready } from './intrinsics.js';
import { sharedState } from './shared-state.js';

const PREFIX = 'lockdepScope$';

/** Functions that are kept for scopes to come; beyond, one goes with its scope. About 300 bytes each. */
const MAX_KEPT = 10_000;

export interface ScopeKeeper<H> {
  /** Looks at the async stack while waiting. May throw (enforce), after giving up the place in the queue. */
  probe(hold: H, turn: Promise<unknown> | undefined): void;
  enterScope(hold: H): void;
  leaveScope(hold: H): void;
  /** The callback has failed, just before `leaveScope`. */
  failed?(hold: H, error: unknown): void;
}

/** A scope that is that of several holds at once. */
export interface JointScope {
  readonly scopeHolds: readonly object[];
}

/** The holds whose scope runs in a frame. */
export function holdsOf(scope: unknown): readonly unknown[] {
  if (scope === undefined) return [];
  return (scope as Partial<JointScope>).scopeHolds ?? [scope];
}

type ScopeFunction<H> = <T, V>(
  hold: H,
  turn: Promise<V> | undefined,
  granted: V,
  keeper: ScopeKeeper<H>,
  callback: (value: V) => T | Promise<T>,
  passValue: boolean,
  probed: Promise<void> | undefined,
) => Promise<T>;

export class ScopeFrames<H> {
  readonly #functions: (ScopeFunction<H> | undefined)[] = [];
  readonly #directFunctions: ((<T>(callback: () => T) => T) | undefined)[] = [];
  readonly #holds: (H | undefined)[] = [];
  readonly #callbacks: unknown[] = [];
  readonly #free: number[] = [];
  #slots = 0;

  /**
   * Runs `callback` as the scope of `hold`, once `turn` has come; without one the turn is there and has brought `granted`.
   * `passValue`: the callback gets what the turn brought.
   */
  run<T, V>(
    hold: H,
    turn: Promise<V> | undefined,
    granted: V,
    keeper: ScopeKeeper<H>,
    callback: (value: V) => T | Promise<T>,
    passValue: boolean,
    probed: Promise<void> | undefined,
  ): Promise<T> {
    const slot = this.#free.pop() ?? this.#slots++;
    const run = (this.#functions[slot] ??= this.#make(slot));
    this.#holds[slot] = hold;
    this.#callbacks[slot] = callback;
    return run(hold, turn, granted, keeper, callback, passValue, probed);
  }

  /** Runs `callback` at once as the scope of `hold`, for as long as the call takes. */
  runNow<T>(hold: H, callback: () => T): T {
    const slot = this.#free.pop() ?? this.#slots++;
    const run = (this.#directFunctions[slot] ??= makeDirect(slot));
    this.#holds[slot] = hold;
    try {
      return run(callback);
    } finally {
      this.#end(slot);
    }
  }

  /** The hold whose scope runs in the function of that name. */
  holdOf(functionName: string): H | undefined {
    return isScopeFrame(functionName) ? this.#holds[Number(functionName.slice(PREFIX.length))] : undefined;
  }

  /** What the function of that name calls, as the scope of `holdOf`. */
  callbackOf(functionName: string): unknown {
    return this.#callbacks[Number(functionName.slice(PREFIX.length))];
  }

  #end(slot: number): void {
    this.#holds[slot] = undefined;
    this.#callbacks[slot] = undefined;
    this.#free.push(slot);
    if (slot < MAX_KEPT) return;
    this.#functions[slot] = undefined;
    this.#directFunctions[slot] = undefined;
  }

  #make(slot: number): ScopeFunction<H> {
    const name = `${PREFIX}${slot}`;
    const end = (): void => this.#end(slot);
    const named = {
      async [name]<T, V>(
        hold: H,
        turn: Promise<V> | undefined,
        granted: V,
        keeper: ScopeKeeper<H>,
        callback: (value: V) => T | Promise<T>,
        passValue: boolean,
        probed: Promise<void> | undefined,
      ): Promise<T> {
        try {
          if (probed !== undefined) {
            await probed;
            await probed;
            keeper.probe(hold, turn);
          }
          let value = granted;
          if (turn !== undefined) value = await turn;
          else await ready;
          keeper.enterScope(hold);
          try {
            return await (passValue ? callback(value) : (callback as () => T | Promise<T>)());
          } catch (error) {
            keeper.failed?.(hold, error);
            throw error;
          } finally {
            keeper.leaveScope(hold);
          }
        } finally {
          end();
        }
      },
    };
    return named[name] as ScopeFunction<H>;
  }
}

function makeDirect(slot: number): <T>(callback: () => T) => T {
  const name = `${PREFIX}${slot}`;
  const named = {
    [name]<T>(callback: () => T): T {
      return callback();
    },
  };
  return named[name] as <T>(callback: () => T) => T;
}

export function isScopeFrame(functionName: string): boolean {
  return functionName.startsWith(PREFIX);
}

/** One set of frames in a process: a stack may hold scopes of several trackers and of several copies of the package. */
export const scopeFrames: ScopeFrames<object> = sharedState('lockdep.scopes.2', () => new ScopeFrames<object>());
