/**
 * The acquire pipeline: every attempt of a tracked flow passes through here, and every verdict leaves from here.
 *
 * An attempt with a known nesting costs one step in the trie. A new one remembers which locks were held (Pending) and
 * is judged as soon as it is known whether their holders wait for it: when the hold arrives in the function that owns
 * the outer one, when a waiting attempt looks at its async stack, or at the latest when it is released. What is not
 * proven by then is dropped if the outer lock is gone by now (the holder did not wait), else learned as suspected.
 *
 * Grants never depend on any of this: in `warn` no turn is added, except one to a contended call with a new nesting.
 */
import type { Below } from '../platform/below.js';
import type { LockClass } from '../model/lock-class.js';
import { ChainTrie } from '../order/chain-trie.js';
import type { LockGraph } from '../order/snapshot.js';
import type { Report, Violation } from '../report/types.js';
import { captureFrames, type CapturedFrame } from '../platform/captured-frame.js';
import { likelyByStack, runsByItself } from '../flow/evidence.js';
import {
  asTry,
  isScope,
  isTry,
  isWait,
  RELEASED,
  WAITING,
  type Hold,
  type HoldKind,
  type Nesting,
  type TrackedLock,
  type WaitKind,
} from '../model/hold.js';
import type { Owner } from '../flow/owner.js';
import { HeldTracker } from '../flow/held-tracker.js';
import { listHolds, someHold, vouchedHolds } from '../flow/hold-list.js';
import { Batches } from './batches.js';
import { ClassIds, MAX_CLASSES } from './class-ids.js';
import { Dependencies } from './dependencies.js';
import { EventEdges } from './event-edges.js';
import { GraphExchange } from './graph-exchange.js';
import { isSerialised } from './held-by.js';
import { Limits, MAX_HELD_DEPTH, type ValidatorHost } from './host.js';
import { graphClass } from './live-graph.js';
import { isResource, isStillHolders } from './foreign-grants.js';
import { JoinedUnlocks } from './joined-unlocks.js';
import { Judge } from './judge.js';
import { PossibleGates } from './possible-gates.js';
import { PresumedAssertions } from './presumed-assertions.js';
import { NestingFacts } from './nesting-facts.js';
import { Nestings } from './nestings.js';
import { isChecked, noteHad, type Due, type Pending } from './pending.js';
import { Reclassification } from './reclassification.js';
import { ReleaseHistory } from './release-history.js';
import { findSplits, type Split } from './split-report.js';

/** What a nestLock makes of an attempt. */
interface Nest {
  /** The flow holds it: the locks of the class may be nested. */
  readonly isSerialised: boolean;
  /** It may hold it. */
  readonly isInDoubt: boolean;
}

const BY_ITSELF: Nest = { isSerialised: false, isInDoubt: false };

export class Validator {
  readonly trie: ChainTrie<Nesting> = new ChainTrie<Nesting>();
  readonly #ids = new ClassIds();
  readonly dependencies: Dependencies = new Dependencies(this.#ids, () => this.#host);
  /** Graphs out and in. */
  readonly graphs: GraphExchange = new GraphExchange(this.dependencies, this.#ids);
  readonly tracker: HeldTracker = new HeldTracker(
    {
      onHold: (node, owner) => this.#arrived(node, owner),
      onDebt: (debt, owner) => this.#judge.redeem(debt as Due, owner),
      onBatch: (nodes) => this.#arrivedTogether(nodes),
      onJoin: (hold, unlock, both) => this.#joins.joined(hold, unlock, both),
      onReplacement: () => this.#host.onReplacement(),
      onFault: (error) => this.#host.onFault(error),
    },
    (lockClass) => this.#ids.apart.isApart(lockClass),
  );
  readonly #nestings: Nestings = new Nestings(this.trie, this.tracker, this.#ids, this.dependencies);
  readonly #host: ValidatorHost;
  readonly #releases = new ReleaseHistory();
  readonly limits: Limits;
  readonly #possible: PossibleGates;
  readonly #presumed = new PresumedAssertions();
  readonly #judge: Judge;
  readonly #batches: Batches;
  readonly #reclassification: Reclassification;
  readonly #joins: JoinedUnlocks;
  readonly #events: EventEdges = new EventEdges(this.tracker, this.dependencies, this.#ids, (violation) =>
    this.#host.report(violation),
  );

  constructor(host: ValidatorHost) {
    this.#host = host;
    this.limits = new Limits(host);
    this.#joins = new JoinedUnlocks(host);
    this.#ids.apart.listen({ apart: (lockClass) => host.toldApart(lockClass) });
    this.#possible = new PossibleGates(this.tracker, this.#ids, this.limits);
    this.#batches = new Batches(this.#ids, this.#possible, this.dependencies, this.limits);
    this.#judge = new Judge(this.tracker, this.dependencies, this.#ids, this.#releases, host, this.limits);
    this.#reclassification = new Reclassification(this.tracker, this.#judge, (...attempt) =>
      this.#pendingOf(...attempt),
    );
  }

