/**
 * What each kind of report says of itself: its headline in either tier, how it introduces the lock it is about, and the
 * advice it ends with. One entry per kind; a new kind is one more entry, and the compiler asks for it.
 *
 * Invariant: advice names only what the public interface offers, and only classes and sites that the report has.
 */
import type { Dependency, LockUse, Report, ReportKind } from './types.js';
import { lockName, placeText, plain } from './wording.js';

/** The facts of a report before its text is written. What is added here is part of the text only. */
export type ReportFacts = Pick<Report, 'kind' | 'tier' | 'acquiring' | 'held' | 'cycle' | 'exhaustion' | 'task'> & {
  /** One sentence. */
  readonly summary?: string;
  /** In place of the advice of the kind. Part of the text only. */
  readonly advice?: string;
  /** Where one class is nested in itself: is it one lock, or two? */
  readonly instances?: 1 | 2;
};

export interface KindText {
  readonly strict: string;
  readonly advisory: string;
  /** What the flow is doing with `acquiring`; absent when it is not an attempt to take a lock. */
  readonly doing?: 'is trying to take' | 'is waiting for';
  /** Is it about a class, and no lock of it? */
  readonly ofClass?: true;
  /** Whether a held lock stands in the way of the attempt, and is named beside it. */
  readonly blocked?: true;
  /** Whether it has happened already, as opposed to being possible. */
  readonly happened?: true;
  readonly advice: (facts: ReportFacts) => string;
}

const ATTEMPT = { doing: 'is trying to take', blocked: true } as const;

export const KINDS: Readonly<Record<ReportKind, KindText>> = {
  'circular-dependency': {
    ...ATTEMPT,
    strict: 'possible deadlock: lock order inversion',
    advisory: 'suspected deadlock: lock order inversion',
    advice: orderAdvice,
  },
  'recursive-locking': {
    ...ATTEMPT,
    strict: 'possible deadlock: recursive locking',
    advisory: 'suspected deadlock: recursive locking',
    advice: recursionAdvice,
  },
  'semaphore-exhaustion': {
    ...ATTEMPT,
    strict: 'possible deadlock: semaphore exhaustion',
    advisory: 'suspected deadlock: semaphore exhaustion',
    advice: (facts) =>
      ofOnePlace(facts) ??
      `Take all the permits of ${subject(facts)} that a flow needs in one acquisition, with a weight, or give the first ` +
        'back before asking for the next. Where few flows nest and the permits always suffice, say so: the LockClass option `nest`.',
  },
  'bad-unlock-balance': {
    strict: 'bad unlock balance',
    advisory: 'suspected bad unlock balance',
    advice: (facts) =>
      `Release ${subject(facts)} once per acquisition: runExclusive() or \`using guard = await lock.lock()\` does that by ` +
      'itself. To let another flow release it, hand it over with guard.transfer().',
  },
  'held-lock-freed': {
    strict: 'held lock freed',
    advisory: 'suspected freeing of a held lock',
    advice: (facts) => `Dispose of ${subject(facts)} only after its holder has released it and nobody waits for it.`,
  },
  'nest-lock-not-held': {
    doing: 'is trying to take',
    strict: 'nest lock not held',
    advisory: 'suspected use without the nest lock held',
    advice: (facts) =>
      `Take the lock given as nestLock before ${subject(facts)}, and keep it until the last lock under it is released.`,
  },
  'inconsistent-context': {
    ...ATTEMPT,
    strict: 'possible deadlock: inconsistent context',
    advisory: 'suspected deadlock: inconsistent context',
    advice: contextAdvice,
  },
  'context-inversion': {
    ...ATTEMPT,
    strict: 'possible deadlock: lock order inversion through a context',
    advisory: 'suspected deadlock: lock order inversion through a context',
    advice: contextAdvice,
  },
  'invalid-wait-context': {
    ...ATTEMPT,
    strict: 'invalid wait context',
    advisory: 'suspected invalid wait context',
    advice: (facts) =>
      `Take ${subject(facts)} before the section whose \`wait\` option forbids waiting for it, or use tryAcquire().`,
  },
  'leaked-lock': {
    strict: 'leaked lock',
    advisory: 'suspected leaked lock',
    advice: (facts) =>
      `Release ${subject(facts)} on every path: runExclusive() or \`using guard = await lock.lock()\` does that by itself. ` +
      'If another flow is to release it, hand it over with guard.transfer().',
  },
  deadlock: {
    doing: 'is waiting for',
    blocked: true,
    happened: true,
    strict: 'deadlock: flows that wait for each other',
    advisory: 'suspected deadlock: flows that seem to wait for each other',
    advice: orderAdvice,
  },
  stall: {
    doing: 'is waiting for',
    strict: 'stalled wait',
    advisory: 'stalled wait (advisory)',
    advice: (facts) =>
      `Look at what the holder of ${subject(facts)} does before it releases; a \`timeout\` or \`signal\` bounds this wait, ` +
      'and `stallTimeout` sets when a wait is reported.',
  },
  'ww-misuse': {
    doing: 'is trying to take',
    strict: 'wound/wait mutex misuse',
    advisory: 'suspected wound/wait mutex misuse',
    advice: () =>
      'Take all locks of the class through one AcquireContext, and after a back-off release them all first: transaction() ' +
      'does both by itself.',
  },
  assertion: {
    strict: 'lock assertion failed',
    advisory: 'suspected failure of a lock assertion',
    advice: (facts) =>
      `Make every caller take or release ${subject(facts)} as asserted; where both are legal, ask lockdep.isHeld() instead.`,
  },
  'class-conflict': {
    ofClass: true,
    strict: 'lock class conflict',
    advisory: 'lock class conflict (advisory)',
    advice: () =>
      'Create the class in one place and pass the LockClass object around; kinds of locks that differ need names that differ.',
  },
  limit: {
    ofClass: true,
    strict: 'limit reached',
    advisory: 'limit reached (advisory)',
    advice: () => 'Give locks that play the same part one class, and dispose() of classes that are no longer used.',
  },
};

