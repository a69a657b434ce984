/**
 * Who awaits a wait that goes on, at any time: V8 lists on the stack of an async function who awaits what that will settle.
 *
 * Invariant: the wait is as before, and no turn of the program's is another. Cost: three turns and a stack for each look. A caller must
 * bound how many it looks at.
 */
import { HELD, isScope, WAITING, type Hold } from '../model/hold.js';
import { captureFrames, type CapturedFrame } from '../platform/captured-frame.js';
import { NativePromise, ready } from '../platform/intrinsics.js';
import type { Pending } from '../validator/pending.js';

/** The functions that settle the promise of a wait. */
interface Settlers {
  readonly resolve: ((value: never) => void) | undefined;
  readonly reject: ((reason: unknown) => void) | undefined;
}

/** Who awaits the wait, innermost first, three turns from now. Empty where that can not be seen. */
export function stackOf(wait: Hold): Promise<readonly CapturedFrame[]> {
  return new NativePromise((found) => {
    const { resolve, reject } = (wait.waiter ?? {}) as Partial<Settlers>;
    if (wait.state !== WAITING || typeof resolve !== 'function') found([]);
    else void look(found).then(resolve, reject);
  });
}

/** Looks at who awaits those of `waits` of which that is in question and was not seen yet, at most so many: the locks under them were taken by calls. */
export async function seeAwaiters(waits: readonly Hold[], most: number): Promise<void> {
  const unseen = waits.filter(isInQuestion).slice(0, most);
  const looks = unseen.map((wait) => ({ wait, stack: stackOf(wait) }));
  for (const { wait, stack } of looks) {
    const seen = await stack;
    const pending = wait.asked.pending as Pending | undefined;
    if (pending !== undefined) pending.probed ??= seen;
  }
}

/** Whether there is anything for `seeAwaiters` to look at. */
export function areUnseen(waits: readonly Hold[]): boolean {
  return waits.some(isInQuestion);
}

function isInQuestion({ state, asked }: Hold): boolean {
  const pending = asked.pending as Pending | undefined;
  if (state !== WAITING || pending === undefined || pending.probed !== undefined) return false;
  return pending.open.some((hold) => hold.state === HELD && !isScope(hold.kind));
}

/** Its result would settle the wait: so its stack goes on with those who await that. It has none. The third turn lets a rule that
 * refuses the attempt do so first.
 */
async function look(found: (stack: readonly CapturedFrame[]) => void): Promise<never> {
  await ready;
  await ready;
  await ready;
  found(captureFrames(look));
  return await new NativePromise<never>(() => undefined);
}
