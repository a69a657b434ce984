/**
 * Does this runtime's promise hooks work the way promise-hooks.ts relies on? Asked once at start, in a few microtasks.
 *
 * A hold that is no lock's travels through a helper that awaits it and returns with it. It must be seen by the helper and
 * then by who awaits the helper, and never by a flow beside them.
 */
import type { HeldTracker } from './held-tracker.js';

/** What the rehearsal needs of a tracker. */
export type Rehearsed = Pick<HeldTracker, 'beginStandIn' | 'carry' | 'detached' | 'endStandIn' | 'held' | 'ownsNow'>;

/** Resolves with whether a hold arrives where it must and nowhere else. Leaves nothing behind. */
export async function hooksFollowHolds(tracker: Rehearsed): Promise<boolean> {
  const node = tracker.beginStandIn();
  const sees = (): boolean => tracker.held().includes(node);
  const granted = Promise.resolve();
  tracker.carry(granted, node);
  try {
    return await tracker.detached(async () => {
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
    });
  } finally {
    tracker.endStandIn(node);
  }
}

const ready = Promise.resolve();
