import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass } from '../../src/index.js';
import { runtimeOf } from '../../src/api/isolated-lockdep.js';
import { isolated } from '../support/harness.js';
import { SHAPES } from './shapes.js';

for (const tracking of ['precise', 'light'] as const) {
  describe(`what a shape of code teaches, tracking ${tracking}`, () => {
    for (const { name, edge, run, light } of SHAPES) {
      it(`${name}: ${edge}`, () =>
        isolated(
          async (instance) => {
            const a = new instance.Mutex({ class: new LockClass('A') });
            const b = new instance.Mutex({ class: new LockClass('B') });
            // Several times: the first acquisitions capture stacks, later ones do not.
            for (let round = 0; round < 12; round++) await run({ a, b });
            const { dependencies } = runtimeOf(instance).validator;
            const learned = [...dependencies.edges()].find(
              ({ from, to }) => from === a.lockClass.name && to === b.lockClass.name,
            );
            const mustBeStrict = edge === 'strict' && (tracking === 'precise' || light === true);
            if (mustBeStrict) assert.equal(learned?.tier, 'strict');
            if (edge !== 'strict') assert.notEqual(learned?.tier, 'strict');
            if (edge === 'none' && tracking === 'precise') assert.equal(learned, undefined);
            assert.equal(a.isLocked() || b.isLocked(), false);
            assert.deepEqual(instance.lockdep.reports(), []);
          },
          { tracking },
        ));
    }
  });
}