  /**
   * The running flow is about to want `lock`. `below` is the public function that was called, or the frames to remember the
   * attempt by. `nestLock`: while the flow holds that one, it may nest locks of one class under it.
   */
  attempt(
    lock: TrackedLock,
    lockClass: LockClass,
    kind: HoldKind,
    wait: WaitKind,
    permits: number,
    below: Below | readonly CapturedFrame[],
    nestLock?: TrackedLock,
  ): Hold {
    const nest = nestLock === undefined ? BY_ITSELF : this.#nestUnder(nestLock, lockClass);
    const node = this.tracker.attempt(lock, lockClass, nest.isSerialised ? asTry(kind) : kind, wait);
    node.permits = permits;
    if (lockClass.options.validate === false) return node;
    const facts = this.#nestings.factsOf(node, this.#meet);
    if (facts === undefined || !facts.settled || facts.violations.length > 0 || nest.isInDoubt) {
      this.#check(node, facts, below, nest.isInDoubt);
    }
    return node;
  }

  #nestUnder(nestLock: TrackedLock, lockClass: LockClass): Nest {
    const listed = this.tracker.held(MAX_HELD_DEPTH);
    if (isSerialised(listed, lockClass, nestLock)) return { isSerialised: true, isInDoubt: false };
    return { isSerialised: false, isInDoubt: this.#possible.mayBe(nestLock, listed) };
  }

  /** Looks at an attempt that is not known to be harmless. `nested`: its nestLock may be a gate. */
  #check(node: Hold, facts: NestingFacts | undefined, below: Below | readonly CapturedFrame[], nested: boolean): void {
    if (facts === undefined) {
      this.#checkByGraph(node, below);
      return;
    }
    const isAsked = nested || (this.#host.enforce && facts.violations.length > 0);
    if (!facts.settled || isAsked) this.#open(node, facts, below, nested);
    else for (const violation of facts.violations) this.#host.report(violation);
  }

  /**
   * The running flow may want `lock` here: as an attempt that is granted and released at once. In enforce returns the
   * strict report that it commits, as far as that is certain now.
   */
  touch(
    lock: TrackedLock,
    lockClass: LockClass,
    wait: WaitKind,
    permits: number,
    below: Below,
    nestLock?: TrackedLock,
  ): Report | undefined {
    const node = this.attempt(lock, lockClass, 'imperative', wait, permits, below, nestLock);
    const { mostHolders } = lock;
    this.tracker.granted(node);
    // Nobody has it, but for this look.
    lock.mostHolders = mostHolders;
    const offence = this.judgeHere(node, below);
    const pending = node.asked.pending as Pending | undefined;
    if (pending !== undefined) this.#judge.leaveOpen(node, pending, runsByItself(node.asked.frames ?? []));
    this.tracker.ended(node);
    return offence;
  }

  /** Judges an attempt of a function that does not wait for its verdict, by what is certain at the call. */
  judgeHere(node: Hold, below: Below): Report | undefined {
    const pending = node.asked.pending as Pending | undefined;
    if (pending === undefined) return undefined;
    const stack = pending.stack.length > 0 ? pending.stack : captureFrames(below);
    node.ask().frames = stack;
    // A call from another function may be that of a child which nobody waits for: its verdict is left open.
    if (!runsByItself(stack)) return undefined;
    node.ask().awaitedBy = this.tracker.lastOwner;
    return this.#judge.judge(node, pending, stack);
  }

  /**
   * The class of a held lock has changed: its order among the locks that this flow took before and after it is judged
   * anew. In enforce returns the strict report that follows.
   */
  reclassified(lock: TrackedLock, former: LockClass, lockClass: LockClass, below: Below): Report | undefined {
    return this.#reclassification.changed(lock, former, lockClass, below);
  }

