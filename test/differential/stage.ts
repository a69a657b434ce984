import type { MutexInterface, SemaphoreInterface } from 'async-mutex';
import { FakeClock, settled } from './fake-clock.js';
import { FLOWS, type LockSpec, type Operation, type Program, type Request, type View } from './program.js';
import { type AnyLock, type Library, nameError, type Subject } from './subjects.js';

/*
 * Runs a program one step at a time and writes down all that can be seen of it.
 *
 * How many microtask turns an operation takes is not compared here (turns.test.ts does that; fewer than async-mutex's are
 * welcome), so the log must not depend on it. Therefore: everything settles between steps; within a step, events are kept
 * in order only per channel (same lock, same view, same kind of event), where equal turns make the order that of the
 * decisions; and nothing that happens a few turns into a step can race with another such thing on the same lock.
 */

/** What was seen in one step. */
export interface Phase {
  readonly step: string;
  /** What each call did in its own synchronous turn, and the state of its lock right after. */
  readonly calls: string[];
  /** What settled or started before the next step, in order per channel. */
  readonly events: Record<string, string[]>;
  /** All locks, once everything has settled. */
  state: string;
}

/** Each lock at a line and column of its own: the place of birth is the class of a lock that was given none. */
const BIRTHPLACES: readonly ((library: Library, spec: LockSpec, error: Error | undefined) => AnyLock)[] = [
  (library, spec, error) =>
    spec.kind === 'mutex' ? new library.Mutex(error) : new library.Semaphore(spec.value, error),
  (library, spec, error) =>
    spec.kind === 'mutex' ? new library.Mutex(error) : new library.Semaphore(spec.value, error),
  (library, spec, error) =>
    spec.kind === 'mutex' ? new library.Mutex(error) : new library.Semaphore(spec.value, error),
];

export type Ticket = (() => void) | [number, () => void];

/** One way to reach a lock, with the arguments of mutexes and semaphores made alike. Adds no promise and no turn. */
export class Face {
  readonly isSemaphore: boolean;
  readonly lock: AnyLock;
  constructor(lock: AnyLock, isSemaphore: boolean) {
    this.lock = lock;
    this.isSemaphore = isSemaphore;
  }
  acquire({ weight, priority }: Pick<Request, 'weight' | 'priority'>): Promise<Ticket> {
    return this.isSemaphore ? this.#semaphore.acquire(weight, priority) : this.#mutex.acquire(priority);
  }
  runExclusive<T>(
    worker: (value?: number) => T | Promise<T>,
    { weight, priority }: Pick<Request, 'weight' | 'priority'>,
  ): Promise<T> {
    return this.isSemaphore
      ? this.#semaphore.runExclusive(worker, weight, priority)
      : this.#mutex.runExclusive(worker, priority);
  }
  waitForUnlock({ weight, priority }: Pick<Request, 'weight' | 'priority'>): Promise<void> {
    return this.isSemaphore ? this.#semaphore.waitForUnlock(weight, priority) : this.#mutex.waitForUnlock(priority);
  }
  release(weight: number | undefined): void {
    if (this.isSemaphore) this.#semaphore.release(weight);
    else this.#mutex.release();
  }
  setValue(value: number): void {
    this.#semaphore.setValue(value);
  }
  state(): string {
    const locked = this.lock.isLocked() ? 'locked' : 'free';
    return this.isSemaphore ? `${locked} ${this.#semaphore.getValue()}` : locked;
  }
  get #mutex(): MutexInterface {
    return this.lock as MutexInterface;
  }
  get #semaphore(): SemaphoreInterface {
    return this.lock as SemaphoreInterface;
  }
}

/** The locks of a program, made with one library. */
export class Cast {
  readonly errors = new Map<unknown, string>();
  readonly faces: readonly Readonly<Record<View, Face>>[];
  readonly #library: Library;

  constructor(library: Library, specs: readonly LockSpec[]) {
    this.#library = library;
    this.faces = specs.map((spec, index) => {
      const isSemaphore = spec.kind === 'semaphore';
      const lock = BIRTHPLACES[index]!(
        library,
        spec,
        spec.ownCancelError ? this.ownError(`cancelled lock ${index}`) : undefined,
      );
      const decorated = lock as SemaphoreInterface;
      const timeoutError = spec.ownTimeoutError ? this.ownError(`timeout of lock ${index}`) : undefined;
      const tryError = spec.ownTimeoutError ? this.ownError(`lock ${index} was taken`) : undefined;
      return {
        plain: new Face(lock, isSemaphore),
        timed: new Face(library.withTimeout(decorated, spec.timeout, timeoutError), isSemaphore),
        try: new Face(library.tryAcquire(decorated, tryError), isSemaphore),
      };
    });
  }

