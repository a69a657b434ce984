/**
 * Random async programs as data: what a program of the fuzz test may contain.
 *
 * A program is a tree of statements. `source.ts` turns it into JavaScript with a function for each child, `run.ts` runs
 * it, `shrink.ts` makes it smaller. Every tree is a valid program, and none can deadlock: a lock is known by its place
 * in the tree and the path of calls to it, so whoever waits holds only locks that come before the wanted one.
 */

/** How the releaser gets to the function that uses it. */
export const VIAS = [
  'direct',
  'guard',
  'async1',
  'async2',
  'async3',
  'early1',
  'late1',
  'late2',
  'late3',
  'promise',
  'plain',
  'plain2',
  'tail2',
  'then',
  'thenAsync',
  'finally',
  'ctor',
  'ctorCallback',
  'all',
  'allSettled',
  'any',
  'race',
  'thenable',
  'subclass',
  'awaiter',
  'field',
  'fieldLate',
] as const;
export type Via = (typeof VIAS)[number];

/** How the promise of the releaser is awaited. */
export const HANDS = ['await', 'later', 'twice', 'second', 'catch', 'then'] as const;
export type Hand = (typeof HANDS)[number];

/** What kind of function the body of a child becomes. */
export const FLAVOURS = ['async', 'arrow', 'method', 'inline', 'awaiter', 'drained'] as const;
export type Flavour = (typeof FLAVOURS)[number];

/** What stands between the promise of a child and who awaits it. */
export const SHAPES = [
  'call',
  'plain',
  'wrapped',
  'then',
  'thenCall',
  'finally',
  'ctor',
  'ctorAsync',
  'timer',
  'emitter',
  'thenable',
  'subclass',
  'bind',
  'snapshot',
  'passed',
  'retried',
] as const;
export type Shape = (typeof SHAPES)[number];

/** How a child is awaited. */
export const ATTACHED = ['await', 'return', 'twice', 'second', 'later', 'deferred', 'posted', 'postedBind'] as const;
export type Attached = (typeof ATTACHED)[number];

/** How a child is started that nobody here awaits. */
export const DETACHED = [
  'void',
  'push',
  'timeout',
  'immediate',
  'nextTick',
  'microtask',
  'thenVoid',
  'emit',
  'post',
  'postBind',
  'postSnapshot',
  'background',
  'backgroundLate',
] as const;
export type Detached = (typeof DETACHED)[number];
export type Join = Attached | Detached;

export function isDetached(join: Join): join is Detached {
  return (DETACHED as readonly string[]).includes(join);
}

export const TICKS = ['null', 'micro', 'turn', 'timer', 'call'] as const;
export const WORKS = ['body', 'call', 'scope', 'then', 'utility', 'utilityScope'] as const;
export const RIVALS = ['none', 'inside', 'outside'] as const;
export const CALLBACKS = ['async', 'plain', 'sync', 'throws'] as const;
export const COMBINATORS = ['all', 'allSettled', 'any', 'race'] as const;
export const PAIRS = ['direct', 'helper', 'all', 'allHelpers', 'concurrent'] as const;
export const KEEPERS = ['function', 'then', 'thenPlain', 'scope'] as const;
export const HANDOFFS = ['variable', 'timer', 'give', 'transfer', 'transferTimer', 'transferGive'] as const;

/** 'own': one lock for each path of calls. 'level': one for each number of callers that wait. Else a shared name. */
export type LockName = string;
export type Block = readonly Stmt[];

export interface Work {
  /**
   * body: a function of its own. call: a shared function. scope: `runExclusive`. then: `acquire().then(...)`. utility: a
   * function for all that takes the lock around a callback.
   */
  readonly work: (typeof WORKS)[number];
  readonly flavour: Flavour;
  /** Which shared function. */
  readonly fn: number;
  readonly lock: LockName;
  readonly shape: Shape;
  readonly body: Block;
}

export interface Part extends Work {
  readonly kind: 'part';
}

