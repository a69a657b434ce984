import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LockClass, type Releaser } from '../../src/index.js';
import { runtimeOf } from '../../src/api/isolated-lockdep.js';
import { isolated } from '../support/harness.js';

it('a lock that a helper returned many times before anything was nested in it: the nesting is proven within a few times', () =>
  isolated(async (instance) => {
    const outer = new instance.Mutex({ class: new LockClass('outer') });
    const inner = new instance.Mutex({ class: new LockClass('inner') });
    const helper = async (): Promise<Releaser> => await outer.acquire();
    const tierOf = (): string | undefined => {
      const edges = [...runtimeOf(instance).validator.dependencies.edges()];
      return edges.find(({ from, to }) => from === outer.lockClass.name && to === inner.lockClass.name)?.tier;
    };
    for (let i = 0; i < 100; i++) {
      const release = await helper();
      await nextTurn();
      release();
    }
    const tiers: (string | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      const release = await helper();
      await nextTurn();
      (await inner.acquire())();
      release();
      tiers.push(tierOf());
    }
    assert.equal(tiers.at(-1), 'strict', tiers.join());
  }));
