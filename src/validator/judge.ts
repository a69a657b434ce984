/**
 * When is what an attempt may teach certain, and what follows from it? The evidence side of the pipeline (validator.ts).
 *
 * An attempt that is not judged to the end (Pending) has open holds: it is not known whether their holders wait for it.
 * Each leaves that list in one of three ways: proven, and learned as strict; released before the attempt was over, and so
 * innocent; or left over as a debt (Due) of the hold and of the function that made the attempt. A debt is redeemed when that
 * function returns to the one that holds, and lapses into a suspicion when the hold is released.
 *
 * Cost: a walk over the open holds of an attempt for each piece of evidence. Known nestings have none. (debts.ts bounds what
 * is kept.)
 */
import type { Below } from '../platform/below.js';
import { gateSet, type GateSet } from '../order/gates.js';
import type { Report, Violation } from '../report/types.js';
import { captureFrames, type CapturedFrame } from '../platform/captured-frame.js';
import { looksLikeHolder, provenByStack } from '../flow/evidence.js';
import { HELD, isScope, RELEASED, WAITING, type Hold, type HoldOwner } from '../model/hold.js';
import { listHolds } from '../flow/hold-list.js';
import { Owner } from '../flow/owner.js';
import type { HeldTracker } from '../flow/held-tracker.js';
import type { ClassIds } from './class-ids.js';
import { Debts } from './debts.js';
import type { Dependencies } from './dependencies.js';
import { isResource, mustWait } from './foreign-grants.js';
import type { Limits, ValidatorHost } from './host.js';
import { useFacts } from './lock-use.js';
import { NestingFacts } from './nesting-facts.js';
import { noteHad, type Due, type Pending } from './pending.js';
import type { ReleaseHistory } from './release-history.js';
import type { NestedAttempt } from './rules/rule.js';
import { isFreeBeside, isPerInstance, sameClass } from './rules/same-class.js';
import { isCountedNesting } from './rules/semaphore-exhaustion.js';

export class Judge {
  readonly #tracker: HeldTracker;
  readonly #dependencies: Dependencies;
  readonly #ids: ClassIds;
  readonly #releases: ReleaseHistory;
  readonly #host: ValidatorHost;
  readonly #limits: Limits;

  constructor(
    tracker: HeldTracker,
    dependencies: Dependencies,
    ids: ClassIds,
    releases: ReleaseHistory,
    host: ValidatorHost,
    limits: Limits,
  ) {
    this.#tracker = tracker;
    this.#dependencies = dependencies;
    this.#ids = ids;
    this.#releases = releases;
    this.#host = host;
    this.#limits = limits;
  }

  /** What waited for the release of `node`, by `below`: it was the holder's, or the lock had been handed on. */
  closeDebts(node: Hold, byHolder: boolean, below: Below): void {
    const debts = node.asked.debts as Debts | undefined;
    if (debts !== undefined) this.#close(node, debts, byHolder, below);
  }

  #close(node: Hold, debts: Debts, byHolder: boolean, below: Below): void {
    node.ask().debts = undefined;
    for (const debt of debts.open()) {
      const { doubt, wanted, pending, evidence } = debt;
      if (evidence === undefined) {
        // Who releases it now has waited for the debtor, or nobody can say.
        const received = this.#tracker.received(doubt) as Due | undefined;
        if (received === undefined) {
          if ([debt, debt.first].some((due) => due !== undefined && this.#mayHaveWaited(due, below))) this.#lapse(debt);
          this.#doubt(wanted, node, pending);
        } else this.teach(received.wanted, node, received.pending, 'proven', []);
      } else if (byHolder) this.teach(wanted, node, pending, evidence, []);
      else this.#lapse(debt);
      doubt.over = true;
    }
  }

  /** What is in question under `node` is never to be told. Another hold with such a nesting may show it. */
  dropDebts(node: Hold): void {
    const debts = node.asked.debts as Debts | undefined;
    if (debts === undefined) return;
    node.ask().debts = undefined;
    for (const { pending } of debts.open()) pending.facts.reopen();
  }

  /** Is it worth a suspicion that who releases the hold now has waited? */
  #mayHaveWaited({ doubt: { hold }, wanted, pending }: Due, below: Below): boolean {
    const known = this.#tracker.mayHaveWaited(hold, wanted, pending.branch);
    if (known !== undefined) return known;
    const released = captureFrames(below);
    return looksLikeHolder(useFacts(hold, 'suspected', released).frames, pending.stack, released);
  }

