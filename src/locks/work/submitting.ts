/** The ways into a work queue: a run with its result, and an item that may be pending already. */
import { NativePromise } from '../../platform/intrinsics.js';
import { QueueClosedError } from '../../errors.js';
import { refusalOf } from '../abort-listeners.js';
import type { Below, Milliseconds, Submission } from '../observed.js';
import type { ItemCore } from './item-core.js';
import { PlainWork } from './plain-work.js';
import type { QueueCore } from './queue-core.js';
import { CANCELLED, type Work, type WorkFunction } from './work.js';

/** Called with the error of a run of an item that has no caller to go to, and the item. */
export type OnItemError = (error: unknown, item: object) => void;

/** By itself, or by whoever looks on: the place in the queue is the same. */
export function submit<T>(queue: QueueCore, submission: Submission<T, ItemCore>, below: Below): Promise<T> {
  const { signal, item } = submission;
  const refusal = refusalOf(signal);
  if (refusal !== undefined) return NativePromise.reject(refusal.reason);
  if (queue.closed && item?.runningWork?.queue !== queue) return NativePromise.reject(new QueueClosedError());
  const { observer } = queue.world;
  return observer === undefined ? submitUnobserved(queue, submission) : observer.submitted(queue, submission, below);
}

export function submitUnobserved<T>(queue: QueueCore, submission: Submission<T, ItemCore>): Promise<T> {
  const plain = new PlainWork(queue, submission.fn, submission.priority, submission.signal, submission.item);
  return admitted(queue, plain, submission.delay, (hasSlot) => (hasSlot ? plain.now() : plain.later()));
}

/** Work whose signal or timer fails is not taken in, and leaves nothing behind. */
export function admitted<T>(
  queue: QueueCore,
  work: Work<T>,
  delay: Milliseconds,
  begin: (hasSlot: boolean) => Promise<T>,
): Promise<T> {
  const { item } = work;
  const refusal = queue.heed(work);
  if (refusal !== undefined) return NativePromise.reject(refusal.reason);
  if (item !== undefined) item.pendingWork = work;
  let hasSlot: boolean;
  try {
    hasSlot = queue.admit(work, delay);
  } catch (error) {
    work.over();
    throw error;
  }
  return begin(hasSlot);
}

/** The same for nothing but a function, while nothing is followed. */
export function submitPlain<T>(queue: QueueCore, fn: WorkFunction<T>): Promise<T> {
  const work = new PlainWork(queue, fn, 0, undefined, undefined);
  return queue.admit(work, 0) ? work.now() : work.later();
}

/** False: it is pending already, or being cancelled. */
export function enqueueItem(queue: QueueCore, item: ItemCore, onError: OnItemError | undefined, below: Below): boolean {
  if (!item.accepts) return false;
  if (queue.closed && item.runningWork?.queue !== queue) throw new QueueClosedError();
  const submission: Submission<unknown, ItemCore> = {
    fn: item.fn,
    priority: 0,
    signal: undefined,
    delay: 0,
    lockClass: undefined,
    name: undefined,
    item,
  };
  void submit(queue, submission, below).then(undefined, (error: unknown) => {
    if (error === CANCELLED) return;
    // Without a handler it is an unhandled rejection, as that of any promise that nobody looks at.
    if (onError === undefined) throw error;
    onError(error, item.owner);
  });
  return true;
}
