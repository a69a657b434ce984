/**
 * Work that the validator does not follow.
 *
 * What waits for its turn is one record, the promise of its result, and an AsyncResource, which brings the AsyncLocalStorage
 * contexts of whoever submitted it: 50 ns while there are none, and the same contexts as an `await` would bring.
 */
import type { AsyncResource } from 'node:async_hooks';
import { builtin } from '../../platform/builtin.js';
import { NativePromise, ready } from '../../platform/intrinsics.js';

import { Work } from './work.js';

const RESOURCE = { requireManualDestroy: true };

/** undefined where the runtime has no contexts to bring along. */
const Resource = builtin<typeof import('node:async_hooks')>('async_hooks')?.AsyncResource;

/** Where `executor` puts what it is given: a closure for each promise would cost as much as the promise. */
let lastResolve: (value: unknown) => void;
let lastReject: (reason: unknown) => void;
const executor = (resolve: (value: unknown) => void, reject: (reason: unknown) => void): void => {
  lastResolve = resolve;
  lastReject = reject;
};

export class PlainWork<T = unknown> extends Work<T> {
  resource: AsyncResource | undefined = undefined;
  resolve: ((value: unknown) => void) | undefined = undefined;
  reject: ((reason: unknown) => void) | undefined = undefined;

  /** The promise of the result of work whose turn is still to come. */
  later(): Promise<T> {
    if (Resource !== undefined) this.resource = new Resource('lockdep.WorkQueue', RESOURCE);
    const promise = new NativePromise<unknown>(executor) as Promise<T>;
    this.resolve = lastResolve;
    this.reject = lastReject;
    return promise;
  }

  /** The same for work that has a slot already. In as many turns as `execute`. */
  async now(): Promise<T> {
    await ready;
    try {
      return await this.start();
    } finally {
      this.queue.finished(this);
    }
  }

  override begin(): void {
    // It never rejects: what goes wrong is the caller's.
    if (this.resource === undefined) void execute(this);
    else void this.resource.runInAsyncScope(execute, undefined, this);
  }

  override refuse(reason: unknown): void {
    // In as many turns as work whose turn is a promise.
    const { reject } = this;
    void ready.then(() => reject?.(reason));
  }
}

/** The slot goes on before the caller hears of the result. */
async function execute(work: PlainWork): Promise<void> {
  await ready;
  let result: unknown;
  try {
    result = await work.start();
  } catch (error) {
    work.queue.finished(work);
    work.reject?.(error);
    return;
  }
  work.queue.finished(work);
  work.resolve?.(result);
}