/** `LOCKDEP: possible deadlock: recursive locking`. */
export function headline(facts: ReportFacts): string {
  return `LOCKDEP: ${KINDS[facts.kind][facts.tier]}`;
}

/** The lock that the report is about, for use inside a sentence. */
function subject(facts: ReportFacts): string {
  const use = operation(facts) ?? (facts.held.length === 1 ? facts.held[0] : undefined);
  return use === undefined ? 'the lock' : lockName(use);
}

/** A cycle that came to light without an attempt of its own: by what was loaded, or by a gate that is none any more. */
export function isFoundLate(facts: ReportFacts): boolean {
  return facts.acquiring === undefined && facts.cycle !== undefined;
}

/** The use that the report is about: for a cycle that came without an attempt of its own, the closing link's. */
export function operation(facts: ReportFacts): LockUse | undefined {
  return facts.acquiring ?? facts.cycle?.at(-1)?.acquiring;
}

/** The held lock that stands in the way: the one the closing link starts from, else the innermost of the wanted class. */
export function blocker(facts: ReportFacts): LockUse | undefined {
  const closing = facts.cycle?.at(-1);
  if (closing !== undefined) return closing.held;
  return facts.held.findLast((use) => use.lockClass === facts.acquiring?.lockClass) ?? facts.held.at(-1);
}

function orderAdvice(facts: ReportFacts): string {
  // Who merely stands in a queue has no order to keep.
  const cycle = (facts.cycle ?? []).filter(({ ahead }) => ahead !== true);
  const first = cycle[0];
  const closing = cycle.at(-1);
  if (first === undefined || closing === undefined || cycle.length < 2) {
    return `Give back what this flow holds before it takes ${subject(facts)}, or take ${subject(facts)} first everywhere.`;
  }
  const batch = cycle.find(({ together }) => together === true);
  const advice = batch === undefined ? orderToKeep(cycle, first, closing) : orderOfBatch(batch);
  return `${advice}${waysOut(facts, cycle)}`;
}

