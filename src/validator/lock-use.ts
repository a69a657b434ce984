/** Holds as the report layer wants them: printed names, raw stacks without this package's own scope frames. */
import type { Evidence, HoldState, MadeLock, Permits, RawUse } from '../report/types.js';
import { withoutScopes, type CapturedFrame } from '../platform/captured-frame.js';
import { HELD, isScope, type Hold, type TrackedLock } from '../model/hold.js';
import { holdsOf } from '../platform/scope-frame.js';
import { weakly, type Weak } from '../platform/weak.js';
import { NestingFacts } from './nesting-facts.js';

/** A class, or what is known of one that only other processes or threads have. */
export interface ClassName {
  readonly id: number;
  readonly name: string;
}

/** One use of a lock with what is known of its stack, before any name is resolved or any line is mapped. */
export interface UseFacts {
  readonly lockClass: ClassName;
  readonly name: string | undefined;
  readonly permits?: Permits | undefined;
  readonly shared: boolean;
  readonly state: HoldState;
  readonly evidence: Evidence;
  readonly frames: readonly CapturedFrame[];
  /** In place of frames, for what was loaded. */
  readonly site?: string;
  readonly exact: boolean;
  /** Was it an event or the end of a task, not a lock? */
  readonly isWait: boolean;
  /** Was only its unlock waited for? */
  readonly forUnlock?: boolean;
  /** The very lock, of a class by place: it may have to be told from others of its class later. */
  readonly lock?: Weak<TrackedLock> | undefined;
  /** The same for reports, where its class has several locks. */
  readonly made?: MadeLock | undefined;
}

/**
 * `node` as seen from what runs with `stack` (empty when unknown): its own stack where it was captured; for a scope that
 * is on the stack the frames that await it; else the remembered acquisition that fits best. In the mode of that moment.
 */
export function useFacts(
  node: Hold,
  evidence: Evidence,
  stack: readonly CapturedFrame[],
  moment: number = Infinity,
): UseFacts {
  const known = ownStack(node, stack);
  const facts = node.chain?.data;
  const frames = known ?? (facts instanceof NestingFacts ? facts.likelySite(stack) : []);
  return {
    lockClass: node.lockClass,
    name: node.lock.label,
    permits: permitsOf(node),
    shared: node.sharedAt(moment),
    state: node.state === HELD ? 'held' : 'waiting',
    evidence,
    frames: withoutScopes(frames),
    exact: known !== undefined,
    isWait: node.kind === 'wait',
    forUnlock: node.kind === 'unlock',
    ...(node.lockClass.isByPlace ? { lock: weakly(node.lock), made: madeLock(node) } : {}),
  };
}

/** The stack of its own acquisition, or of another one with the same sequence of locks; empty where none was captured. */
/**
 * Is it known that the attempt keeps to the order of classes, so that a circle with it takes an attempt that does not? Not of locks
 * of one class, which have no order by class.
 */
export function keepsToOrder({ chain, lockClass, parent }: Hold): boolean {
  const facts = chain?.data;
  if (!(facts instanceof NestingFacts) || !facts.settled || facts.violations.length > 0) return false;
  for (let outer = parent; outer !== undefined; outer = outer.parent) if (outer.lockClass === lockClass) return false;
  return true;
}

export function rememberedFrames(node: Hold): readonly CapturedFrame[] {
  const { frames } = node.asked;
  if (frames !== undefined) return frames;
  const facts = node.chain?.data;
  return facts instanceof NestingFacts ? facts.likelySite([]) : [];
}

/** undefined where it is the only lock that was made at its place. */
function madeLock({ lock, lockClass }: Hold): MadeLock | undefined {
  let made = lockClass;
  while (made.base !== undefined) made = made.base;
  const { making, ordinal = 0, nth = ordinal, primitive } = lock;
  if (made.site === undefined || made.locks < 2 || ordinal === 0) return undefined;
  return { place: made.site, making, ordinal, nth: making === undefined ? ordinal : nth, primitive };
}

/** A class as a report shows where it was made or asked for. */
export function classUse(name: string, frames: readonly CapturedFrame[]): RawUse {
  return { lockClass: name, name: undefined, mode: 'exclusive', state: 'held', evidence: 'own', frames, exact: true };
}

function permitsOf({ lock, permits }: Hold): Permits | undefined {
  return lock.capacity > 1 && lock.capacity < Infinity ? { count: permits, of: lock.capacity } : undefined;
}

function ownStack(node: Hold, stack: readonly CapturedFrame[]): readonly CapturedFrame[] | undefined {
  const { frames } = node.asked;
  if (frames !== undefined) return frames;
  if (!isScope(node.kind)) return undefined;
  const at = stack.findIndex((frame) => holdsOf(frame.scope).includes(node));
  return at === -1 ? undefined : stack.slice(at + 1);
}

export function rawUse(facts: UseFacts): RawUse {
  return {
    lockClass: facts.lockClass.name,
    name: facts.name,
    permits: facts.permits,
    mode: facts.shared ? 'shared' : 'exclusive',
    state: facts.state,
    evidence: facts.evidence,
    frames: withoutScopes(facts.frames),
    site: facts.site,
    exact: facts.exact,
    forUnlock: facts.forUnlock,
    made: facts.made,
  };
}
