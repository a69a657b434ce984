/** What V8 counts on for its fast paths, and stops counting on until the process ends ("protectors"), as it tells itself. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { built, runNode } from '../adapters/project.js';
import { fixture, folder } from './fixture.js';

const index = new URL('index.js', built).href;

interface Seen {
  readonly fallen: readonly string[];
  readonly said: readonly string[];
}

async function seenWith(env: NodeJS.ProcessEnv): Promise<Seen> {
  const args = ['--trace-protector-invalidation', fixture('protectors.mjs'), index];
  const { code, stdout, stderr } = await runNode(args, { cwd: folder, env });
  assert.equal(code, 0, stderr);
  const lines = stdout.split('\n').filter((line) => line !== '');
  const isFall = (line: string): boolean => line.startsWith('Invalidating protector cell');
  return {
    fallen: lines.filter(isFall).map((line) => line.split(' ').at(-1) as string),
    said: lines.filter((line) => !isFall(line)),
  };
}

describe('a fast path of V8', () => {
  it('is seen to be lost where the program itself gives a promise a then', async () => {
    const program = 'Promise.resolve().then = () => undefined';
    const { stdout } = await runNode(['--trace-protector-invalidation', '-e', program], { cwd: folder });
    assert.match(stdout, /Invalidating protector cell PromiseThenLookupChain/);
  });

  it('is never lost in mode off, with locks in use', async () => {
    const seen = await seenWith({ NODE_ENV: 'production', LOCKDEP: 'off' });
    assert.deepEqual(seen, { fallen: [], said: ['reports: false', 'off', 'plain: true'] });
  });

  it('is lost in tracking precise for promise hooks alone, and in mode off after it promises are plain again', async () => {
    const seen = await seenWith({ LOCKDEP_TRACKING: 'precise' });
    assert.deepEqual(seen, { fallen: ['PromiseHook'], said: ['reports: true', 'off', 'plain: true'] });
  });

  it('is lost in tracking light for promise hooks alone, where contexts need them', async () => {
    const { fallen, said } = await seenWith({ LOCKDEP_TRACKING: 'light' });
    assert.deepEqual(said, ['reports: true', 'off', 'plain: true']);
    assert.deepEqual(
      fallen.filter((name) => name !== 'PromiseHook'),
      [],
    );
  });
});
