/** What is known of locks that other packages have made, whose grants are told and whose queues are not seen. */
import type { Below } from '../platform/below.js';
import { isHolderOnStack } from '../flow/evidence.js';
import { HELD, WAITING, type Hold, type TrackedLock } from '../model/hold.js';
import { captureFrames } from '../platform/captured-frame.js';
import type { Debts } from './debts.js';
import { useFacts } from './lock-use.js';
import type { ReleaseHistory } from './release-history.js';

/** Is it given back by whoever ends its use, so that a release says nothing of who had it? */
export function isResource(lock: TrackedLock): boolean {
  return lock.foreign === 'user';
}

/**
 * A resource is given back by a function that does not have it. Is it its holder's until then? Certain, where the holder is seen to
 * wait for that function. Not, where what was granted under it is not given back yet: then the two went to different jobs, and so
 * may others of the class. undefined: not known, or of no use. `below`: the public function that was called.
 */
export function isStillHolders(hold: Hold, releases: ReleaseHistory, below: Below): boolean | undefined {
  const debts = hold.asked.debts as Debts | undefined;
  if (debts?.hasProof !== true) return undefined;
  if (debts.outlasted || releases.isHandedOn(hold.lockClass)) return false;
  const stack = captureFrames(below);
  const taken = useFacts(hold, 'own', stack).frames;
  return isHolderOnStack(taken, hold.asked.returnedBy, stack) ? true : undefined;
}

/**
 * Does the attempt have to wait until somebody gives something back? A lock of ours tells. One of another package may take its
 * time with every grant, so there it is told by what is known to be held.
 */
export function mustWait({ lock, state, permits, shared }: Hold): boolean {
  if (lock.foreign === undefined) return true;
  if (state !== WAITING) return false;
  if (lock.capacity > 1) return lock.heldPermits + permits > lock.capacity;
  for (let other = lock.firstHold; other !== undefined; other = other.next) {
    if (other.state === HELD && !(shared && other.shared)) return true;
  }
  return false;
}
