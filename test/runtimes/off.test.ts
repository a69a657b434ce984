import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { built, printed, runNode } from '../adapters/project.js';
import { fixture, folder } from './fixture.js';

const index = new URL('index.js', built).href;

interface Seen {
  readonly on: { readonly hooks: number; readonly called: boolean };
  readonly onAgain: number;
  readonly done: readonly string[];
  readonly [moment: string]: unknown;
}

async function seenBy(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Seen> {
  return printed(await runNode([fixture(name), index, ...args], { cwd: folder, env })) as Seen;
}

const NOTHING = { hooks: 0, calls: 0, entered: 0, marks: [] };

describe('turned off while locks are held and waited for', () => {
  for (const tracking of ['precise', 'light'] as const) {
    it(`tracking ${tracking} leaves no hook, no store and no mark on a promise, whatever is done then`, async () => {
      const { on, onAgain, done, ...rest } = await seenBy('switched-off.mjs', [tracking]);
      // Light may need hooks of its own for contexts on some runtime; precise certainly does for holds.
      if (tracking === 'precise') {
        assert.equal(on.called, true);
        assert.ok(on.hooks > 0);
      }
      assert.equal(onAgain > 0, on.hooks > 0);
      const names = ['scope that waited', 'acquire that waited', 'scope that was entered', 'scope in that scope'];
      names.push('task', 'detached', 'structured', 'under a lock', 'nested', 'off again');
      for (const name of names) assert.ok(done.includes(`${name} `), `${name} in ${done.join('; ')}`);
      assert.deepEqual(rest, {
        off: NOTHING,
        'used while off': NOTHING,
        'off again': NOTHING,
        marksOfAcquire: [],
        reports: 0,
      });
    });
  }
});

it('a process that starts with the mode off never has a hook, a store or a mark', async () => {
  assert.deepEqual(await seenBy('never-on.mjs', [], { LOCKDEP: 'off' }), NOTHING);
});

it('the counting of hooks sees those of a process that is followed', async () => {
  const { hooks, calls } = (await seenBy('never-on.mjs', [])) as unknown as typeof NOTHING;
  assert.ok(hooks > 0);
  assert.ok(calls > 0);
});
