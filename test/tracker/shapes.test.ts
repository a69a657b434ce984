import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass } from '../../src/index.js';
import { createLockdep, runtimeOf } from '../../src/control/isolated-lockdep.js';
import { SHAPES } from './shapes.js';

describe('what a shape of code teaches', () => {
  for (const { name, edge, run } of SHAPES) {
    it(`${name}: ${edge}`, async () => {
      const isolated = createLockdep();
      const a = new isolated.Mutex({ class: new LockClass('A') });
      const b = new isolated.Mutex({ class: new LockClass('B') });
      // Several times: the first acquisitions capture stacks, later ones do not.
      for (let round = 0; round < 12; round++) await run({ a, b });
      const { dependencies } = runtimeOf(isolated).validator;
      const learned = [...dependencies.edges()].find(
        ({ from, to }) => from === a.lockClass.name && to === b.lockClass.name,
      );
      if (edge === 'strict') assert.equal(learned?.tier, 'strict');
      if (edge === 'never') assert.notEqual(learned?.tier, 'strict');
      if (edge === 'none') assert.equal(learned, undefined);
      assert.equal(a.isLocked() || b.isLocked(), false);
      assert.deepEqual(isolated.lockdep.reports(), []);
      isolated.dispose();
    });
  }
});
