/**
 * For every rule a program that breaks it, and the legal one that looks most like it. Each runs in a world of its own; the
 * guilty one makes the one report that is named, the legal one none.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isolated, seen } from '../support/harness.js';
import { holders } from './legal-twins/holders.js';
import { orders } from './legal-twins/orders.js';
import { waits } from './legal-twins/waits.js';
import { World } from './legal-twins/world.js';

const TABLES = [...orders, ...holders, ...waits];

for (const { rule, legal, guilty, verdict } of TABLES) {
  describe(rule, () => {
    for (const [name, program] of Object.entries(legal)) {
      it(`legal: ${name}`, () =>
        isolated(async (instance) => {
          await program(new World(instance));
          assert.deepEqual(seen(instance), []);
        }));
    }
    for (const [name, program] of Object.entries(guilty)) {
      it(`guilty: ${name}`, () =>
        isolated(async (instance) => {
          await program(new World(instance));
          const reports = instance.lockdep.reports().map(({ kind, tier }) => `${kind} ${tier}`);
          assert.deepEqual(reports, [verdict]);
        }));
    }
  });
}
