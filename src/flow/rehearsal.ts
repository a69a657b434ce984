/**
 * Do promise hooks work here the way promise-hooks.ts relies on? Asked at the start, and again where the program has replaced
 * the promises of the language (promise-watch.ts), in a few microtasks.
 *
 * A hold that is no lock's travels through a helper that awaits it and returns with it. It must be seen by the helper and
 * then by who awaits the helper, and never by a flow beside them. Where something is replaced it also travels as programs
 * without `await` pass it on: by `then`, and by a promise of the class that is global, which may be one of a library with a
 * queue of its own. (Only there: what promises that are used in so many ways cost, V8 makes all acquisitions pay.)
 */
import { resolved } from '../platform/intrinsics.js';
import type { Hold } from '../model/hold.js';
import type { HeldTracker } from './held-tracker.js';
import { isPromiseReplaced } from './promise-watch.js';

/** What the rehearsal needs of a tracker. */
export type Rehearsed = Pick<
  HeldTracker,
  'beginStandIn' | 'carryNew' | 'detached' | 'endStandIn' | 'held' | 'ownsNow' | 'resolved'
>;

/** Microtasks after which a callback must have run; more than promises of the language take. */
const TURNS = 8;

/** Resolves with whether a hold arrives where it must and nowhere else. Leaves nothing behind. */
export async function hooksFollowHolds(tracker: Rehearsed): Promise<boolean> {
  if (!(await withStandIn(tracker, byAwait))) return false;
  return !isPromiseReplaced() || (await withStandIn(tracker, byThen));
}

type Scene = (tracker: Rehearsed, granted: Promise<void>, node: Hold) => Promise<boolean>;

async function withStandIn(tracker: Rehearsed, scene: Scene): Promise<boolean> {
  const node = tracker.beginStandIn();
  try {
    const granted = tracker.resolved<void>(undefined, node.lock);
    tracker.carryNew(granted, node);
    return await tracker.detached(() => scene(tracker, granted, node));
  } catch {
    return false;
  } finally {
    tracker.endStandIn(node);
  }
}

async function byAwait(tracker: Rehearsed, granted: Promise<void>, node: Hold): Promise<boolean> {
  const sees = (): boolean => tracker.held().includes(node);
  const helper = async (): Promise<boolean> => {
    await granted;
    return sees() && tracker.ownsNow(node);
  };
  const beside = async (): Promise<boolean> => {
    await ready;
    await ready;
    return !sees();
  };
  const [seenByHelper, unseenBeside] = [helper(), beside()];
  const unseenAtOnce = !sees();
  const arrived = await seenByHelper;
  const handedOver = sees() && tracker.ownsNow(node);
  return unseenAtOnce && arrived && handedOver && (await unseenBeside);
}

async function byThen(tracker: Rehearsed, granted: Promise<void>, node: Hold): Promise<boolean> {
  const arrived = [false, false];
  const note = (way: number) => (): void => {
    arrived[way] = tracker.held().includes(node) && tracker.ownsNow(node);
  };
  void granted.then(note(0));
  const { Promise: Current } = globalThis;
  void new Current<void>((resolve) => resolve(granted)).then(note(1));
  for (let turn = 0; turn < TURNS; turn++) await ready;
  return arrived.every(Boolean);
}

const ready = resolved();
