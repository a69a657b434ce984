import { checkedOptions } from '../../src/validator/options.js';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import type { Hold } from '../../src/model/hold.js';
import { HeldTracker } from '../../src/flow/held-tracker.js';
import { hooksFollowHolds } from '../../src/flow/rehearsal.js';
import { Runtime } from '../../src/validator/runtime.js';
import { isolated, settle } from '../support/harness.js';

function tracker(): HeldTracker {
  return new HeldTracker({
    onHold: () => undefined,
    onDebt: () => undefined,
    onBatch: () => undefined,
    onJoin: () => undefined,
    onReplacement: () => undefined,
    onFault: () => undefined,
  });
}

describe('the self-test of the promise hooks', () => {
  it('passes on this runtime, and leaves nothing held', async () => {
    const real = tracker();
    real.start('precise');
    assert.equal(await hooksFollowHolds(real), true);
    assert.deepEqual(real.held(), []);
    real.stop();
  });

  it('fails where holds do not arrive', async () => {
    const deaf = tracker();
    deaf.start('light');
    assert.equal(await hooksFollowHolds(deaf), false);
    deaf.stop();
  });

  it('fails where holds arrive everywhere', async () => {
    const real = tracker();
    real.start('precise');
    let carried: unknown;
    const leaking = {
      beginStandIn: () => real.beginStandIn(),
      endStandIn: (node: Hold) => real.endStandIn(node),
      carryNew: (_promise: Promise<unknown>, node: unknown) => void (carried = node),
      detached: <T>(fn: () => T): T => fn(),
      held: () => [carried] as never,
      ownsNow: () => true,
      resolved: <T>(value: T): Promise<T> => Promise.resolve(value),
    };
    assert.equal(await hooksFollowHolds(leaking), false);
    real.stop();
  });

  it('that fails turns tracking to light, with one warning', async (t) => {
    const warnings = t.mock.method(process, 'emitWarning', () => undefined);
    const runtime = new Runtime({ rehearsal: async () => false });
    runtime.configure({ mode: 'warn' });
    await settle(1);
    assert.equal(runtime.tracking, 'light');
    runtime.configure({ mode: 'off' });
    runtime.configure({ mode: 'warn', tracking: 'precise' });
    await settle(1);
    assert.equal(runtime.tracking, 'light');
    assert.equal(warnings.mock.callCount(), 1);
    runtime.dispose();
  });
});

describe('levels', () => {
  it('an unknown one is named', () => {
    assert.throws(() => checkedOptions({ tracking: 'exact' }), {
      name: 'RangeError',
      message: "option tracking must be 'precise' or 'light', got \"exact\"",
    });
  });

  it('the environment wins over code', () => {
    const index = new URL('../../src/index.js', import.meta.url).href;
    const program = `import { lockdep } from ${JSON.stringify(index)};
      lockdep.configure({ tracking: 'precise', mode: 'enforce' });
      console.log(lockdep.mode, lockdep.tracking);`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
      env: { ...process.env, LOCKDEP: 'warn', LOCKDEP_TRACKING: 'light' },
    });
    assert.equal(stdout.trim(), 'warn light');
  });

  it('a bad one in the environment stops the program at its start, by name', () => {
    const index = new URL('../../src/index.js', import.meta.url).href;
    for (const name of ['LOCKDEP', 'LOCKDEP_TRACKING']) {
      const { status, stderr } = spawnSync(
        process.execPath,
        ['--input-type=module', '--eval', `import ${JSON.stringify(index)}`],
        {
          encoding: 'utf8',
          env: { ...process.env, [name]: 'loud' },
        },
      );
      assert.equal(status, 1);
      assert.match(stderr, new RegExp(`RangeError: environment variable ${name} must be .* got "loud"`));
    }
  });
});

it('a frozen promise of a hold is left alone', async () => {
  await isolated(async (instance) => {
    const lock = new instance.Mutex();
    const open = async (): Promise<() => void> => await lock.acquire();
    const release = await Object.freeze(open());
    release();
    assert.equal(lock.isLocked(), false);
  });
});
