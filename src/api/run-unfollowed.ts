/** A task while nothing is followed. */
import { builtin } from '../platform/builtin.js';
import { NativePromise } from '../platform/intrinsics.js';

const types = builtin<typeof import('node:util')>('util')?.types;

/** While nothing is followed: the result comes in as many turns as when it is. */
export function runUnfollowed<T>(fn: () => T): T {
  const result = fn();
  return isPlainPromise(result) ? (passedOn(result) as T) : result;
}

async function passedOn(result: Promise<unknown>): Promise<unknown> {
  return await result;
}

/** A subclass has more to it than an outcome. */
function isPlainPromise(value: unknown): value is Promise<unknown> {
  const isPromise = types === undefined ? value instanceof NativePromise : types.isPromise(value);
  return isPromise && Object.getPrototypeOf(value) === NativePromise.prototype;
}
