/** Runs a program under a validator of its own, and compares what was learned with what is true. */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { Script } from 'node:vm';
import { LockClass, type Mutex } from '../../src/index.js';
import { createLockdep, runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { AWAITED_BEFORE } from '../../src/flow/bare-promises.js';
import { coreOf } from '../../src/locks/core-of.js';
import type { Program } from './program.js';
import { sourceOf } from './source.js';
import { Truth, type Edge, type Instance } from './truth.js';

/** Three rounds: the first acquisitions take stacks, later ones do not. */
const ROUNDS = 3;
const PROMISES_OF_A_WORN_PROGRAM = 11_000;
/** Turns of the event loop after which a program hangs. */
const MAX_TURNS = 20_000;

export interface Outcome {
  /** Every edge that is true. */
  readonly allowed: readonly string[];
  /** Learned as strict and not true. */
  readonly falseStrict: readonly string[];
  /** Said to be held where it is not; and where it is, how often. */
  readonly falseHeld: readonly string[];
  readonly rightlyHeld: number;
  /** Strict only because the lock was handed to another flow, or the wait might have ended otherwise. */
  readonly byDesign: readonly string[];
  /** True from the attempt on: were they learned as strict? */
  readonly expected: readonly (Edge & { readonly proven: boolean })[];
  /** It threw, hung, left locks held or was wrongly reported: the program or the package is broken. */
  readonly failure: string | undefined;
}

type Learned = Iterable<{ readonly from: string; readonly to: string; readonly tier: string }, void, undefined>;
type Main = (me: Instance, k: string, d: number, z: number) => Promise<void>;
type WorkerFlow = (me: Instance, job: Job, n: number) => Promise<void>;

interface Job {
  readonly child: Instance;
  readonly run: () => Promise<unknown>;
}

/** `R` in the generated source: turns, timers, and flows that run what is posted to them. */
class Surroundings {
  readonly never: Promise<never> = new Promise(() => {});
  readonly bag: unknown[] = [];
  readonly outside = AsyncLocalStorage.snapshot() as <T>(fn: () => T) => T;
  worker: WorkerFlow | undefined = undefined;
  readonly #truth: Truth;
  readonly #idle: ((job: Job | undefined) => void)[] = [];
  #workers = 0;

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  turn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  sleep(): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }

  micro(): Promise<void> {
    return Promise.resolve();
  }

  async asyncCall(): Promise<void> {
    await Promise.resolve();
  }

  async nothing(): Promise<void> {}

  post(child: Instance, run: Job['run']): void {
    const idle = this.#idle.shift();
    if (idle !== undefined) idle({ child, run });
    else
      this.outside(() => void this.worker?.(this.#truth.child(undefined, 'worker'), { child, run }, this.#workers++));
  }

  /** The next job for a worker that is done with one. */
  next(): Promise<Job | undefined> {
    // A worker that idles is no reason to wait.
    this.#truth.active -= 1;
    return new Promise<Job | undefined>((resolve) => {
      this.#idle.push((job) => {
        this.#truth.active += 1;
        resolve(job);
      });
    });
  }

  dismiss(): void {
    for (const idle of this.#idle.splice(0)) idle(undefined);
    this.#workers = 0;
    this.bag.length = 0;
  }
}

/** The locks of a program, made when they are first asked for. */
class Locks {
  readonly #isolated: IsolatedLockdep;
  readonly #locks = new Map<string, Mutex>();
  readonly #names = new Map<string, string>();

  readonly #trusted: boolean;

  constructor(isolated: IsolatedLockdep, trusted = false) {
    this.#isolated = isolated;
    this.#trusted = trusted;
  }

  readonly get = (name: string): Mutex => {
    let lock = this.#locks.get(name);
    if (lock === undefined) {
      const lockClass = new LockClass(name);
      this.#names.set(lockClass.name, name);
      lock = new this.#isolated.Mutex({ class: lockClass });
      this.#locks.set(name, lock);
    }
    if (this.#trusted) coreOf(lock, 'lock').awaited = AWAITED_BEFORE;
    return lock;
  };

  /** The program's name for what a class is printed as. */
  nameOf(printed: string): string {
    return this.#names.get(printed) ?? printed;
  }

  /** Those that the running flow is said to hold. */
  get held(): string[] {
    return [...this.#locks].filter(([, lock]) => this.#isolated.lockdep.isHeld(lock) === true).map(([name]) => name);
  }

  get locked(): string[] {
    return [...this.#locks].filter(([, lock]) => lock.isLocked()).map(([name]) => name);
  }
}

let programs = 0;

function compile(program: Program, truth: Truth, surroundings: Surroundings, locks: Locks): Main {
  const source = sourceOf(program);
  const text = program.oneLine ? source.replaceAll('\n', ' ') : source;
  const names = ['T', 'R', 'L', 'EventEmitter', 'AsyncResource', 'AsyncLocalStorage'];
  const script = new Script(`(function (${names.join(', ')}) {${text}\nreturn main;\n})`, {
    filename: `/fuzz/program${programs++}.js`,
  });
  const made = script.runInThisContext() as (...all: unknown[]) => Main;
  return made(truth, surroundings, locks.get, EventEmitter, AsyncResource, AsyncLocalStorage);
}

/** Runs `main` once, and all that it starts. The failure, if any. */
async function runRound(main: Main, truth: Truth, surroundings: Surroundings): Promise<string | undefined> {
  let failure: string | undefined;
  const root = truth.startRound();
  main(root, '', 0, 0).catch((error: unknown) => {
    failure = `threw ${error instanceof Error ? error.stack : String(error)}`;
  });
  for (let turns = 0; truth.active > 0 && failure === undefined; turns++) {
    if (turns > MAX_TURNS) return `hangs: ${truth.unreleased.join(', ')} not released`;
    await (turns % 50 === 49 ? surroundings.sleep() : surroundings.turn());
  }
  surroundings.dismiss();
  for (let turns = 0; turns < 3; turns++) {
    await surroundings.turn();
  }
  return failure;
}

export interface RunOptions {
  /** Asks in each function what it holds: true must be what `isHeld` says. */
  readonly probes?: boolean;
  /** As in a program that has run for long: the hooks no longer look at every promise. */
  readonly worn?: boolean;
  /** As if all acquisitions of each lock had been awaited so far (bare-promises.ts), whatever was done. */
  readonly trusted?: boolean;
  /** What is said to be held. */
  readonly held?: (locks: readonly string[]) => readonly string[];
  /** Looks at or changes the validator before the program runs. */
  readonly prepare?: (isolated: IsolatedLockdep) => void;
  /** What is said to have been learned. */
  readonly learned?: (edges: Learned) => Learned;
}

export async function runProgram(program: Program, options: RunOptions = {}): Promise<Outcome> {
  const isolated = createLockdep();
  const locks = new Locks(isolated, options.trusted);
  const truth = new Truth();
  const surroundings = new Surroundings(truth);
  let failure: string | undefined;
  try {
    options.prepare?.(isolated);
    if (options.worn === true) for (let i = 0; i < PROMISES_OF_A_WORN_PROGRAM; i++) void Promise.resolve();
    if (options.probes === true) truth.asks = () => options.held?.(locks.held) ?? locks.held;
    const main = compile(program, truth, surroundings, locks);
    for (let round = 0; round < ROUNDS && failure === undefined; round++) {
      failure = await runRound(main, truth, surroundings);
    }
    const edges = [...runtimeOf(isolated).validator.dependencies.edges()];
    const named = edges.map(({ from, to, tier }) => ({ from: locks.nameOf(from), to: locks.nameOf(to), tier }));
    const learned = [...named, ...selfDeadlocks(isolated, locks)];
    failure ??= leftOver(isolated, locks, truth);
    return compare(options.learned?.(learned) ?? learned, truth, failure);
  } catch (error) {
    return {
      allowed: [],
      falseStrict: [],
      falseHeld: [],
      rightlyHeld: 0,
      byDesign: [],
      expected: [],
      failure: `threw ${String(error)}`,
    };
  } finally {
    isolated.dispose();
  }
}

function leftOver({ lockdep }: IsolatedLockdep, locks: Locks, truth: Truth): string | undefined {
  if (truth.unreleased.length > 0) return `not released: ${truth.unreleased.join(', ')}`;
  if (locks.locked.length > 0) return `left locked: ${locks.locked.join(', ')}`;
  const held = lockdep.showAllLocks();
  if (held !== 'no locks are held or awaited') return `left held: ${held}`;
  const known = new Set(['circular-dependency', 'recursive-locking']);
  const wrong = lockdep.reports().filter(({ kind, tier }) => tier === 'strict' && !known.has(kind));
  return wrong.length === 0 ? undefined : `reported: ${wrong.map(({ message }) => message).join('; ')}`;
}

/** Who waits for a lock that it holds itself waits for ever: a program that ends has none of those. */
function* selfDeadlocks({ lockdep }: IsolatedLockdep, locks: Locks): Learned {
  for (const { kind, tier, acquiring } of lockdep.reports()) {
    if (kind !== 'recursive-locking') continue;
    const name = locks.nameOf(acquiring?.lockClass ?? '');
    yield { from: name, to: name, tier };
  }
}

/** Which verdicts are wrong, which are late or missing. */
export function compare(learned: Learned, truth: Truth, failure: string | undefined): Outcome {
  const strict = new Map<string, string>();
  for (const { from, to, tier } of learned) if (tier === 'strict') strict.set(`${from} -> ${to}`, from);
  const isTrue = (edge: string): boolean => truth.edges.has(edge);
  const isHanded = (edge: string): boolean => truth.handed.has(strict.get(edge) ?? '');
  const edges = [...strict.keys()];
  return {
    allowed: [...truth.edges.keys()],
    falseStrict: edges.filter((edge) => !isTrue(edge) && !isHanded(edge)),
    falseHeld: [...truth.falseHeld],
    rightlyHeld: truth.rightlyHeld,
    byDesign: edges.filter((edge) => (isTrue(edge) ? truth.edges.get(edge)?.caused === false : isHanded(edge))),
    expected: [...truth.edges]
      .filter(([, edge]) => edge.expected)
      .map(([key, edge]) => Object.assign({}, edge, { proven: strict.has(key) })),
    failure,
  };
}
