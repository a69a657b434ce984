/**
 * A flow holds permits of a counted lock and wants more of the same class. One flow alone gets them; as many flows as
 * it takes to hold all permits wait for each other for ever.
 *
 * With n permits, h held by each flow and w wanted, floor((n - w) / h) + 1 flows suffice; over two locks of the class
 * as many in either direction. If a flow wants more than there are beside its own, it waits for itself: that is
 * recursive-locking. A class may declare that at most `holders` flows nest up to `depth` permits deep, which n permits
 * cover if n >= holders * (depth - 1) + 1: then one of them always gets its last permit, and gives all of them back.
 *
 * Cost: a walk over the flow's holds; for a declared nesting also over the holds of the wanted lock.
 */
import type { LockClassOptions } from '../../model/class-options.js';
import { flowsToBlock } from '../../report/permit-arithmetic.js';
import type { Exhaustion } from '../../report/types.js';
import type { Hold } from '../../model/hold.js';
import { listHolds } from '../../flow/hold-list.js';
import { isResource } from '../foreign-grants.js';
import { heldUses, isGuess, taskOf, tierOfNesting, wantedUse, type NestedAttempt, type Verdict } from './rule.js';

type Nest = NonNullable<LockClassOptions['nest']>;

/** What makes a nesting wrong: that it is none that was declared, or that the declaration does not hold. */
type Fault = 'undeclared' | 'deeper' | 'short' | 'more';

/** Is this nesting one of permits? */
export function isCountedNesting({ held, wanted }: Pick<NestedAttempt, 'held' | 'wanted'>): boolean {
  return held.lock.capacity > 1 && wanted.lock.capacity > 1;
}

const GUESSED = 'two different locks that are made at one place are nested. If they stand in for each other: ';

const QUEUE_ADVICE =
  'Run the inner task as a part of the outer one, or on a queue of its own for each level; or do not wait for it.';

function resourceAdvice(name: string): string {
  return (
    `Do it with what the flow has of ${name} already, handed down to where it is needed; or give that back before asking for ` +
    'more. Where few flows nest and there is always enough, say so: the LockClass option `nest`.'
  );
}

/** Does the flow want more than there is beside what it holds itself? */
export function waitsForItself(attempt: NestedAttempt): boolean {
  const { held, wanted } = attempt;
  // Who waits for all of another one's slots waits for its tasks, not for a slot.
  if (held.lock !== wanted.lock) return wanted.kind === 'wait' && wanted.permits >= wanted.lock.capacity;
  return permitsHeld(attempt, (hold) => hold.lock === wanted.lock) + wanted.permits > wanted.lock.capacity;
}

export function semaphoreExhaustion(attempt: NestedAttempt): Verdict {
  const { held, wanted } = attempt;
  const { nest } = wanted.lockClass.options;
  const counts = exhaustionOf(attempt);
  const fault = nest === undefined ? 'undeclared' : faultOf(attempt, nest);
  if (fault === undefined || !Number.isFinite(counts.flows)) return undefined;
  const instances = held.lock === wanted.lock ? 1 : 2;
  const which = fault === 'undeclared' ? (instances === 1 ? 'same' : 'other') : fault;
  const sentence = `${isGuess(attempt) ? GUESSED : ''}${arithmetic(attempt, counts)}; ${highest(counts)}`;
  return {
    id: `semaphore-exhaustion:${which}:${wanted.lockClass.name}`,
    kind: 'semaphore-exhaustion',
    // That the others wait for what they nest is not proven.
    tier: fault === 'more' ? 'advisory' : tierOfNesting(attempt),
    summary: nest === undefined ? sentence : `${contradiction(attempt, nest, fault)}. As it is, ${sentence}`,
    acquiring: wantedUse(attempt),
    held: heldUses(attempt),
    exhaustion: counts,
    instances,
    ...(isQueue(wanted.lock) ? { advice: QUEUE_ADVICE } : {}),
    ...(isResource(wanted.lock) ? { advice: resourceAdvice(wanted.lockClass.name) } : {}),
    task: taskOf(wanted),
  };
}

