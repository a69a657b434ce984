/** What the program says of a class, and the check of it. */
import { mistyped } from '../platform/describe.js';
import { noteUnknown } from '../platform/unknown-options.js';

/**
 * Options of a class: what is legal among its locks, and how closely they are followed. `L` is the type of the locks, as `order`
 * gets them.
 *
 * @example
 * ```ts
 * const options: LockClassOptions<Mutex & { id: number }> = { order: (held, wanted) => held.id - wanted.id };
 * const accounts = new LockClass('accounts', options);
 * ```
 */
export interface LockClassOptions<L = never> {
  /**
   * Nesting of two locks of this class is legal if and only if `order(held, wanted) < 0`. One that throws counts as not legal, and
   * is shown in a process warning.
   *
   * @default undefined: one may be taken under another one as a subclass or under a nest lock, and not else
   */
  order?: ((held: L, wanted: L) => number) | undefined;
  /**
   * false: the locks are listed as held, but their order is neither learned nor checked.
   *
   * @default true
   */
  validate?: boolean | undefined;
  /**
   * false: the locks are not followed at all.
   *
   * @default true
   */
  track?: boolean | undefined;
  /**
   * Of locks with several permits: at most `holders` flows at once nest up to `depth` permits deep. Legal where a lock has
   * at least holders * (depth - 1) + 1 permits. Deeper nesting, and more nested flows, are reported.
   *
   * @default undefined: nesting permits of one class is reported
   */
  nest?: Nest | undefined;
}

/** How deep how many flows nest permits of one class. */
interface Nest {
  /** Permits that one flow holds at once; at least 2. */
  readonly depth: number;
  /** Flows that nest them at once; at least 1. */
  readonly holders: number;
}

/** The names of the options there are. */
export const CLASS_OPTIONS: readonly string[] = ['order', 'validate', 'track', 'nest'];
const NEST_KNOWN: readonly string[] = ['depth', 'holders'];

export function checkedOptions(options: LockClassOptions): LockClassOptions {
  if (typeof options !== 'object' || options === null) {
    throw mistyped('lock class options', 'an object', options);
  }
  noteUnknown(options, 'a lock class', CLASS_OPTIONS);
  if (options.order !== undefined && typeof options.order !== 'function') {
    throw mistyped('lock class option order', 'a function', options.order);
  }
  for (const flag of ['validate', 'track'] as const) {
    const value = options[flag];
    if (value !== undefined && typeof value !== 'boolean') {
      throw mistyped(`lock class option ${flag}`, 'a boolean', value);
    }
  }
  if (options.nest === undefined) return { ...options };
  return { ...options, nest: checkedNest(options.nest) };
}

function checkedNest(nest: unknown): Nest {
  if (typeof nest !== 'object' || nest === null) {
    throw mistyped('lock class option nest', 'an object', nest);
  }
  noteUnknown(nest, 'the lock class option nest', NEST_KNOWN);
  const { depth, holders } = nest as Nest;
  for (const [field, value, least] of [
    ['depth', depth, 2],
    ['holders', holders, 1],
  ] as const) {
    const what = `lock class option nest.${field}`;
    if (typeof value !== 'number') throw mistyped(what, 'a number', value);
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(`${what} must be an integer of at least ${least}, got ${value}`);
    }
  }
  return { depth, holders };
}