  ownError(text: string): Error {
    const error = new Error(text);
    this.errors.set(error, `own error: ${text}`);
    return error;
  }

  name(error: unknown): string {
    return nameError(this.#library, error, this.errors);
  }

  state(view: View = 'plain'): string {
    return this.faces.map((face) => face[view].state()).join(' | ');
  }
}

/** One async function that does what it is sent, so that what it acquires is acquired by one and the same flow. */
class Flow {
  readonly #stage: Stage;
  #receive: ((operation: Operation) => void) | undefined;
  depth = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    void this.serve();
  }

  get blocked(): boolean {
    return this.#receive === undefined;
  }

  send(operation: Operation): void {
    const receive = this.#receive!;
    this.#receive = undefined;
    receive(operation);
  }

  /** Returns when told to leave. The outermost one never is. */
  async serve(): Promise<'returning' | 'throwing'> {
    for (;;) {
      const operation = await new Promise<Operation>((resolve) => (this.#receive = resolve));
      if (operation.do === 'leave') return operation.by;
      await this.#stage.perform(this, operation);
    }
  }
}

export class Stage {
  readonly phases: Phase[] = [];
  readonly cast: Cast;
  readonly clock: FakeClock;
  readonly #releasers: { readonly id: string; readonly release: () => void; called: boolean }[] = [];
  readonly #flows: readonly Flow[];
  #requests = 0;
  #inCall = false;

  constructor(library: Library, clock: FakeClock, specs: readonly LockSpec[]) {
    this.clock = clock;
    this.cast = new Cast(library, specs);
    this.#flows = Array.from({ length: FLOWS }, () => new Flow(this));
  }

  async play(program: Program): Promise<void> {
    await settled();
    for (const step of program.steps) {
      this.#begin(JSON.stringify(step));
      if ('advance' in step) await this.clock.advance(step.advance);
      else for (const { flow, operation } of step.together) this.#send(this.#flows[flow]!, operation);
      await settled();
      this.#phase.state = this.cast.state();
    }
    this.#begin('end');
    const blocked = this.#flows.map((flow) => (flow.blocked ? 'blocked' : `idle at depth ${flow.depth}`));
    this.#phase.state = `${this.cast.state('timed')}; ${this.clock.liveTimers} live timers; flows ${blocked.join(', ')}`;
  }

  /** Rejects whoever still waits, so that nothing of this program reaches into the next. */
  async strike(): Promise<void> {
    this.#begin('strike');
    for (const face of this.cast.faces) face.plain.lock.cancel();
    await settled();
  }

  #begin(step: string): void {
    this.phases.push({ step, calls: [], events: {}, state: '' });
  }

  get #phase(): Phase {
    return this.phases[this.phases.length - 1]!;
  }

