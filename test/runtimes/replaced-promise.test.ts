/**
 * A program may replace the promises of the language: then what it does is followed all the same, or it is told that it is not.
 * The queues of zone.js and bluebird are played by classes that work as theirs.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { built, printed, runNode } from '../adapters/project.js';
import { fixture, folder } from './fixture.js';

const index = new URL('index.js', built).href;

const FOLLOWED = { told: ['awaits', 'helper', 'compiled', 'scopes'], light: 0, tracking: 'precise' };
const LIGHT = { told: ['scopes'], light: 1, tracking: 'light' };

type When = 'before' | 'after' | 'late';

/** The library is loaded when it has happened, or happens then, or when locks have been taken already. */
const REPLACED: Readonly<Record<string, readonly [whens: readonly When[], expected: typeof LIGHT]>> = {
  nothing: [['after'], FOLLOWED],
  'a subclass': [['before', 'late'], FOLLOWED],
  'a subclass with a then of its own': [['after'], FOLLOWED],
  'a then that wraps callbacks': [['before', 'late'], FOLLOWED],
  'one with a queue, as bluebird': [['before', 'after', 'late'], LIGHT],
  'one with a queue and a then, as zone.js': [['before', 'after', 'late'], LIGHT],
  'a then with a queue': [['before', 'late'], LIGHT],
  'a then that throws': [['late'], LIGHT],
  'a class that throws': [['after'], LIGHT],
  'a getter that throws': [['late'], LIGHT],
  none: [['after'], LIGHT],
};

describe('where a program has replaced the promises of the language by', () => {
  for (const [what, [whens, expected]] of Object.entries(REPLACED)) {
    for (const when of whens) {
      const title = expected === LIGHT ? 'only scopes are followed, which is said once' : 'inversions are reported';
      it(`${what}, ${when}: ${title}, and nothing legal is reported`, async () => {
        const args = [fixture('replaced-promise.mjs'), index, what, when];
        const { failures, isNative, early, ...seen } = printed(await runNode(args, { cwd: folder })) as {
          readonly [fact: string]: unknown;
        };
        assert.deepEqual(failures, []);
        assert.equal(isNative, true);
        assert.deepEqual(early, when === 'late' ? ['awaits', 'scopes'] : undefined);
        assert.deepEqual(seen, expected);
      });
    }
  }
});
