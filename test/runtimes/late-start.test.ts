/** On Node 20 and 22 a storage that is first used in a chain that runs already may leak to the callers of that chain. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { built, printed, runNode } from '../adapters/project.js';
import { fixture, folder } from './fixture.js';

const index = new URL('index.js', built).href;

const NOWHERE = [
  'in the function that loads',
  'in the caller',
  'in the caller of the caller',
  'in a timer set before',
  'after a timer',
  'at the end',
  'when all is released',
  'at the top',
];

for (const where of ['awaits', 'timer', 'request']) {
  describe(`loaded late, in ${where}`, () => {
    for (const tracking of ['precise', 'light']) {
      it(`tracking ${tracking} holds what it holds, and nothing leaks to callers`, async () => {
        const result = await runNode([fixture('late-start.mjs'), index, tracking, where], { cwd: folder });
        const { reports, legal, ...held } = printed(result) as Record<string, unknown>;
        const nowhere = where === 'request' ? [...NOWHERE, 'in another request'] : NOWHERE;
        assert.deepEqual(held, {
          ...Object.fromEntries(nowhere.map((place) => [place, []])),
          'in the scope': ['scope'],
          'in the scope, later': ['scope'],
          'with the acquired': tracking === 'precise' ? ['acquired'] : [],
          'with the tried': ['tried'],
        });
        assert.equal(legal, 0);
        // Without promise hooks nobody knows who holds what `acquire()` gave.
        assert.deepEqual(reports, tracking === 'precise' ? ['circular-dependency strict'] : []);
      });
    }
  });
}
