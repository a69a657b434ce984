/**
 * The lock validator's suite of the Linux kernel (lib/locking-selftest.c), as data: groups 1 to 4, 8 and 12 of it, 106 cases.
 *
 * A program is a list of flows, ` | ` between them, run one after the other: nothing ever blocks, and the verdict comes from
 * what was learned. `xA` takes A exclusively, `sA` as a reader that only a writer holds up, `fA` as a reader in a fair queue,
 * `-A` releases, `!A` disposes of A. `A` to `D` are locks of a class each, `X1` and `X2` two locks of one class. `+P` enters
 * the section of a pseudo-lock, `?P` may enter it, `[P` and `]P` bracket a part in which that is ruled out, and `/X1` gives X1 a
 * subclass of its class.
 */
import type { ReportKind } from '../../src/index.js';

/** What the locks of a case are made of. */
export type LockKind = 'mutex' | 'rwlock' | 'rwsem';

export interface Case {
  readonly number: number;
  readonly group: string;
  readonly row: string;
  readonly column: string;
  readonly locks: LockKind;
  readonly program: string;
  /** The kind of the one report that must come; undefined: none may come. */
  readonly expected: ReportKind | undefined;
}

/** A lock kind of the kernel's table: which lock it is here, and how it is taken. */
interface Column {
  readonly name: string;
  readonly locks: LockKind;
  readonly take: 'x' | 's' | 'f';
}

const COLUMNS: readonly Column[] = [
  { name: 'spin', locks: 'mutex', take: 'x' },
  { name: 'wlock', locks: 'rwlock', take: 'x' },
  { name: 'rlock', locks: 'rwlock', take: 's' },
  { name: 'mutex', locks: 'mutex', take: 'x' },
  { name: 'wsem', locks: 'rwsem', take: 'x' },
  { name: 'rsem', locks: 'rwsem', take: 'f' },
  { name: 'rtmutex', locks: 'mutex', take: 'x' },
];

const READERS: readonly Column[] = [
  { name: 'rwlock', locks: 'rwlock', take: 's' },
  { name: 'rwsem', locks: 'rwsem', take: 'f' },
];

/** Pairs `outer inner` of nested locks, a flow each, in this order; `*` is how the column takes them. */
const ORDERS: Readonly<Record<string, readonly string[]>> = {
  'AB BA': ['*A *B', '*B *A'],
  'AB BC CA': ['*A *B', '*B *C', '*C *A'],
  'AB CA BC': ['*A *B', '*C *A', '*B *C'],
  'AB BC CD DA': ['*A *B', '*B *C', '*C *D', '*D *A'],
  'AB CD BD DA': ['*A *B', '*C *D', '*B *D', '*D *A'],
  'AB CD BC DA': ['*A *B', '*C *D', '*B *C', '*D *A'],
};

/** `xA xB` as a whole flow: the releases follow, innermost first. */
function flow(nesting: string): string {
  const releases = nesting.split(' ').map((take) => `-${take.slice(1)}`);
  return `${nesting} ${releases.toReversed().join(' ')}`;
}

function flows(nestings: readonly string[]): string {
  return nestings.map(flow).join(' | ');
}

type Unnumbered = Omit<Case, 'number'>;

function coreOrder(): Unnumbered[] {
  const group = '1 order';
  const rows: Record<string, { program: string; kind: ReportKind }> = {
    'one class twice': { program: '*X1 *X2', kind: 'recursive-locking' },
  };
  for (const [name, nestings] of Object.entries(ORDERS)) {
    rows[name] = { program: flows(nestings), kind: 'circular-dependency' };
  }
  return Object.entries(rows).flatMap(([row, { program, kind }]) =>
    COLUMNS.map(({ name: column, locks, take }) => ({
      group,
      row,
      column,
      locks,
      program: program.replaceAll('*', take),
      expected: take === 's' ? undefined : kind,
    })),
  );
}

function stateOfOneLock(): Unnumbered[] {
  const rows: Record<string, { program: string; expected: ReportKind }> = {
    'released twice': { program: '*A -A -A', expected: 'bad-unlock-balance' },
    'disposed of while held': { program: '*A !A', expected: 'held-lock-freed' },
  };
  return Object.entries(rows).flatMap(([row, { program, expected }]) =>
    COLUMNS.map(({ name: column, locks, take }) => ({
      group: '2 state',
      row,
      column,
      locks,
      program: program.replaceAll('*', take),
      expected,
    })),
  );
}