  #send(flow: Flow, operation: Operation): void {
    if (flow.blocked) this.#phase.calls.push('the flow is blocked');
    else if (operation.do === 'leave' && flow.depth === 0) this.#phase.calls.push('nothing to leave');
    else flow.send(operation);
  }

  async perform(flow: Flow, operation: Operation): Promise<void> {
    switch (operation.do) {
      case 'acquire':
        return this.#acquire(operation);
      case 'runExclusive':
        return this.#runExclusive(flow, operation);
      case 'waitForUnlock':
        return this.#waitForUnlock(operation);
      case 'call releaser':
        return this.#callReleaser(operation.pick, operation.maybeAgain);
      case 'release':
        return this.#call(operation, `release(${operation.weight})`, (face) => face.release(operation.weight));
      case 'setValue':
        return this.#call(operation, `setValue(${operation.value})`, (face) => face.setValue(operation.value));
      case 'cancel':
        return this.#call(operation, 'cancel()', (face) => face.lock.cancel());
      case 'leave':
    }
  }

  async #acquire(operation: Operation & { readonly do: 'acquire' }): Promise<void> {
    const id = this.#nextId();
    const pending = this.#call(operation, `${id} acquire`, (face) => face.acquire(operation));
    if (pending === undefined) return;
    if (!operation.awaited) {
      const granted = (ticket: Ticket): void => this.#granted(operation, id, ticket);
      void pending.then(granted, (error: unknown) => this.#rejected(operation, id, error));
      return;
    }
    try {
      this.#granted(operation, id, await pending);
    } catch (error) {
      this.#rejected(operation, id, error);
    }
  }

  async #runExclusive(flow: Flow, operation: Operation & { readonly do: 'runExclusive' }): Promise<void> {
    const id = this.#nextId();
    const worker = (...args: unknown[]): string | Promise<string> => {
      const when = this.#inCall ? ' synchronously' : '';
      this.#event(operation, 'callback', `${id} entered${when} with ${JSON.stringify(args)}`);
      if (operation.body === 'throws') throw this.cast.ownError(`thrown by ${id}`);
      return operation.body === 'returns' ? `result of ${id}` : this.#goOn(flow, id);
    };
    const pending = this.#call(operation, `${id} runExclusive`, (face) => face.runExclusive(worker, operation));
    if (pending === undefined) return;
    try {
      this.#event(operation, 'result', `${id} gave ${await pending}`);
    } catch (error) {
      this.#rejected(operation, id, error);
    }
  }

  async #goOn(flow: Flow, id: string): Promise<string> {
    flow.depth++;
    const by = await flow.serve();
    flow.depth--;
    if (by === 'throwing') throw this.cast.ownError(`thrown late by ${id}`);
    return `late result of ${id}`;
  }

  async #waitForUnlock(operation: Operation & { readonly do: 'waitForUnlock' }): Promise<void> {
    const id = this.#nextId();
    const pending = this.#call(operation, `${id} waitForUnlock`, (face) => face.waitForUnlock(operation));
    const watched = pending?.then(
      () => this.#event(operation, 'unlock', `${id} saw it unlocked`),
      (error: unknown) => this.#rejected(operation, id, error),
    );
    if (operation.awaited) await watched;
  }

  #callReleaser(pick: number, maybeAgain: boolean): void {
    const candidates = this.#releasers.filter((releaser) => maybeAgain || !releaser.called);
    const chosen = candidates[pick % candidates.length];
    if (chosen === undefined) {
      this.#phase.calls.push('no releaser to call');
      return;
    }
    chosen.called = true;
    this.#record(`releaser of ${chosen.id}`, chosen.release);
  }

  #granted(operation: Request, id: string, ticket: Ticket): void {
    const [value, release] = Array.isArray(ticket) ? ticket : ['', ticket];
    this.#event(operation, 'grant', `${id} granted ${value}`);
    this.#releasers.push({ id, release, called: false });
    this.#releasers.sort((a, b) => a.id.localeCompare(b.id));
  }

  #rejected(operation: Request & { readonly do: string }, id: string, error: unknown): void {
    const name = this.cast.name(error);
    const why = name.startsWith('own error: thrown') ? 'thrown' : name;
    this.#event(operation, `${operation.do} rejection (${why})`, `${id} rejected with ${name}`);
  }

  #nextId(): string {
    return `#${String(++this.#requests).padStart(2, '0')}`;
  }

  #event(operation: Request, kind: string, text: string): void {
    const channel = `lock ${operation.lock} ${operation.view} ${kind}`;
    (this.#phase.events[channel] ??= []).push(text);
  }

  #call<T>(
    target: { readonly lock: number; readonly view: View },
    text: string,
    call: (face: Face) => T,
  ): T | undefined {
    const face = this.cast.faces[target.lock]![target.view];
    return this.#record(`lock ${target.lock} ${target.view}: ${text}`, () => call(face));
  }

  #record<T>(text: string, call: () => T): T | undefined {
    let outcome = 'returned';
    this.#inCall = true;
    try {
      return call();
    } catch (error) {
      outcome = `threw ${this.cast.name(error)}`;
      return undefined;
    } finally {
      this.#inCall = false;
      this.#phase.calls.push(`${text} ${outcome}; ${this.cast.state()}`);
    }
  }
}

/**
 * The log without the order in which decisions were heard of: a nesting that is new to the validator may let its flow
 * hear up to two turns later, and so after others. The values that grants tell still show the order of the decisions.
 */
export function decided(log: readonly Phase[]): readonly Phase[] {
  return log.map((phase) => ({ ...phase, events: sorted(phase.events) }));
}

export function sorted(channels: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(channels).map(([channel, events]) => [channel, events.toSorted()]));
}

/** The log of a program run against a subject. */
export async function logOf(program: Program, subject: Subject): Promise<readonly Phase[]> {
  subject.enter();
  const clock = new FakeClock();
  clock.install();
  try {
    const stage = new Stage(subject.libraryUnder?.(clock) ?? subject.library, clock, program.locks);
    await stage.play(program);
    const { phases } = stage;
    const log = phases.slice();
    await stage.strike();
    return log;
  } finally {
    clock.uninstall();
  }
}
