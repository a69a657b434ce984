/**
 * Lock classes: what the validator learns orders between. All locks of one class obey one order.
 *
 * Invariant: an id belongs to one class for the life of the process and is never reused, so a stale id can not alias a
 * newer class. Cost: O(1) for everything but `dispose`, which is linear in the edges of the class.
 */
import { isObject, mistyped } from '../platform/describe.js';
import { plain } from '../platform/plain-text.js';
import type { LockClassOptions } from './class-options.js';
import { claimName, isFull, table as anyTable, type ClassTable } from './class-table.js';

/** Any lock of this package. */
export interface AnyLock {
  /** The class whose order this lock obeys. */
  readonly lockClass: LockClass;
  /** Gives the lock another class; a string is `lockClass(string)`. */
  setClass(lockClass: LockClass | string): void;
}

/** Raw construction position, named only when somebody reads the name (source maps are slow to load). */
export interface ConstructionSite {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What a class by place has of its place. */
export interface ClassPlace {
  readonly site: ConstructionSite;
  /** A name for it, in plain text. */
  print(): string;
  /** The class is disposed of: the next one of the place is another. */
  forget(): void;
}

const table = anyTable as ClassTable<LockClass>;

const BRAND = Symbol.for('lockdep.LockClass');

/**
 * A class of locks, all of which obey one order: what the validator learns orders between. `L` is the type of the locks, as the
 * option `order` gets them; locks of any type may be of any class.
 *
 * @example
 * ```ts
 * type Account = Mutex & { readonly id: number };
 * const accounts = new LockClass<Account>('accounts', { order: (held, wanted) => held.id - wanted.id });
 * const openAccount = (id: number): Account => Object.assign(new Mutex({ class: accounts }), { id });
 *
 * const [first, second] = [openAccount(1), openAccount(2)];
 * await first.runExclusive(() => second.runExclusive(() => 'legal: from the lower id to the higher'));
 * ```
 */
export class LockClass<L = AnyLock> {
  /** @internal */
  declare readonly id: number;
  /** @internal */
  declare options: LockClassOptions;
  /** @internal The class that this one is a subclass of, if any. */
  declare readonly base: LockClass | undefined;
  /** @internal Which of its base's subclasses it is. */
  declare readonly level: number | string | undefined;
  /** @internal Is it a guess, made from the place of construction, and no class that the program named? Of a subclass: its base. */
  declare readonly isByPlace: boolean;
  /** @internal Locks that have ever had this class as their own. */
  locks = 0;
  #name: string | undefined;
  /** As it was asked for, by which `lockClass` finds it. */
  #asked: string | undefined;
  /** @internal Those there are by now, by their levels. */
  declare subclasses: Map<number | string, LockClass> | undefined;

  readonly #place: ClassPlace | undefined;
  #isKept = false;

  /**
   * Makes a new class, even when the name is taken: reports then print `name#2`.
   *
   * @throws {TypeError} when the name is no string, or an option is not of its type
   * @throws {RangeError} when the name is empty, or a number of `nest` is too small
   */
  constructor(name: string, options: LockClassOptions<L> = {}) {
    const origin = constructing;
    constructing = undefined;
    if (origin === undefined) this.#asked = checkedName(name);
    this.options = origin?.base?.options ?? table.checkedOptions(options);
    this.id = table.nextId++;
    this.base = origin?.base;
    this.level = origin?.level;
    this.#place = origin?.place;
    this.isByPlace = this.base?.isByPlace ?? this.#place !== undefined;
    if (origin === undefined) this.#name = claimName(this, plain(name));
    else if (this.#place === undefined) this.#name = plain(name);
  }

  /** @internal Where its locks are constructed, for a class that is a construction site. */
  get site(): ConstructionSite | undefined {
    return this.#place?.site;
  }

  /** As printed in reports: unique in the process, and plain text. Ids and fields of reports are made of it. */
  get name(): string {
    this.#name ??= claimName(this, (this.#place as ClassPlace).print());
    return this.#name;
  }

  /**
   * Returns the subclass of that level, the same object every time: a class of its own in the order, printed as `name/level`.
   * `subclass(0)` is the class itself. For one acquisition the option `subclass` does the same.
   *
   * @throws {TypeError} when the level is neither a number nor a string with something in it
   * @throws {RangeError} when the level is a number below 0, or no whole one
   *
   * @example
   * ```ts
   * const folders = new LockClass('folder');
   * const parent = new Mutex({ class: folders });
   * const child = new Mutex({ class: folders.subclass('child') });
   * await parent.runExclusive(() => child.runExclusive(() => 'legal: from folder to folder/child'));
   * ```
   */
  subclass(level: number | string): LockClass<L> {
    checkLevel(level);
    if (level === 0) return this;
    const known = this.subclasses?.get(level);
    if (known !== undefined) return known;
    if (isFull()) return beyond();
    const made = makeClass(`${this.name}/${level}`, { base: this, level });
    (this.subclasses ??= new Map()).set(level, made);
    return made;
  }

  /**
   * Forgets the class: what was learned about it, its subclasses and its name. Locks that still carry it teach its order anew. For
   * classes that come and go, such as one for each tenant.
   *
   * @example
   * ```ts
   * const tenant = new LockClass('tenant 7');
   * const mutex = new Mutex({ class: tenant });
   * await mutex.runExclusive(() => 'the last work of this tenant');
   * tenant.dispose();
   * ```
   */
  dispose(): void {
    for (const [, subclass] of this.subclasses ?? []) subclass.dispose();
    this.subclasses = undefined;
    if (this.#asked !== undefined && table.named.get(this.#asked) === this) table.named.delete(this.#asked);
    this.#place?.forget();
    if (this.#isKept) table.kept -= 1;
    this.#isKept = false;
    for (const listener of table.listeners) listener.disposed?.(this);
  }

  /** @internal It is to be found again. */
  keep(): this {
    this.#isKept = true;
    table.kept += 1;
    return this;
  }

  /** @internal */
  get [BRAND](): true {
    return true;
  }

  /** Also true for a class of another copy of this package. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return isObject(value) && BRAND in value;
  }
}

/** Of a class that is not made by its name alone: what it is a subclass of, or whose place it stands for. */
interface Origin {
  readonly base?: LockClass;
  readonly level?: number | string;
  readonly place?: ClassPlace;
}

let constructing: Origin | undefined;

/** @internal A class that is to be found again, and not by its name. */
export function makeClass(name: string, origin: Origin): LockClass {
  constructing = origin;
  return new LockClass(name).keep();
}

/** The class of that name, made if need be. */
export function namedClass(name: string, options?: LockClassOptions): LockClass {
  const found = table.named.get(checkedName(name));
  if (found !== undefined) return found;
  if (isFull()) return beyond();
  const made = new LockClass(name, options).keep();
  table.named.set(name, made);
  return made;
}

/** @internal The one class that stands for all those that are asked for when there are too many. It is not checked. */
export function beyond(): LockClass {
  return (table.beyond ??= new LockClass('(beyond MAX_KEPT_CLASSES)', { validate: false }));
}

function checkedName(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  throw mistyped('lock class name', 'a non-empty string', name, 'string');
}

function checkLevel(level: unknown): void {
  const isLevel = typeof level === 'string' ? level !== '' : Number.isInteger(level) && (level as number) >= 0;
  if (!isLevel) throw mistyped('subclass level', 'a non-negative integer or a non-empty string', level, 'number');
}
