/** Which function awaits an attempt that is in question: a judgement about it may rest on that, and its wait may never end. O(1) a hold. */
import { Hold, WAITING } from '../model/hold.js';
import type { Arrivals } from './arrivals.js';
import type { Owner } from './owner.js';

/** `owner` awaits what brings `parcel`. */
export function noteAwaitedBy(parcel: Hold | Owner, owner: Owner, arrivals: Arrivals): void {
  if (parcel instanceof Hold) noteHold(parcel, owner, arrivals);
  else for (const hold of parcel.nodes) noteHold(hold, owner, arrivals);
}

function noteHold(hold: Hold, owner: Owner, arrivals: Arrivals): void {
  if (hold.asked.pending === undefined) return;
  hold.ask().awaitedBy = owner;
  if (hold.state === WAITING) arrivals.onHold(hold, owner);
}
