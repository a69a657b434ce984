/**
 * Lock classes: what the validator learns orders between. All locks of one class obey one order.
 *
 * Invariant: an id belongs to one class for the life of the process and is never reused, so a stale id can not alias a
 * newer class. Cost: O(1) for everything but `dispose`, which is linear in the edges of the class.
 */
import { describe } from '../platform/describe.js';
import { plain } from '../platform/plain-text.js';
import { claimName, isFull, table as anyTable, type ClassTable } from './class-table.js';
import { sharedState } from '../platform/shared-state.js';
import { noteUnknown } from '../platform/unknown-options.js';

/** Any lock of this package. */
export interface AnyLock {
  /** The class whose order this lock obeys. */
  readonly lockClass: LockClass;
  /** Gives the lock another class; a string is `lockClass(string)`. */
  setClass(lockClass: LockClass | string): void;
}

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
   * true: a flow may take an instance that it holds already, as far as the validator is concerned.
   *
   * @default false
   */
  reentrant?: boolean | undefined;
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

/** Raw construction position, named only when somebody reads the name (source maps are slow to load). */
export interface ConstructionSite {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** @internal How a raw position is printed; the report layer installs its source-map aware version. */
export const sitePrinter: { print: (site: ConstructionSite) => string } = sharedState('lockdep.sites.1', () => ({
  print: (site: ConstructionSite) => `${site.file}:${site.line}:${site.column}`,
}));

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
  readonly id: number;
  /** @internal */
  options: LockClassOptions;
  /** @internal The class that this one is a subclass of, if any. */
  readonly base: LockClass | undefined;
  /** @internal Which of its base's subclasses it is. */
  readonly level: number | string | undefined;
  /** @internal Where its locks are constructed, for a class that is a construction site. */
  readonly site: ConstructionSite | undefined;
  /** @internal Is it a guess, made from the place of construction, and no class that the program named? Of a subclass: its base. */
  readonly isByPlace: boolean;
  /** @internal Locks that have ever had this class as their own. */
  locks = 0;
  #name: string | undefined;
  /** As it was asked for, by which `lockClass` finds it. */
  #asked: string | undefined;
  #subclasses: Map<number | string, LockClass> | undefined;

  #isKept = false;

  /**
   * Makes a new class, even when the name is taken: reports then print `name#2`.
   *
   * @throws {TypeError} when the name is no string, or an option is not of its type
   * @throws {RangeError} when the name is empty, or a number of `nest` is too small
   */
  constructor(name: string, options: LockClassOptions<L> = {}) {
    const made = constructing;
    constructing = undefined;
    if (made === undefined) this.#asked = checkedName(name);
    const checked = made?.base?.options ?? checkedOptions(options);
    this.id = table.nextId++;
    this.base = made?.base;
    this.level = made?.level;
    this.site = made?.site;
    this.isByPlace = made?.base?.isByPlace ?? made?.site !== undefined;
    this.options = checked;
    if (made === undefined) this.#name = claimName(this, plain(name));
    else if (made.site === undefined) this.#name = plain(name);
    else this.#kind = name;
  }

  #kind = '';

