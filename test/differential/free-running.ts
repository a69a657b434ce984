import * as fc from 'fast-check';
import { settled } from './fake-clock.js';
import { type LockSpec, lockSpec, type Request } from './program.js';
import { Cast, type Ticket } from './stage.js';
import type { Subject } from './subjects.js';
import { turns } from './turns.js';

/*
 * Programs whose flows run freely, some microtask turns apart. What such a program does may depend on how many turns an
 * acquisition takes, which may differ. But a lock decides in the synchronous part of each call; so the calls one library
 * received, in their order, must get the same decisions from the other, at every single call.
 */

type Action =
  | { readonly do: 'acquire' | 'waitForUnlock'; readonly awaited: boolean }
  | { readonly do: 'release own'; readonly again: boolean }
  | { readonly do: 'release'; readonly weight: number | undefined }
  | { readonly do: 'setValue'; readonly value: number }
  | { readonly do: 'cancel' };

interface FreeStep {
  /** Microtask turns to let pass first. */
  readonly pause: number;
  readonly lock: number;
  readonly weight: number | undefined;
  readonly priority: number | undefined;
  readonly action: Action;
}

export interface FreeProgram {
  readonly locks: readonly LockSpec[];
  readonly flows: readonly (readonly FreeStep[])[];
}

const requests = fc.record({
  do: fc.constantFrom('acquire' as const, 'waitForUnlock' as const),
  awaited: fc.boolean(),
});
const acquires = fc.record({ do: fc.constant('acquire' as const), awaited: fc.constantFrom(true, true, true, false) });
const releases = fc.record({
  do: fc.constant('release own' as const),
  again: fc.constantFrom(false, false, false, false, true),
});
const others = fc.oneof(
  fc.record({ do: fc.constant('release' as const), weight: fc.constantFrom(undefined, 1, 2) }),
  fc.record({ do: fc.constant('setValue' as const), value: fc.integer({ min: -1, max: 4 }) }),
  fc.constant({ do: 'cancel' as const }),
);

function freeProgramOver(lockCount: number): fc.Arbitrary<FreeProgram> {
  const step: fc.Arbitrary<FreeStep> = fc.record({
    pause: fc.constantFrom(0, 0, 1, 2, 3, 5),
    lock: fc.nat({ max: lockCount - 1 }),
    weight: fc.constantFrom(undefined, 1, 1, 2, 3),
    priority: fc.constantFrom(undefined, undefined, 0, 1, -1),
    action: fc.oneof(
      { weight: 8, arbitrary: acquires },
      { weight: 8, arbitrary: releases },
      { weight: 2, arbitrary: requests },
      { weight: 1, arbitrary: others },
    ),
  });
  return fc.record({
    locks: fc.array(lockSpec(fc.constantFrom(1, 2, 3)), { minLength: lockCount, maxLength: lockCount }),
    flows: fc.array(fc.array(step, { maxLength: 10, size: 'max' }), { minLength: 2, maxLength: 5 }),
  });
}

export const freePrograms: fc.Arbitrary<FreeProgram> = fc.oneof(freeProgramOver(1), freeProgramOver(2));

/** One call as a lock received it: `id` names the request it makes, or the one whose releaser it calls. */
interface Call {
  readonly action: Action;
  readonly request: Request;
  readonly id: number;
}

/** What a sequence of calls led to. */
export interface Decisions {
  /** Each call, whether it threw, and the state of all locks right after. */
  readonly calls: string[];
  /** Requests in the order in which they were granted, refused or told, per lock and kind. */
  readonly order: Record<string, string[]>;
}

class Recorder {
  readonly cast: Cast;
  readonly trace: Call[] = [];
  readonly decisions: Decisions = { calls: [], order: {} };
  readonly #releasers = new Map<number, () => void>();

  constructor(subject: Subject, locks: readonly LockSpec[]) {
    this.cast = new Cast(subject.library, locks);
  }

