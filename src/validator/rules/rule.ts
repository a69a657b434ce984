/** What a rule of the validator gets to see, and what it says. */
import type { GateSet } from '../../order/gates.js';
import type { RawUse, Tier, Violation } from '../../report/types.js';
import type { CapturedFrame } from '../../platform/captured-frame.js';
import { WANTED, type Hold } from '../../model/hold.js';
import { rawUse, useFacts } from '../lock-use.js';

/** One held lock against one wanted lock of the same flow. */
export interface NestedAttempt {
  readonly held: Hold;
  readonly wanted: Hold;
  /** strict: the holder of `held` is known to wait for this attempt. */
  readonly tier: 'strict' | 'advisory';
  readonly evidence: 'own' | 'proven' | 'suspected';
  /** Everything the flow holds, outermost first, `held` included. */
  readonly holds: readonly Hold[];
  /** All that the flow holds, as far as it keeps other flows out. */
  readonly gates: GateSet;
  /** All that may protect the flow, in doubt too: the gates of what is strict. undefined: not known, so nothing is. */
  readonly protection: GateSet | undefined;
  /** When, in the tracker's count, the modes of the holds are looked at; now, where there is none. */
  readonly moment?: number;
  /** Was it learned before, with more gates? */
  readonly again?: boolean;
  /** The stack that goes with the attempt; empty when none was captured. */
  readonly stack: readonly CapturedFrame[];
  /** Nobody attempted it: `held` is an event, and `wanted` is what the flow needed that completed it. */
  readonly isEvent?: boolean;
}

export type Verdict = Violation | undefined;

/**
 * How certain is a verdict that takes one lock of the class for another one? Not at all where the class is a guess: of locks
 * that are merely made at one place nobody has said that they may be taken for one another.
 */
export function tierOfNesting(attempt: NestedAttempt): Tier {
  return isGuess(attempt) ? 'advisory' : attempt.tier;
}

/** Are two locks taken for one another that are merely made at one place? */
export function isGuess({ held, wanted }: NestedAttempt): boolean {
  return held.lock !== wanted.lock && wanted.lockClass.isByPlace;
}

/** The flow's holds as a report lists them. */
export function heldUses(attempt: NestedAttempt): RawUse[] {
  const { holds, held, evidence, stack, moment } = attempt;
  return holds.map((node) => rawUse(useFacts(node, node === held ? evidence : 'proven', stack, moment)));
}

/** The wanted lock as a report shows it: still waited for. */
export function wantedUse(attempt: NestedAttempt): RawUse {
  return rawUse({ ...useFacts(attempt.wanted, 'own', attempt.stack, WANTED), state: 'waiting' });
}

/** What to do about a wait for an event or a task. A class may be too coarse: the kernel's own checks had to be told so. */
export function waitAdvice(awaited: string): string {
  return (
    `Wait for ${awaited} where nothing is held that its end depends on. If this one never depends on it, the class is too ` +
    'coarse: give what is waited for here a class of its own.'
  );
}

/** What to do about a wait for the unlock of what the flow holds. */
export function unlockAdvice(name: string): string {
  return (
    `Release ${name} before waiting for its unlock. Where another flow is to release it, hand it over with ` +
    'guard.transfer().'
  );
}

/** The task that an acquisition runs in, as reports name it. */
export function taskOf(node: Hold): string {
  return node.task?.name ?? 'main';
}