/** Per row the verdict over a reader-preferring lock, and over a fair one; null where the kernel has no case. */
const READ_ROWS: readonly (readonly [string, string, ReportKind | undefined, ReportKind | undefined | null])[] = [
  ['read the same lock twice', '*X1 *X1', undefined, 'recursive-locking'],
  ['read two of a class', '*X1 *X2', undefined, 'recursive-locking'],
  ['read, then write another of the class', '*X1 xX2', 'recursive-locking', 'recursive-locking'],
  ['write, then read another of the class', 'xX1 *X2', 'recursive-locking', 'recursive-locking'],
  ['read X write Y, write Y write X', flows(['*X1 xY1', 'xY1 xX1']), 'circular-dependency', 'circular-dependency'],
  ['read X write Y, write Y read X', flows(['*X1 xY1', 'xY1 *X1']), undefined, 'circular-dependency'],
  ['write X write Y, write Y write X', flows(['xX1 xY1', 'xY1 xX1']), 'circular-dependency', 'circular-dependency'],
  ['... with a known read Y X before', flows(['*X1 xY1', 'xY1 *X1', 'xY1 xX1']), 'circular-dependency', null],
];

function readRecursion(): Unnumbered[] {
  return READ_ROWS.flatMap(([row, program, ...verdicts]) =>
    READERS.flatMap(({ name: column, locks, take }, at) => {
      const expected = verdicts[at];
      if (expected === null) return [];
      return [{ group: '3 reading', row, column, locks, program: program.replaceAll('*', take), expected }];
    }),
  );
}

/** Three nestings each, over reader-preferring locks. */
const THREES: Readonly<Record<string, { nestings: readonly [string, string, string]; expected?: ReportKind }>> = {
  'xX sY, xY sZ, xZ sX': { nestings: ['xX1 sY1', 'xY1 sZ1', 'xZ1 sX1'], expected: 'circular-dependency' },
  'xX xY, sY sZ, xZ sX': { nestings: ['xX1 xY1', 'sY1 sZ1', 'xZ1 sX1'], expected: 'circular-dependency' },
  'xX sY, sY sZ, xZ xX': { nestings: ['xX1 sY1', 'sY1 sZ1', 'xZ1 xX1'] },
  'xX xY, sY sZ, sZ xX': { nestings: ['xX1 xY1', 'sY1 sZ1', 'sZ1 xX1'] },
};

const PERMUTATIONS = ['123', '132', '213', '231', '312', '321'] as const;

function threeClasses(): Unnumbered[] {
  return Object.entries(THREES).flatMap(([row, { nestings, expected }]) =>
    PERMUTATIONS.map((column) => {
      const inOrder = column.split('').map((digit) => nestings[Number(digit) - 1] as string);
      return { group: '4 reading, three classes', row, column, locks: 'rwlock', program: flows(inOrder), expected };
    }),
  );
}

function reclaim(): Unnumbered[] {
  const programs: [string, string, ReportKind | undefined][] = [
    ['allocates without reclaim, inside it', '+P -P', undefined],
    ['allocates with reclaim, inside it', '+P ?P -P', 'recursive-locking'],
    ['the same, where it is ruled out', '+P [P ?P ]P -P', undefined],
  ];
  return programs.map(([row, program, expected]) => ({
    group: '8 a pseudo-lock',
    row,
    column: 'reclaim',
    locks: 'mutex',
    program,
    expected,
  }));
}

function className(): Unnumbered[] {
  return [
    {
      group: '12 names',
      row: 'name of a class before and after',
      column: 'subclass',
      locks: 'rwsem',
      program: '/X1',
      expected: undefined,
    },
  ];
}

export const CASES: readonly Case[] = [
  ...coreOrder(),
  ...stateOfOneLock(),
  ...readRecursion(),
  ...threeClasses(),
  ...reclaim(),
  ...className(),
].map((each, index) => ({ number: index + 1, ...each }));

/** Groups of the kernel's suite that need what the library does not have, with their numbers of cases. */
export const NOT_YET: Readonly<Record<string, number>> = {
  '5 contexts': 210,
  '6 wound/wait': 36,
  '7 queued read locks in a context': 3,
  '9 wait types': 36,
  '10 locks of a context': 3,
  '11 two contexts': 1,
};