  /** No proof will come. A nesting in one class that was proven, of a hold that was not its holder's, is none. */
  #lapse({ doubt, wanted, pending, evidence }: Due): void {
    if (doubt.over) return;
    doubt.over = true;
    // Another hold with this nesting may be its holder's to its end.
    if (evidence !== undefined) pending.facts.reopen();
    const { lock, lockClass } = doubt.hold;
    const mayStill = isResource(lock) && !this.#releases.isHandedOn(lockClass);
    if (evidence === undefined || lockClass !== wanted.lockClass || mayStill)
      this.teach(wanted, doubt.hold, pending, 'suspected', []);
  }

  /**
   * What is not proven by now is left to those who still hold; who has gone by now did not wait for this lock. `here`: the
   * function that took and released the lock, if it is the running one or known.
   */
  leaveOpen(node: Hold, pending: Pending, here: boolean | Owner): void {
    const open = pending.open.filter((hold) => hold.state === HELD);
    for (const hold of pending.open) if (!open.includes(hold)) this.#doubt(node, hold, pending);
    if (open.length === 0) node.ask().pending = undefined;
    for (const hold of open) {
      const debts = debtsOf(hold);
      const debt = debts.doubt(node, pending);
      if (here instanceof Owner) here.owe(debt);
      else if (here) this.#tracker.owe(debt);
      this.#bound(debts);
    }
    if (pending.open.length === 0) settle(pending);
  }

  #bound(debts: Debts): void {
    const excess = debts.takeExcess();
    if (excess !== undefined) this.#lapse(excess);
  }

  #isOwn(owner: HoldOwner | undefined, hold: Hold): boolean {
    // What is known of a hold ends with it.
    return owner !== undefined && hold.state === HELD && owner.holds(hold, true);
  }

  /** A function that took and released a lock has returned to one that awaited it: does that hold what is in question? */
  redeem({ doubt, wanted, pending }: Due, owner: Owner): void {
    const { hold } = doubt;
    if (!this.#isOwn(owner, hold)) return;
    doubt.over = true;
    if (doubt.detached) pending.facts = new NestingFacts();
    this.learn(wanted, hold, pending, 'proven', []);
    pending.open = pending.open.filter((other) => other !== hold);
    if (pending.open.length === 0) settle(pending);
  }

  /**
   * Learns what is proven by now, by `stack` (may be empty) or by who awaits the attempt; the rest stays open. Returns the
   * strict report that the attempt commits, if there is one.
   */
  judge(node: Hold, pending: Pending, stack: readonly CapturedFrame[]): Report | undefined {
    const proven = stack.length > 0 ? provenByStack(stack, pending.open) : new Set<Hold>();
    const open: Hold[] = [];
    let offence: Report | undefined;
    for (const hold of pending.open) {
      const own = this.#isOwn(node.asked.awaitedBy, hold);
      if (own || proven.has(hold) || pending.vouched.includes(hold)) {
        const report = this.learn(node, hold, pending, own ? 'own' : 'proven', stack);
        if (report?.tier === 'strict') offence ??= report;
      } else open.push(hold);
    }
    pending.open = open;
    return offence;
  }

  /** What is proven is learned at once where the lock is sure to be its holder's; else it waits for the release. */
  learn(
    wanted: Hold,
    held: Hold,
    pending: Pending,
    evidence: 'own' | 'proven' | 'suspected',
    stack: readonly CapturedFrame[],
  ): Report | undefined {
    if (evidence !== 'suspected' && wanted.state !== WAITING) noteHad(pending, this.#tracker.moment);
    const certain = isScope(held.kind) || evidence === 'suspected' || this.#isKnown(wanted, held, pending);
    if (certain) return this.teach(wanted, held, pending, evidence, stack);
    const debts = debtsOf(held);
    debts.prove(wanted, pending, evidence);
    this.#bound(debts);
    wanted.ask().awaited = true;
    // A wait may never end, and the release never come: two of them that form a cycle are told as a suspicion, and so is a
    // wait for itself where holders release what they take.
    const other = held.lockClass !== wanted.lockClass;
    const isTold = other || this.#isTrusted(held, wanted);
    if (wanted.state === WAITING && isTold && mustWait(wanted))
      return this.teach(wanted, held, pending, 'suspected', stack);
    return this.#ids.toldApart(held, wanted) ? this.#stuckApart(wanted, held, pending, stack) : undefined;
  }

  /** The same of two locks of one class that are told apart: told where others want them the other way round. */
  #stuckApart(wanted: Hold, held: Hold, pending: Pending, stack: readonly CapturedFrame[]): Report | undefined {
    const closed = this.#dependencies.learnStuck(
      this.#attemptOf(wanted, held, pending, { evidence: 'suspected', stack }),
    );
    return closed === undefined ? undefined : this.#violated(closed, pending.facts);
  }

  /** Has another hold, which was its holder's to its end, shown the same? Then this one teaches nothing new. */
  #isKnown(wanted: Hold, held: Hold, pending: Pending): boolean {
    if (held.lockClass === wanted.lockClass && !this.#ids.toldApart(held, wanted)) {
      return pending.facts.violations.some(({ tier }) => tier === 'strict');
    }
    return this.#dependencies.known(held, wanted, this.#gatesOf(pending, held), pending.moment) !== undefined;
  }

  /** The gates that every order under `held` has for certain. */
  #gatesOf(pending: Pending, held: Hold): GateSet {
    const beside = pending.beside.filter((hold) => hold === held || !pending.doubted.includes(hold));
    return this.#ids.gatesOf(beside, pending.moment);
  }

  /** What is known by now is learned. */
  teach(
    wanted: Hold,
    held: Hold,
    pending: Pending,
    evidence: 'own' | 'proven' | 'suspected',
    stack: readonly CapturedFrame[],
    again = false,
  ): Report | undefined {
    const attempt = this.#attemptOf(wanted, held, pending, { evidence, stack, again });
    if (held.lockClass === wanted.lockClass) return this.#judgeSameClass(attempt, pending);
    pending.taught.set(held, evidence);
    const { violation } = this.#dependencies.learn(attempt);
    this.tellLimits();
    if (violation === undefined || (again && pending.facts.violations.includes(violation))) return undefined;
    return this.#violated(violation, pending.facts);
  }

  #attemptOf(
    wanted: Hold,
    held: Hold,
    pending: Pending,
    { evidence, stack, again = false }: Pick<NestedAttempt, 'evidence' | 'stack' | 'again'>,
  ): NestedAttempt {
    const { moment } = pending;
    const listed = this.#ids.gatesOf(
      pending.beside.filter((hold) => !pending.gone.includes(hold)),
      moment,
    );
    const inDoubt = evidence === 'suspected' || (pending.nested && held.lockClass === wanted.lockClass);
    return {
      held,
      wanted,
      holds: pending.holds,
      gates: this.#gatesOf(pending, held),
      protection: pending.possible === undefined ? undefined : gateSet([...listed, ...pending.possible]),
      evidence,
      tier: inDoubt ? 'advisory' : 'strict',
      moment,
      stack: stack.length > 0 ? stack : pending.stack,
      again,
    };
  }

  /** Says which tables are full, each once. */
  tellLimits(): void {
    if (this.#dependencies.full)
      this.#limits.reached('MAX_ORDERS', 'further orders are not learned; those that are known are checked as ever');
    if (this.#dependencies.limited)
      this.#limits.reached(
        'MAX_SEARCH_STATES',
        'a cycle that gates may keep from happening was not looked at to the end',
      );
    if (this.#ids.apart.limited)
      this.#limits.reached(
        'MAX_LOCKS_APART',
        'of so many locks that are made at one place, what was learned of those not used for longest is forgotten',
      );
  }

  /**
   * The holder of `hold` was not seen to wait for the attempt, and never will be. So its lock may have kept nobody out:
   * what was learned of the attempt is learned again without it. Certain is that only where it was released while the lock
   * was still waited for. Else it remains a suspicion: the holder may have waited for the grant, and told nobody.
   */
  #doubt(wanted: Hold, hold: Hold, pending: Pending): void {
    if (pending.doubted.includes(hold)) return;
    pending.doubted.push(hold);
    if (wanted.state === HELD && hold.state === RELEASED && hold.changed < wanted.changed) pending.gone.push(hold);
    if (this.#ids.gatesOf([hold]).length === 0) return;
    for (const [held, evidence] of pending.taught) {
      if (held !== hold) this.teach(wanted, held, pending, evidence, [], true);
    }
  }

  #judgeSameClass(attempt: NestedAttempt, pending: Pending): Report | undefined {
    const { facts } = pending;
    facts.perInstance ||= isPerInstance(attempt);
    const found = sameClass(attempt, (name, error) => this.#host.onComparatorError(name, error));
    const violation =
      found?.exhaustion === undefined ? found : this.#atOnce(found, found.exhaustion.flows, attempt, pending);
    const report = violation === undefined ? undefined : this.#violated(violation, facts);
    if (isFreeBeside(attempt.held, attempt.wanted)) return report;
    const closed = this.#dependencies.learnApart(attempt);
    this.tellLimits();
    return closed === undefined ? report : this.#violated(closed, facts);
  }

  /** As far as so many flows can nest at once: gates may keep them apart. */
  #atOnce(
    violation: Violation,
    flows: number,
    attempt: NestedAttempt,
    { facts, taught }: Pending,
  ): Violation | undefined {
    const tier = this.#dependencies.counted.learn(attempt, flows);
    if (tier === 'strict' || tier === violation.tier) return violation;
    // It is looked at again when one of the gates comes into doubt, and whenever it is nested.
    taught.set(attempt.held, attempt.evidence);
    facts.perInstance = true;
    return tier === undefined ? undefined : { ...violation, tier };
  }

  /** The report that the attempt commits, to be refused for it in enforce. */
  #violated(violation: Violation, facts: NestingFacts): Report | undefined {
    const at = facts.violations.findIndex((known) => known.id === violation.id);
    if (facts.perInstance) return this.#host.report(violation);
    if (at === -1) facts.violations.push(violation);
    else if (violation.tier === 'strict') facts.violations[at] = violation;
    const report = this.#host.report(violation);
    // This flow may go on to hold two of those locks, which tells that they are none: the first is let through to show it.
    return (violation.standsIn?.length ?? 0) > 0 && report.count === 1 ? undefined : report;
  }

  /**
   * The flow looks like one that holds `hold` and waits for `wanted`. Is that worth telling? Not where a lock of the same
   * class is passed on as a matter of course: then it holds nothing any more.
   */
  mayGuess(hold: Hold, wanted: Hold): boolean {
    if (!mustWait(wanted)) return false;
    if (hold.lockClass !== wanted.lockClass) return true;
    // Waiting for the unlock is how to wait for whoever a lock was handed to.
    if (wanted.kind === 'unlock' && hold.lock === wanted.lock) return false;
    // Permits are returned by whoever has used them, unless those who take them are seen to.
    return !isCountedNesting({ held: hold, wanted }) || this.#isTrusted(hold, wanted);
  }

  /**
   * Does who takes a lock of this class have it until it is given back? Of resources it is taken for granted, unless they were
   * seen to be handed on, or one flow takes one after the other, as a loop does that hands each to a job.
   */
  #isTrusted({ lock, lockClass }: Hold, wanted: Hold): boolean {
    if (this.#releases.isTrusted(lockClass)) return true;
    if (!isResource(lock) || this.#releases.isHandedOn(lockClass)) return false;
    return lock.capacity === 1 || listHolds(wanted.parent).filter((hold) => hold.lock === lock).length === 1;
  }

  /** Would the two close a cycle, if all that is suspected were so? */
  isSuspect(hold: Hold, wanted: Hold): boolean {
    if (hold.lockClass === wanted.lockClass && !this.#ids.toldApart(hold, wanted)) return !isFreeBeside(hold, wanted);
    return this.#dependencies.wouldClose(hold, wanted);
  }
}

function debtsOf(hold: Hold): Debts {
  const asked = hold.ask();
  asked.debts ??= new Debts(hold);
  return asked.debts as Debts;
}

/** All is proven; what may have been protected by locks that are not listed is to be seen again without them. */
function settle({ facts, possible, nested }: Pending): void {
  if (possible?.length !== 0 || nested) return;
  facts.proven = true;
  facts.trySettle();
}