function exhaustionOf(attempt: NestedAttempt): Exhaustion {
  const { held, wanted } = attempt;
  const mine = permitsHeld(attempt, (hold) => hold.lock === held.lock);
  const block = (lock: Hold['lock']): number => flowsToBlock(lock.capacity, wanted.permits, mine);
  const opposite = held.lock === wanted.lock ? 0 : Math.max(1, block(wanted.lock));
  return {
    capacity: wanted.lock.capacity,
    held: mine,
    wanted: wanted.permits,
    flows: Math.max(1, block(held.lock)) + opposite,
    opposite,
    highest: wanted.lock.mostHolders,
  };
}

function isQueue({ primitive, foreign }: Hold['lock']): boolean {
  return primitive === 'WorkQueue' && foreign === undefined;
}

function arithmetic(attempt: NestedAttempt, { capacity, held: mine, wanted, flows, opposite }: Exhaustion): string {
  const { held } = attempt;
  const [unit, pool] = unitOf(attempt.wanted);
  if (opposite === 0) {
    return (
      `the flow holds ${mine} of ${capacity} ${unit} and wants ${wanted} more of the same ${pool}: ` +
      `${flows} flows that do so at once leave too few for any of them`
    );
  }
  return (
    `the flow holds ${mine} of the ${held.lock.capacity} ${unit} of one ${pool} and wants ${wanted} of the ${capacity} ` +
    `of another of its class: ${doing(flows - opposite)} at once, and ${opposite} the other way round, leave too few for any of them`
  );
}

/** What it has several of, and what it is. */
function unitOf({ lock }: Hold): readonly [unit: string, pool: string] {
  if (lock.foreign !== undefined) return ['permits', lock.primitive];
  return isQueue(lock) ? ['slots', 'queue'] : ['permits', 'semaphore'];
}

function doing(flows: number): string {
  return flows === 1 ? '1 flow that does so' : `${flows} flows that do so`;
}

function highest({ highest: most, opposite }: Exhaustion): string {
  const which = opposite === 0 ? 'any of it' : 'any of the wanted one';
  return `at most ${most} ${most === 1 ? 'flow has' : 'flows have'} held ${which} at once so far`;
}

function faultOf(attempt: NestedAttempt, nest: Nest): Exclude<Fault, 'undeclared'> | undefined {
  const { wanted } = attempt;
  if (depthOf(attempt) > nest.depth) return 'deeper';
  if (wanted.lock.capacity < permitsNeeded(nest, wanted.permits)) return 'short';
  return nestedFlows(wanted) > nest.holders ? 'more' : undefined;
}

function contradiction(attempt: NestedAttempt, nest: Nest, fault: Fault): string {
  const { wanted } = attempt;
  const declared = `The class declares that at most ${nest.holders} flows nest up to ${nest.depth} permits deep`;
  if (fault === 'deeper') return `${declared}, and this one goes ${depthOf(attempt)} deep`;
  if (fault === 'more') return `${declared}, and ${nestedFlows(wanted)} flows nest at once`;
  const needed = permitsNeeded(nest, wanted.permits);
  return `${declared}, which takes ${needed} permits, and the semaphore has ${wanted.lock.capacity}`;
}

/** How many permits let one of the flows go on always. */
function permitsNeeded({ depth, holders }: Nest, wanted: number): number {
  const last = Math.min(1, wanted);
  return holders * (depth - last) + last;
}

function depthOf(attempt: NestedAttempt): number {
  return permitsHeld(attempt, () => true) + attempt.wanted.permits;
}

/** Of the class, by the hold that is judged and those inside it: further out nobody may wait for this attempt. */
function permitsHeld({ holds, held }: NestedAttempt, isMeant: (hold: Hold) => boolean): number {
  let permits = 0;
  for (const hold of holds.slice(holds.indexOf(held))) {
    if (hold.lockClass === held.lockClass && isMeant(hold)) permits += hold.permits;
  }
  return permits;
}

/** Flows that want or hold permits of this lock under others of its class. */
function nestedFlows({ lock, lockClass }: Hold): number {
  const outermost = new Set<Hold>();
  for (let node = lock.firstHold; node !== undefined; node = node.next) {
    const outer = listHolds(node.parent).findLast((hold) => hold.lockClass === lockClass);
    if (outer !== undefined) outermost.add(outer);
  }
  return outermost.size;
}