export interface Tick {
  readonly kind: 'tick';
  readonly how: (typeof TICKS)[number];
  readonly times: number;
}
export interface Take {
  readonly kind: 'take';
  readonly lock: LockName;
  readonly via: Via;
  readonly hand: Hand;
  /** Does the helper exist once for each place, or once for all? */
  readonly ownHelper: boolean;
  readonly safe: boolean;
  readonly rival: (typeof RIVALS)[number];
  readonly body: Block;
}
export interface ScopeStmt {
  readonly kind: 'scope';
  readonly lock: LockName;
  readonly callback: (typeof CALLBACKS)[number];
  readonly rival: (typeof RIVALS)[number];
  readonly body: Block;
}
export interface Try {
  readonly kind: 'try';
  readonly lock: LockName;
  readonly guard: boolean;
  readonly body: Block;
}
/** Two locks; the first may be released before the second. */
export interface Pair {
  readonly kind: 'pair';
  readonly how: (typeof PAIRS)[number];
  readonly fifo: boolean;
  readonly body: Block;
  /** Runs between the two releases. */
  readonly tail: Block;
}
export interface Child extends Work {
  readonly kind: 'child';
  readonly join: Join;
  /** Runs while a child that is awaited later is under way. */
  readonly between: Block;
  /** For `deferred`: what the child does after its signal. */
  readonly after: Block;
}
export interface Group {
  readonly kind: 'group';
  readonly how: (typeof COMBINATORS)[number];
  readonly join: 'await' | 'later' | 'void';
  readonly parts: readonly Part[];
  readonly between: Block;
}
export interface Loop {
  readonly kind: 'loop';
  readonly times: number;
  readonly body: Block;
}
/** `for await` over a generator that holds a lock across its yields. */
export interface Yielding {
  readonly kind: 'yielding';
  readonly lock: LockName;
  readonly times: number;
  readonly late: boolean;
  readonly stops: boolean;
  readonly body: Block;
}
/** Another flow takes a lock, signals, and keeps it; the body runs after the signal. */
export interface Signal {
  readonly kind: 'signal';
  readonly keeper: (typeof KEEPERS)[number];
  readonly via: Via;
  /** Does it keep the lock until the body has run (then it waits for the body), or just for a while? */
  readonly waits: boolean;
  readonly turns: number;
  readonly body: Block;
}
/** A lock that another flow releases. */
export interface Handoff {
  readonly kind: 'handoff';
  readonly how: (typeof HANDOFFS)[number];
  readonly lock: LockName;
  readonly body: Block;
  /** What the other flow does with the lock, for `give`. */
  readonly after: Block;
}
/** `try { return f(); } finally { release(); }`: not awaited, so f runs on without the lock. */
export interface Leaky {
  readonly kind: 'leaky';
  readonly lock: LockName;
  readonly body: Block;
}
/** A wait that is given up; the body runs without the lock. */
export interface Abort {
  readonly kind: 'abort';
  readonly how: 'signal' | 'timeout';
  readonly body: Block;
}
/** In a recursive function: other statements at every other depth. */
export interface Branch {
  readonly kind: 'branch';
  readonly yes: Block;
  readonly no: Block;
}
/** A child that throws when its body is done. */
export interface Fails {
  readonly kind: 'fails';
  readonly body: Block;
}
export type Stmt =
  | Tick
  | Take
  | ScopeStmt
  | Try
  | Pair
  | Child
  | Group
  | Loop
  | Yielding
  | Signal
  | Handoff
  | Leaky
  | Abort
  | Branch
  | Fails;

export interface Program {
  readonly main: Block;
  /** Functions that call each other and themselves. */
  readonly shared: readonly Block[];
  /** As minified code: positions differ in columns only. */
  readonly oneLine: boolean;
  /** Do the flows that run posted jobs hold locks of their own meanwhile? */
  readonly workerLock: boolean;
}

/** How deep shared functions call each other. */
export const MAX_DEPTH = 3;

const NO_WORK = { work: 'body', flavour: 'async', fn: 0, lock: 'own', shape: 'call', body: [] } as const;

/** Statements with everything but what is given as plain as possible. */
export const make = {
  program: (main: Block, rest: Partial<Program> = {}): Program => ({
    main,
    shared: [],
    oneLine: false,
    workerLock: false,
    ...rest,
  }),
  tick: (how: Tick['how'] = 'turn', times = 1): Tick => ({ kind: 'tick', how, times }),
  take: (lock: LockName, body: Block = [], rest: Partial<Take> = {}): Take => ({
    kind: 'take',
    lock,
    via: 'direct',
    hand: 'await',
    ownHelper: true,
    safe: false,
    rival: 'none',
    body,
    ...rest,
  }),
  scope: (lock: LockName, body: Block = [], rest: Partial<ScopeStmt> = {}): ScopeStmt => ({
    kind: 'scope',
    lock,
    callback: 'async',
    rival: 'none',
    body,
    ...rest,
  }),
  child: (body: Block, rest: Partial<Child> = {}): Child => ({
    kind: 'child',
    ...NO_WORK,
    body,
    join: 'await',
    between: [],
    after: [],
    ...rest,
  }),
  part: (body: Block, rest: Partial<Part> = {}): Part => ({ kind: 'part', ...NO_WORK, body, ...rest }),
  group: (how: Group['how'], parts: readonly Part[], rest: Partial<Group> = {}): Group => ({
    kind: 'group',
    how,
    join: 'await',
    parts,
    between: [],
    ...rest,
  }),
} as const;