  call(call: Call): Promise<unknown> | undefined {
    this.trace.push(call);
    let outcome = '';
    try {
      return this.#make(call);
    } catch (error) {
      outcome = ` threw ${this.cast.name(error)}`;
      return undefined;
    } finally {
      this.decisions.calls.push(
        `${call.id} ${call.action.do} lock ${call.request.lock}${outcome}; ${this.cast.state()}`,
      );
    }
  }

  #make({ action, request, id }: Call): Promise<unknown> | undefined {
    const face = this.cast.faces[request.lock]!.plain;
    switch (action.do) {
      case 'acquire':
        return face.acquire(request);
      case 'waitForUnlock':
        return face.waitForUnlock(request);
      case 'release own':
        this.#releasers.get(id)!();
        return undefined;
      case 'release':
        face.release(action.weight);
        return undefined;
      case 'setValue':
        if (face.isSemaphore) face.setValue(action.value);
        return undefined;
      case 'cancel':
        face.lock.cancel();
        return undefined;
    }
  }

  granted({ action, request, id }: Call, ticket: Ticket | undefined): void {
    if (ticket === undefined) return this.#told(`${action.do} ${request.lock}`, `${id}`);
    const [value, release] = Array.isArray(ticket) ? ticket : ['', ticket];
    this.#releasers.set(id, release);
    this.#told(`${action.do} ${request.lock}`, `${id} ${value}`);
  }

  rejected({ action, request, id }: Call, error: unknown): void {
    this.#told(`${action.do} ${request.lock} rejection`, `${id} ${this.cast.name(error)}`);
  }

  #told(channel: string, text: string): void {
    (this.decisions.order[channel] ??= []).push(text);
  }
}

/** Lets the flows run, and returns the calls that were made with what came of them. */
export async function runFreely(
  program: FreeProgram,
  subject: Subject,
): Promise<{ trace: readonly Call[]; decisions: Decisions }> {
  subject.enter();
  const recorder = new Recorder(subject, program.locks);
  let ids = 0;
  const flow = async (steps: readonly FreeStep[]): Promise<void> => {
    const own: number[] = [];
    for (const { pause, action, ...request } of steps) {
      await turns(pause);
      if (action.do === 'release own') {
        const id = action.again ? own[0] : own.pop();
        if (id !== undefined)
          void recorder.call({ action, request: { ...requestOf(recorder, id), view: 'plain' }, id });
        continue;
      }
      const call: Call = { action, request: { ...request, view: 'plain' }, id: ++ids };
      const pending = recorder.call(call);
      const awaited = 'awaited' in action && action.awaited;
      if (pending === undefined) continue;
      if (!awaited) {
        void follow(recorder, call, pending);
        continue;
      }
      try {
        recorder.granted(call, (await pending) as Ticket | undefined);
        if (action.do === 'acquire') own.push(call.id);
      } catch (error) {
        recorder.rejected(call, error);
      }
    }
  };
  for (const steps of program.flows) void flow(steps);
  await settled();
  const result = { trace: recorder.trace.slice(), decisions: structuredClone(recorder.decisions) };
  await strike(recorder);
  return result;
}

/** Makes the same calls in the same order, letting everything settle between any two. */
export async function replay(
  locks: readonly LockSpec[],
  trace: readonly Call[],
  subject: Subject & { readonly eachCall?: () => void },
): Promise<Decisions> {
  subject.enter();
  const recorder = new Recorder(subject, locks);
  for (const call of trace) {
    subject.eachCall?.();
    const pending = recorder.call(call);
    if (pending !== undefined) void follow(recorder, call, pending);
    await settled();
  }
  const decisions = structuredClone(recorder.decisions);
  await strike(recorder);
  return decisions;
}

function follow(recorder: Recorder, call: Call, pending: Promise<unknown>): Promise<void> {
  return pending.then(
    (ticket) => recorder.granted(call, ticket as Ticket | undefined),
    (error: unknown) => recorder.rejected(call, error),
  );
}

function requestOf(recorder: Recorder, id: number): Request {
  return recorder.trace.find((call) => call.id === id && call.action.do === 'acquire')!.request;
}

async function strike(recorder: Recorder): Promise<void> {
  for (const face of recorder.cast.faces) face.plain.lock.cancel();
  await settled();
}