/** Neither of its orders is one to keep: they are whatever comes first. */
function orderOfBatch({ from, to, acquiring }: Dependency): string {
  return (
    `Request ${plain(from)} and ${plain(to)} all at once everywhere, as at ${placeText(acquiring)}, or there too one after the ` +
    'other, in one order.'
  );
}

function orderToKeep(cycle: readonly Dependency[], first: Dependency, closing: Dependency): string {
  const here = placeText(closing.acquiring);
  const [outer, inner] = [plain(first.from), plain(closing.from)];
  if (cycle.length === 2) {
    const as = first.origin === 'declared' ? 'as declared at' : 'as at';
    return `Take ${outer} before ${inner} everywhere, ${as} ${placeText(first.acquiring)}; the attempt at ${here} is the other way round.`;
  }
  return `Take ${classOrder(cycle)} in this order everywhere; the attempt at ${here} wants ${outer} while ${inner} is held.`;
}

/** The classes in the order known before this attempt; the middle of a long one is left out. */
function classOrder(cycle: readonly Dependency[]): string {
  const names = cycle.map((link) => plain(link.from));
  return (names.length > 5 ? [...names.slice(0, 3), '...', ...names.slice(-1)] : names).join(', ');
}

function waysOut(facts: ReportFacts, cycle: readonly Dependency[]): string {
  const suspected = !KINDS[facts.kind].happened && cycle.some((link) => link.held.evidence === 'suspected');
  const detached = suspected
    ? ' If nobody waits for the work that inherits the lock, start it in lockdep.detached().'
    : '';
  const guessed =
    facts.tier === 'advisory' ? cycle.find(({ held }) => held.madeAt !== undefined)?.held.madeAt : undefined;
  return guessed === undefined ? detached : `${detached} ${classForEach(guessed)}`;
}

function classForEach(place: string): string {
  return `If the locks made at ${place} play different parts, give each a class there: \`{ class: '…' }\`.`;
}

/** Of two locks that are made at one place, where it is not certain that they stand in for each other. */
function ofOnePlace({ tier, instances, acquiring }: ReportFacts): string | undefined {
  if (tier !== 'advisory' || instances !== 2 || acquiring?.madeAt === undefined) return undefined;
  return (
    `${classForEach(acquiring.madeAt)} If they play the same part, say in which order two of them nest: the LockClass option ` +
    `\`order\`, or \`subclass\` for the inner one, at ${placeText(acquiring)}.`
  );
}

function recursionAdvice(facts: ReportFacts): string {
  const guessed = ofOnePlace(facts);
  if (guessed !== undefined) return guessed;
  const name = facts.acquiring === undefined ? 'the class' : plain(facts.acquiring.lockClass);
  const reads = blocker(facts)?.mode === 'shared';
  if (facts.instances === 1 && reads) {
    return adviceUnderRead(name, facts.acquiring?.mode === 'shared');
  }
  if (facts.instances === 1) {
    return (
      `Split it into a public function that takes ${name} and an inner one that does not, and call the inner one where ${name} ` +
      'is held; it can ask for the guard as a parameter. What another flow is to do first is no lock but a Completion: release ' +
      `${name}, and wait for that.`
    );
  }
  return (
    `Release the first lock of ${name} before taking the second. If two instances nest by design, say how: the LockClass ` +
    'option `order`, or `subclass` for the inner one.'
  );
}

/** To a flow that reads `name` and wants to read it again, or to write. */
export function adviceUnderRead(name: string, again: boolean): string {
  return again
    ? `Read ${name} once, and pass on what was read; or construct it with fairness: 'reader-preferring', where readers may nest.`
    : `Give back the read of ${name} before writing, take it for writing from the start, or write first and downgrade().`;
}

function contextAdvice(facts: ReportFacts): string {
  return `Hold the context's mask() wherever ${subject(facts)} is held, or do not take ${subject(facts)} in that context.`;
}
