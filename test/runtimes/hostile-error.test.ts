/** What a program has made of `Error` takes the places away at most: the locks go on, and Error is left as it was. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { built, printed, runNode } from '../adapters/project.js';
import { fixture, folder } from './fixture.js';

const index = new URL('index.js', built).href;

interface Seen {
  readonly failures: readonly string[];
  readonly changed: readonly string[];
  readonly locked: readonly boolean[];
  readonly reports: readonly string[];
  readonly places: boolean;
}

const INVERSION = 'circular-dependency strict';

/** Both inversions, with places. */
const SEEN = { reports: [INVERSION, INVERSION], places: true };
/** That of the named classes, without places. */
const HIDDEN = { reports: [INVERSION], places: false };

/** In one process, one after the other: places are seen all the same. */
const UNDONE = [
  'nothing',
  'the limit is read-only',
  'the limit is 0',
  'the limit is deleted',
  'the limit is no number',
  'the limit is an accessor',
  'captureStackTrace is deleted',
  'captureStackTrace throws',
  'captureStackTrace does nothing',
  'captureStackTrace is a getter that throws',
  'stacks are prepared by the program',
  'prepareStackTrace throws',
  'prepareStackTrace is deleted',
  'prepareStackTrace is read-only',
  'prepareStackTrace ignores what it is set to',
  'Error is a class of its own',
  'Error is a function of its own',
] as const;

type When = 'before' | 'after';

/** Each in a process of its own; the library is loaded before the program does it, or after. */
const LASTING: readonly (readonly [when: When, situation: string, expected: typeof SEEN])[] = [
  ['before', 'the limit is read-only for good', SEEN],
  ['before', 'the limit is read-only for good, and small', HIDDEN],
  ['before', 'the limit is an accessor that throws', HIDDEN],
  ['before', 'prepareStackTrace is read-only for good', HIDDEN],
  ['before', 'prepareStackTrace is an accessor that throws', HIDDEN],
  ['before', 'prepareStackTrace is an accessor for good', SEEN],
  ['before', 'Error takes nothing new', SEEN],
  ['before', 'Error takes nothing new, and has no limit', HIDDEN],
  ['before', 'Error is frozen', HIDDEN],
  ['before', 'Error is sealed', SEEN],
  ['before', 'Error is gone', HIDDEN],
  ['before', 'Error is a getter that throws', HIDDEN],
  ['before', 'Error is a Proxy that throws', HIDDEN],
  // As SES's lockdown leaves it: accessors for good, which hand on what they are set to, and call sites without some methods.
  ['before', 'Error is tamed', SEEN],
  ['before', 'Error is tamed and shows no stacks', SEEN],
  ['after', 'the limit is read-only for good, and small', HIDDEN],
  ['after', 'captureStackTrace is deleted', HIDDEN],
  ['after', 'captureStackTrace throws', HIDDEN],
  ['after', 'captureStackTrace does nothing', HIDDEN],
  ['after', 'captureStackTrace is a getter that throws', HIDDEN],
  ['after', 'Error is frozen', HIDDEN],
  ['after', 'Error is a class of its own', SEEN],
  ['after', 'Error is a function of its own', SEEN],
  ['after', 'Error is tamed', SEEN],
  ['after', 'Error is tamed and shows no stacks', HIDDEN],
];

const times = (text: string, part: string): number => text.split(part).length - 1;

async function check(when: When, situations: readonly string[], expected: typeof SEEN): Promise<void> {
  const result = await runNode([fixture('hostile-error.mjs'), index, when, ...situations], { cwd: folder });
  const seen = printed(result) as readonly Seen[];
  assert.equal(seen.length, situations.length);
  for (const [i, { failures, changed, locked, ...rest }] of seen.entries()) {
    assert.deepEqual([failures, changed, locked], [[], [], [false, false, false, false]], situations[i]);
    assert.deepEqual(rest, expected, situations[i]);
  }
  assert.equal(times(result.stderr, 'hides where locks'), expected === HIDDEN ? 1 : 0);
  assert.equal(times(result.stderr, 'tracking light'), 0);
}

describe('a program that has changed Error', () => {
  it(`still has places where: ${UNDONE.join('; ')}`, () => check('before', UNDONE, SEEN));
  for (const [when, situation, expected] of LASTING) {
    const title = expected === SEEN ? 'still has places' : 'goes on without places, which is said once';
    it(`${title}, where ${situation}, with the library loaded ${when} that`, () => check(when, [situation], expected));
  }
});
