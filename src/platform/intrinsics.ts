/**
 * The language's own constructors, as they were when this module was loaded. A program may replace the global ones later, by
 * classes of its own or of a library; the locks go on with these.
 *
 * Async functions make promises of this class whatever is global, also where another one was global before.
 */

const ofAsyncFunction = Object.getPrototypeOf((async () => undefined)()) as {
  readonly constructor: PromiseConstructor;
};

export const NativePromise: PromiseConstructor = ofAsyncFunction.constructor;

/** `NativePromise.resolve`; bound, since V8 builds the promise in place only where it knows the constructor for certain. */
export const resolved: PromiseConstructor['resolve'] = NativePromise.resolve.bind(NativePromise);

/** Awaited for one microtask turn. A constant: awaiting a plain value would make V8 tell the hooks a wrong parent. */
export const ready: Promise<void> = resolved();

export const NativeError: ErrorConstructor = Error;
