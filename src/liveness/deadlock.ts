/**
 * What has happened, as reports: flows that wait for each other, and waits for what nobody will give back.
 *
 * strict at the end of a process, where nothing runs any more that could release anything, and where scopes alone make the circle
 * (scope-circles.ts); else advisory, in the words of a suspicion, since a timer or another flow may have a releaser. Pure; linear
 * in the circle.
 */
import { isScope, type Hold } from '../model/hold.js';
import { siteOf } from '../report/stack-text.js';
import { adviceUnderRead } from '../report/kinds.js';
import { ageText } from '../report/wait-tree-text.js';
import type { RawDependency, RawUse, Tier, Violation } from '../report/types.js';
import { withoutScopes, type CapturedFrame } from '../platform/captured-frame.js';
import { rawUse, useFacts } from '../validator/lock-use.js';
import { taskOf } from '../validator/rules/rule.js';
import type { WaitGraph } from './wait-graph.js';

/** How it is known: nothing runs any more; or scopes make the circle; or it has lasted for a while, which proves nothing. */
export type Ground = 'end' | 'scopes' | 'lasting';

/** Who awaits a wait, where that was looked at. */
type StackOf = (wait: Hold) => readonly CapturedFrame[];

/** The flows of `circle` wait for each other: each for what the next one holds. */
export function deadlock(
  graph: WaitGraph,
  circle: readonly Hold[],
  ground: Ground,
  stackOf: StackOf = () => [],
): Violation {
  const closing = last(circle);
  const tier: Tier = ground === 'lasting' ? 'advisory' : 'strict';
  const cycle = circle.map((wait, at): RawDependency => {
    // The flow of this wait holds what the one before it wants.
    const wanted = circle.at(at - 1) as Hold;
    const ahead = isAhead(graph, wait, wanted);
    const held = holdFor(graph, wait, wanted);
    return {
      from: ahead ? wait.lockClass.name : held.lockClass.name,
      to: wait.lockClass.name,
      tier,
      ...(ahead ? { ahead } : {}),
      held: ahead ? waitingUse(wait, stackOf(wait)) : heldUse(held, stackOf(wait)),
      acquiring: waitingUse(wait, stackOf(wait)),
      task: taskOf(wait),
    };
  });
  return {
    id: `deadlock:${rotated(circle.map(({ lockClass }) => lockClass.name)).join(' -> ')}`,
    kind: 'deadlock',
    tier,
    summary: summaryOf(graph, circle, ground),
    acquiring: waitingUse(closing, stackOf(closing)),
    held: heldOf(graph, closing, stackOf(closing)),
    cycle,
    ...(cycle.filter(({ ahead }) => ahead !== true).length === 1 ? { advice: ownAdvice(graph, closing) } : {}),
    task: taskOf(closing),
  };
}

/** Nobody gives back what `wait` wants: its holder has ended, or waits for what is no lock. */
export function neverReleased(graph: WaitGraph, wait: Hold): Violation {
  const lockClass = wait.lockClass.name;
  const [holder] = graph.holdersBefore(wait);
  const place = placeOf(wait);
  const common = { id: `leaked-lock:awaited:${lockClass}`, kind: 'leaked-lock', tier: 'strict' } as const;
  if (holder === undefined) {
    return {
      ...common,
      summary: `${lockClass} is waited for${place} and never had: nothing is left to run that could give what is missing`,
      advice: `Ask for no more of ${lockClass} than there is, and see to it that who takes some of it by its value gives it back.`,
      acquiring: waitingUse(wait),
      held: heldOf(graph, wait),
      task: taskOf(wait),
    };
  }
  return {
    ...common,
    summary: `${lockClass} is waited for${place} and never released: nothing is left to run that could release it`,
    acquiring: heldUse(holder),
    held: [heldUse(holder)],
    task: taskOf(holder),
  };
}

/** `wait` has lasted for long, at `now`. */
export function stalled(graph: WaitGraph, wait: Hold, now: number): Violation {
  const lockClass = wait.lockClass.name;
  const [holder] = graph.holdersBefore(wait);
  const next = holder === undefined ? undefined : graph.latestWaitOf(holder);
  const age = `${lockClass} has been awaited for ${ageText(now - wait.since)}`;
  const doing = next === undefined ? '' : `, and waits for ${next.lockClass.name}${placeOf(next)}`;
  return {
    id: `stall:${lockClass}`,
    kind: 'stall',
    tier: 'advisory',
    summary:
      holder === undefined
        ? `${age}; nobody is known to hold it`
        : `${age}; its holder has it${placeOf(holder)}${doing}`,
    acquiring: waitingUse(wait),
    held: heldOf(graph, wait),
    task: taskOf(wait),
  };
}