  /** As printed in reports: unique in the process, and plain text. Ids and fields of reports are made of it. */
  get name(): string {
    this.#name ??= claimName(this, `${this.#kind}@${plain(sitePrinter.print(this.site as ConstructionSite))}`);
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
    const known = this.#subclasses?.get(level);
    if (known !== undefined) return known;
    if (isFull()) return beyond();
    constructing = { base: this, level, site: undefined };
    const made = new LockClass(`${this.name}/${level}`).keep();
    (this.#subclasses ??= new Map()).set(level, made);
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
    for (const subclass of this.#subclasses?.values() ?? []) subclass.dispose();
    this.#subclasses = undefined;
    if (this.#asked !== undefined && table.named.get(this.#asked) === this) table.named.delete(this.#asked);
    if (this.site !== undefined) table.bySite.delete(siteKey(this.site, this.#kind));
    if (this.#isKept) table.kept -= 1;
    this.#isKept = false;
    for (const listener of table.disposeListeners) listener(this);
  }

  /** @internal It is to be found again. */
  keep(): this {
    this.#isKept = true;
    table.kept += 1;
    return this;
  }

  /** @internal There are too many to check: from now on listed as held, as if it had been made so. */
  leaveUnchecked(): void {
    this.options = { ...this.options, validate: false };
  }

  /** @internal All classes below this one. */
  *descendants(): Generator<LockClass, void, undefined> {
    for (const subclass of this.#subclasses?.values() ?? []) {
      yield subclass;
      yield* subclass.descendants();
    }
  }

  /** @internal */
  get [BRAND](): true {
    return true;
  }

  /** Also true for a class of another copy of this package. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

let constructing:
  | { base: LockClass | undefined; level: number | string | undefined; site: ConstructionSite | undefined }
  | undefined;

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
  const found = table.named.get(checkedName(name));
  if (found === undefined) {
    if (isFull()) return beyond();
    const made = new LockClass(name, options).keep();
    table.named.set(name, made);
    return made;
  }
  if (options !== undefined) {
    const differing = differingOptions(found.options, checkedOptions(options));
    if (differing.length > 0) {
      for (const tell of table.conflictListeners) tell(found, differing, lockClass as unknown as () => void);
    }
  }
  return found;
}

const DEFAULTS: LockClassOptions = { validate: true, track: true, reentrant: false };

/** Those of the options asked for that are not those there are. Two functions of one text are one comparator. */
function differingOptions(there: LockClassOptions, asked: LockClassOptions): string[] {
  const text = (options: LockClassOptions, key: keyof LockClassOptions): string => {
    const value = options[key] ?? DEFAULTS[key];
    if (typeof value === 'function') return Function.prototype.toString.call(value);
    return typeof value === 'object' ? `${value.holders} ${value.depth}` : String(value);
  };
  const keys = Object.keys(asked) as (keyof LockClassOptions)[];
  return keys.filter((key) => asked[key] !== undefined && text(there, key) !== text(asked, key));
}

/** @internal The class of all locks that are constructed at one place in the source. */
export function classOfSite(site: ConstructionSite, kind: string): LockClass {
  const key = siteKey(site, kind);
  let found = table.bySite.get(key);
  if (found === undefined) {
    if (isFull()) return beyond();
    constructing = { base: undefined, level: undefined, site };
    found = new LockClass(kind).keep();
    table.bySite.set(key, found);
  }
  return found;
}

/** The one class that stands for all those that are asked for when there are too many. It is not checked. */
function beyond(): LockClass {
  table.beyond ??= new LockClass('(beyond MAX_KEPT_CLASSES)', { validate: false });
  return table.beyond;
}

function siteKey(site: ConstructionSite, kind: string): string {
  return `${kind}@${withoutQuery(site.file)}:${site.line}:${site.column}`;
}

/** Loaders tell reloads of one module by its query. */
function withoutQuery(file: string): string {
  const query = file.startsWith('file:') ? file.indexOf('?') : -1;
  return query === -1 ? file : file.slice(0, query);
}

function checkedName(name: unknown): string {
  if (typeof name !== 'string') throw new TypeError(`lock class name must be a string, got ${describe(name)}`);
  if (name === '') throw new RangeError("lock class name must not be empty, got ''");
  return name;
}

function checkLevel(level: unknown): void {
  if (typeof level === 'string' && level !== '') return;
  if (typeof level === 'number' && Number.isInteger(level) && level >= 0) return;
  if (typeof level === 'number') throw new RangeError(`subclass level must be a non-negative integer, got ${level}`);
  throw new TypeError(`subclass level must be an integer or a non-empty string, got ${describe(level)}`);
}

const KNOWN: ReadonlySet<string> = new Set(['order', 'validate', 'track', 'reentrant', 'nest']);
const NEST_KNOWN: ReadonlySet<string> = new Set(['depth', 'holders']);

function checkedOptions(options: LockClassOptions): LockClassOptions {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`lock class options must be an object, got ${describe(options)}`);
  }
  noteUnknown(options, KNOWN, 'a lock class');
  if (options.order !== undefined && typeof options.order !== 'function') {
    throw new TypeError(`lock class option order must be a function, got ${describe(options.order)}`);
  }
  for (const flag of ['validate', 'track', 'reentrant'] as const) {
    const value = options[flag];
    if (value !== undefined && typeof value !== 'boolean') {
      throw new TypeError(`lock class option ${flag} must be a boolean, got ${describe(value)}`);
    }
  }
  if (options.nest === undefined) return { ...options };
  return { ...options, nest: checkedNest(options.nest) };
}

function checkedNest(nest: unknown): Nest {
  if (typeof nest !== 'object' || nest === null) {
    throw new TypeError(`lock class option nest must be an object, got ${describe(nest)}`);
  }
  noteUnknown(nest, NEST_KNOWN, 'the lock class option nest');
  const { depth, holders } = nest as Nest;
  for (const [field, value, least] of [
    ['depth', depth, 2],
    ['holders', holders, 1],
  ] as const) {
    const what = `lock class option nest.${field}`;
    if (typeof value !== 'number') throw new TypeError(`${what} must be a number, got ${describe(value)}`);
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(`${what} must be an integer of at least ${least}, got ${value}`);
    }
  }
  return { depth, holders };
}
