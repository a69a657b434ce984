import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Project } from './project.js';

const WAYS: Readonly<Record<string, readonly string[]>> = {
  'an import': [],
  'lockdep/register': ['--import', 'lockdep/register'],
};

describe('a setting of the environment that makes no sense', () => {
  const tell = `import { lockdep } from 'lockdep'; console.log(lockdep.mode, lockdep.tracking);`;

  for (const [env, way, printed] of [
    [{ LOCKDEP: 'loud' }, 'an import', 'off precise\n'],
    [{ LOCKDEP: 'loud' }, 'lockdep/register', 'warn precise\n'],
    [{ LOCKDEP_TRACKING: 'exact' }, 'an import', 'off precise\n'],
    [{ LOCKDEP: 'enforce', LOCKDEP_TRACKING: 'exact' }, 'an import', 'enforce precise\n'],
    [{ LOCKDEP: 'loud', LOCKDEP_TRACKING: 'light' }, 'lockdep/register', 'warn light\n'],
  ] as const) {
    for (const place of [{ NODE_ENV: 'production' }, { NODE_ENV: '' }]) {
      const where = place.NODE_ENV || 'a place that has no name';
      it(`in ${where} it is a warning: ${JSON.stringify(env)}, ${way}`, async () => {
        const made = Project.withLockdep({ 'main.mjs': tell });
        const words = [...(WAYS[way] ?? []), 'main.mjs'];
        const { code, stdout, stderr } = await made.node(words, { env: { ...env, ...place } });
        assert.deepEqual([code, stdout], [0, printed], stderr);
        assert.equal(
          stderr.match(/\[LOCKDEP_BAD_SETTING\] LockdepWarning: environment variable LOCKDEP/g)?.length,
          1,
          stderr,
        );
      });
    }
  }

  it('in production is told of also where the program exits in the turn of the import', async () => {
    const made = Project.withLockdep({ 'main.mjs': "import 'lockdep/async-mutex'; process.exit(0);" });
    const { code, stderr } = await made.node(['main.mjs'], { env: { LOCKDEP: 'loud', NODE_ENV: 'production' } });
    assert.equal(code, 0);
    assert.equal(stderr.match(/LOCKDEP_BAD_SETTING/g)?.length, 1, stderr);
  });

  for (const [env, complaint] of [
    [{ LOCKDEP: 'loud' }, /RangeError: environment variable LOCKDEP must be 'off', 'warn' or 'enforce', got "loud"/],
    [
      { LOCKDEP_TRACKING: 'exact' },
      /RangeError: environment variable LOCKDEP_TRACKING must be 'precise' or 'light', got "exact"/,
    ],
  ] as const) {
    it(`where a program is tested it is an error: ${JSON.stringify(env)}`, async () => {
      const { code, stderr } = await Project.withLockdep({ 'main.mjs': tell }).node(['main.mjs'], {
        env: { ...env, NODE_ENV: 'test' },
      });
      assert.match(stderr, complaint);
      assert.equal(code, 1);
    });
  }
});