function heldUse(hold: Hold, stack: readonly CapturedFrame[] = []): RawUse {
  return rawUse(useFacts(hold, 'own', stack));
}

function waitingUse(wait: Hold, stack: readonly CapturedFrame[] = []): RawUse {
  const facts = useFacts(wait, 'own', []);
  // The place of the `await`, where none was captured at the call.
  const isKnown = facts.exact || stack.length === 0;
  const seen = isKnown ? {} : { frames: withoutScopes(stack), exact: true };
  return rawUse({ ...facts, ...seen, state: 'waiting' });
}

/** ` at src/a.ts:1:2`, where it is known. */
function placeOf(hold: Hold): string {
  const site = siteOf(useFacts(hold, 'own', []).frames);
  return site === '' ? '' : ` at ${site}`;
}

/** Has the flow of `wait` none of what `wanted` is for, but asked for it before? */
function isAhead(graph: WaitGraph, wait: Hold, wanted: Hold): boolean {
  const { lock } = wanted;
  return wait !== wanted && wait.lock === lock && graph.heldUnder(wait).every((hold) => hold.lock !== lock);
}

/** What the flow of `wait` holds of the lock that `wanted` is for; that it is held by somebody is known. */
function holdFor(graph: WaitGraph, wait: Hold, wanted: Hold): Hold {
  const under = graph.heldUnder(wait);
  return under.find(({ lock }) => lock === wanted.lock) ?? graph.holdersBefore(wanted)[0] ?? wanted;
}

function heldOf(graph: WaitGraph, wait: Hold, stack: readonly CapturedFrame[] = []): Violation['held'] {
  return graph
    .heldUnder(wait)
    .toReversed()
    .map((hold) => heldUse(hold, stack));
}

function summaryOf(graph: WaitGraph, circle: readonly Hold[], ground: Ground): string {
  const who = circle.length === 1 ? ownSummary(graph, last(circle)) : `${circle.length} flows wait for each other`;
  if (ground === 'end') return `${who}, and nothing is left to run that could let one of them go on`;
  if (ground === 'scopes') {
    const isAny = circle.some((wait, at) => isAhead(graph, wait, circle.at(at - 1) as Hold));
    return circle.length === 1
      ? `${who}: the callback that has what is wanted awaits it, and has it until it returns`
      : `${who}: each awaits, in the callback that has its lock until it returns, what the next one has${isAny ? ', or waits for ahead of it' : ''}`;
  }
  return `${who}, and none of them has gone on since; unless a timer or another flow releases what one of them holds, none will`;
}

function ownSummary(graph: WaitGraph, wait: Hold): string {
  const queue = graph.queueOf(wait);
  if (queue !== undefined) {
    return `all slots of ${queue.lockClass.name} are those of flows that wait, one of them for ${wait.lockClass.name}, which only work of ${queue.lockClass.name} was seen to bring`;
  }
  if (wait.lock.capacity <= 1) return 'a flow waits for itself';
  const holders = new Set(graph.holdersBefore(wait).map((hold) => graph.waitOf(hold))).size;
  return holders === 1
    ? 'a flow waits for permits that it holds itself'
    : `${holders} flows hold the permits that each of them waits for`;
}

function ownAdvice(graph: WaitGraph, wait: Hold): string {
  const { name } = wait.lockClass;
  const queue = graph.queueOf(wait);
  if (queue !== undefined) {
    return `Do not wait in work of ${queue.lockClass.name} for what other work of it brings, or bring that on a queue of its own.`;
  }
  if (wait.lock.capacity > 1) {
    return `Take all the permits of ${name} that a flow needs in one acquisition, with a weight, or give the first back before asking for the next.`;
  }
  const isRead = graph.heldUnder(wait).some(({ lock, shared }) => lock === wait.lock && shared);
  if (isRead) return adviceUnderRead(name, wait.shared);
  const inside = isScope(wait.kind) ? 'in the callback' : 'before the release';
  return (
    `The flow holds ${name} already: do not take it again ${inside}, but hand on that it is held, for instance by a function ` +
    'that says so with lockdep.assertHeld(). A lock of this package is not reentrant.'
  );
}

function last(circle: readonly Hold[]): Hold {
  return circle.at(-1) as Hold;
}

/** So that a circle has one name wherever it is entered. */
function rotated(names: readonly string[]): string[] {
  let best = [...names];
  for (let at = 1; at < names.length; at++) {
    const turned = [...names.slice(at), ...names.slice(0, at)];
    if (turned.join('\n') < best.join('\n')) best = turned;
  }
  return best;
}