  /** From the scope's own continuation: its callback runs with the hold, once the wait is over. */
  enterScope(node: Hold): void {
    const pending = node.asked.pending as Pending | undefined;
    if (pending !== undefined) noteHad(pending, this.tracker.moment);
    this.tracker.enterScope(node);
  }

  /** Does this attempt want to look at its async stack before it goes on? */
  wantsProbe(node: Hold): boolean {
    const pending = node.asked.pending as Pending | undefined;
    if (pending === undefined || pending.open.length === 0) return false;
    if (!this.tracker.followsCalls) return true;
    // A wait may never end: what the scopes around it teach is learned now, or perhaps never; and so is a wait for itself.
    const mayStick = (hold: Hold): boolean => isScope(hold.kind) || hold.lock === node.lock;
    if (node.state === WAITING && pending.open.some(mayStick)) return true;
    // What is had at once can still be judged later, except by throwing.
    return this.mayRefuse(node);
  }

  /** May this attempt turn out to be one that enforce does not let through? */
  mayRefuse(node: Hold): boolean {
    const pending = node.asked.pending as Pending | undefined;
    return this.#host.enforce && pending?.open.some((hold) => this.#judge.isSuspect(hold, node)) === true;
  }

  /**
   * The attempt has to wait, perhaps for ever: what looks like a deadlock on its own class is told as a suspicion, now or by
   * its probe, which sees more.
   */
  waits(node: Hold): void {
    const pending = node.asked.pending as Pending | undefined;
    if (pending === undefined || this.wantsProbe(node)) return;
    const same = pending.open.filter((hold) => hold.lockClass === node.lockClass);
    for (const hold of likelyByStack(pending.stack, same, pending.stack)) {
      if (this.#judge.mayGuess(hold, node)) this.#judge.teach(node, hold, pending, 'suspected', []);
    }
  }

  /**
   * From an async function of ours that the caller awaits. In enforce returns the strict report that this attempt
   * commits, for the caller to throw.
   */
  probe(node: Hold, below: Below): Report | undefined {
    const pending = node.asked.pending as Pending | undefined;
    if (pending === undefined || node.state === RELEASED) return undefined;
    const stack = captureFrames(below);
    pending.probed = stack;
    const offence = this.#judge.judge(node, pending, stack) ?? pending.offence;
    // A wait that may never end will bring no proof: what looks like a deadlock is told at once, as a suspicion.
    for (const hold of likelyByStack(stack, pending.open, pending.stack)) {
      if (this.#judge.mayGuess(hold, node)) this.#judge.learn(node, hold, pending, 'suspected', stack);
    }
    return offence;
  }

  /**
   * A wait for what is never held is over. `below`: a function of ours that the waiter may await, for a last look at its
   * stack. What is not proven by then is up to whoever receives the end of the wait; if nobody does, nobody waited.
   */
  waited(node: Hold, below: Below): void {
    const pending = node.asked.pending as Pending | undefined;
    if (pending !== undefined && node.state !== RELEASED) {
      this.#judge.judge(node, pending, captureFrames(below));
      if (pending.open.length === 0 || !this.tracker.followsCalls) this.#judge.leaveOpen(node, pending, false);
    }
    this.tracker.ended(node);
  }

  /** The hold is about to be released: the last look at its own stack, and the last chance of what waits for it. */
  close(node: Hold, below: Below): void {
    this.closePending(node, below);
    this.closeHold(node, below);
  }

  /** The same for a hold whose attempt is judged by `judgeLate`. */
  closeHold(node: Hold, below: Below): void {
    if (isScope(node.kind)) this.#judge.closeDebts(node, true, below);
    else {
      const { followsCalls } = this.tracker;
      const own = followsCalls && this.tracker.ownsNow(node);
      const byHolder = own || !isResource(node.lock) ? own : isStillHolders(node, this.#releases, below);
      // Else nobody knows who has it.
      if (followsCalls && byHolder !== undefined) this.#releases.note(node, byHolder);
      // Where several may have gone on with it, it is not known whether this one took what was wanted meanwhile.
      const isCertain = byHolder === true && !node.asked.unsure;
      this.#judge.closeDebts(node, isCertain, below);
      if (isCertain)
        for (const violation of this.#presumed.decide(node, this.tracker.lastOwner)) this.#host.report(violation);
    }
  }

  /** An assertion seems to be broken by one of these, which the running function may have: told when it releases that. */
  presume(holds: readonly Hold[], violation: () => Violation): void {
    const { lastOwner } = this.tracker;
    if (lastOwner === undefined) return;
    const hold = holds.find((node) => lastOwner.holds(node, false));
    if (hold !== undefined) this.#presumed.add(hold, lastOwner, violation());
  }

  /** The last look at an attempt that may be over by now, from an async function of ours that the caller awaits. */
  judgeLate(node: Hold, below: Below): void {
    const pending = node.asked.pending as Pending | undefined;
    if (pending === undefined) return;
    this.#judge.judge(node, pending, captureFrames(below));
    this.#judge.leaveOpen(node, pending, true);
  }

  /** Nobody knows any more whose the hold is: nobody has it from now on, and what is in question under it is dropped. */
  withdraw(node: Hold): void {
    this.#judge.dropDebts(node);
    this.tracker.transferred(node);
  }

  /** Other rules hold for `lock` from now on: all nestings are looked at again, and it may be a gate or be none any more. */
  rulesChanged(lock: TrackedLock): void {
    this.trie.clear();
    this.tracker.gates.reclassified(lock);
  }

  /** Classes that were acquired so far. */
  get classCount(): number {
    return this.#ids.size;
  }

  /** Forgets a class, with everything that was learned of it. */
  forget(lockClass: LockClass): void {
    this.dependencies.remove(lockClass);
    this.graphs.forget(lockClass);
    this.#ids.forget(lockClass);
    this.#releases.forget(lockClass);
    this.#events.clear();
    this.trie.clear();
  }

  /** The class has no only lock any more, so it is no gate. Returns the cycles that it had kept from happening. */
  retireGate(lockClass: LockClass): Violation[] {
    return this.dependencies.retireGate(this.#ids.idOf(lockClass));
  }

  /** Cycles that only a split into subclasses hides. */
  splits(): Split[] {
    return findSplits(this.dependencies, this.#ids);
  }

  /** Takes in the orders of another process or thread. Returns the cycles that this brings to light. */
  load(graph: LockGraph): Violation[] {
    const found = this.graphs.load(graph);
    this.#judge.tellLimits();
    return found;
  }

  /** Lets a class take the place of its name in loaded orders. Returns the cycles that this brings to light. */
  bind(lockClass: LockClass): Violation[] {
    const bound = this.#ids.bind(lockClass);
    return bound === undefined || lockClass.locks < 2 ? [] : this.dependencies.retireGate(bound);
  }

  /** The running flow completes `event`, made or reinitialised after grant number `since`. */
  completed(event: TrackedLock, since: number, below: Below): void {
    this.#events.completed(event, since, below);
  }

  /** The classes of queues whose work alone was seen to complete events of that class. */
  slotsFor(event: LockClass): readonly LockClass[] {
    return this.#events.slotsFor(event);
  }

  /** A lock of the class is wanted. Is it one that is checked? */
  readonly #meet = (lockClass: LockClass): boolean => {
    if (this.#ids.isMet(lockClass)) return true;
    if (this.#ids.size >= MAX_CLASSES) {
      // From now on listed as held, as if it had been made so.
      lockClass.options = { ...lockClass.options, validate: false };
      this.limits.reached('MAX_CLASSES', 'locks of further classes are listed, but their order is not checked');
      return false;
    }
    this.#ids.meet(lockClass);
    const { events } = this.#host;
    if (events.isWanted('class')) events.tell({ type: 'class', ...graphClass(lockClass) });
    for (const violation of this.bind(lockClass)) this.#host.report(violation);
    return true;
  };

  /** Cycles that need an order of both classes in both ways are accepted; all nestings are looked at again. */
  bless(a: LockClass, b: LockClass, reason: string): void {
    this.dependencies.bless(a, b, reason);
    this.trie.clear();
  }

  /** Forgets all learned order. */
  reset(): void {
    this.#ids.clear();
    this.graphs.clear();
    this.dependencies.clear();
    this.trie.clear();
    this.#releases.clear();
    this.#events.clear();
    this.limits.clear();
  }

  /**
   * The nesting is not one of those that are kept. Right all the same, though slower: what the order of classes knows of
   * every held lock needs no stack, and the rest is judged as if it were seen for the first time.
   */
  #checkByGraph(node: Hold, below: Below | readonly CapturedFrame[]): void {
    const beside = listHolds(node.parent, MAX_HELD_DEPTH);
    if (beside.length >= MAX_HELD_DEPTH) {
      this.limits.reached(
        'MAX_HELD_DEPTH',
        'what a flow takes beyond it is held and released as ever, but not checked',
      );
      return;
    }
    if (!this.#meet(node.lockClass)) return;
    this.limits.reached('MAX_CHAIN_NODES', 'further nestings are checked lock by lock, which is slower');
    this.#nestings.noteSigns([node, ...beside]);
    if (isTry(node.kind)) return;
    const holds = beside.filter(isChecked);
    const gates = this.#ids.gatesOf(beside);
    const violations: Violation[] = [];
    for (const hold of holds) {
      const known = hold.lockClass === node.lockClass ? undefined : this.dependencies.known(hold, node, gates);
      if (known === undefined || (known.violation !== undefined && this.#host.enforce)) {
        this.#open(node, new NestingFacts(), below);
        return;
      }
      if (known.violation !== undefined) violations.push(known.violation);
    }
    for (const violation of violations) this.#host.report(violation);
  }

  #open(node: Hold, facts: NestingFacts, below: Below | readonly CapturedFrame[], nested = false): void {
    const outer = isTry(node.kind) ? undefined : node.parent;
    const captured = facts.wantsStack();
    if (captured) {
      const frames = typeof below === 'function' ? captureFrames(below) : below;
      node.ask().frames = frames;
      facts.remember(frames);
    }
    // Most attempts with a nesting that is not settled bring nothing new: no list is made for those.
    if (!someHold(outer, isChecked)) facts.proven = true;
    else if (
      captured ||
      facts.perInstance ||
      facts.wantsJudging() ||
      nested ||
      (this.#host.enforce && this.#isSuspect(node))
    ) {
      const beside = listHolds(outer);
      const holds = beside.filter(isChecked);
      node.ask().pending = this.#pendingOf(node, facts, beside, holds, nested);
      return;
    } else for (const violation of facts.violations) this.#host.report(violation);
    facts.trySettle();
  }

  /** Would it close a cycle with something that the flow may hold? */
  #isSuspect(node: Hold): boolean {
    return someHold(node.parent, (hold) => isChecked(hold) && this.#judge.isSuspect(hold, node));
  }

  #pendingOf(node: Hold, facts: NestingFacts, beside: readonly Hold[], open: Hold[], nested: boolean): Pending {
    const [holds, stack, vouched] = [open.toReversed(), node.asked.frames ?? [], vouchedHolds(node.parent)];
    const possible = this.#possible.of(beside, node);
    const returned = holds.map((hold) => hold.asked.returnedBy);
    const { moment, branch } = this.tracker;
    const judged = { doubted: [], gone: [], taught: new Map(), moment, branch, had: false };
    return { facts, holds, returned, beside, possible, nested, open, vouched, stack, ...judged };
  }

  /** The hold has reached the function that awaited it, which may own the outer holds: then it waited, for certain. */
  #arrived(node: Hold, owner: Owner): void {
    if (node.asked.joined !== undefined) this.#joins.granted(node, node.asked.joined);
    const pending = node.asked.pending as Pending | undefined;
    if (pending === undefined || (node.state === RELEASED && !isWait(node.kind))) return;
    node.ask().awaitedBy = owner;
    if (node.state !== WAITING) noteHad(pending, this.tracker.moment);
    pending.offence = this.#judge.judge(node, pending, []) ?? pending.offence;
    if (node.state !== RELEASED) return;
    node.ask().pending = undefined;
    this.#judge.leaveOpen(node, pending, owner);
  }

  /** Known by now are orders both ways between them. They are had already: nothing is thrown. */
  #arrivedTogether(nodes: readonly Hold[]): void {
    this.#nestings.noteSigns(nodes);
    for (const violation of this.#batches.arrived(nodes.filter(isChecked))) this.#host.report(violation);
  }

  /** The first part of `close`: the last look at the hold's own stack. */
  closePending(node: Hold, below: Below): void {
    const pending = node.asked.pending as Pending | undefined;
    if (pending === undefined) return;
    const mayLook = isScope(node.kind) || this.tracker.ownsNow(node);
    if (pending.open.length > 0) {
      this.#judge.judge(node, pending, mayLook ? captureFrames(below) : []);
    }
    this.#judge.leaveOpen(node, pending, mayLook);
  }
}
