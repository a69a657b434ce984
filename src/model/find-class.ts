/**
 * Classes by their names, as the program asks for them. O(1).
 *
 * Loading this file has options checked wherever a class is made, by any copy of the package: without it there is no public name
 * by which a program could give any.
 */
import { CLASS_OPTIONS, checkedOptions, type LockClassOptions } from './class-options.js';
import { table as anyTable, type ClassTable } from './class-table.js';
import { namedClass, type AnyLock, type LockClass } from './lock-class.js';

const table = anyTable as ClassTable<LockClass>;

table.checkedOptions = checkedOptions;

/**
 * Returns the one class of that name in this process: created once, then found. Options count only when it is created; others
 * are reported when they are asked for later (`class-conflict`).
 *
 * @throws {TypeError} when the name is no string, or an option is not of its type
 * @throws {RangeError} when the name is empty, or a number of `nest` is too small
 *
 * @example
 * ```ts
 * const mutex = new Mutex({ class: lockClass('accounts') });
 * console.log(mutex.lockClass === new Mutex({ class: 'accounts' }).lockClass); // true
 * ```
 */
export function lockClass<L = AnyLock>(name: string, options?: LockClassOptions<L>): LockClass<L> {
  const found = table.named.get(name);
  if (found === undefined || options === undefined) return namedClass(name, options);
  const differing = differingOptions(found.options, checkedOptions(options));
  if (differing.length > 0) {
    for (const listener of table.listeners) listener.conflict?.(found, differing, lockClass as unknown as () => void);
  }
  return found;
}

const DEFAULTS: LockClassOptions = { validate: true, track: true };

/** Those of the options asked for that are not those there are; what is no option counts for nothing. Two functions of one text are one comparator. */
function differingOptions(there: LockClassOptions, asked: LockClassOptions): string[] {
  const text = (options: LockClassOptions, key: keyof LockClassOptions): string => {
    const value = options[key] ?? DEFAULTS[key];
    if (typeof value === 'function') return Function.prototype.toString.call(value);
    return typeof value === 'object' ? `${value.holders} ${value.depth}` : String(value);
  };
  const keys = CLASS_OPTIONS as (keyof LockClassOptions)[];
  return keys.filter((key) => asked[key] !== undefined && text(there, key) !== text(asked, key));
}
