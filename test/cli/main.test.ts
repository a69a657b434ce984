import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { built, runNode, type Result } from '../adapters/project.js';

const main = fileURLToPath(new URL('cli/main.js', built));
const lockdep = (...words: string[]): Promise<Result> => runNode([main, ...words], { cwd: tmpdir() });

describe('lockdep', () => {
  for (const flag of ['--help', '-h']) {
    it(`${flag} lists the commands on stdout`, async () => {
      const { code, stdout, stderr } = await lockdep(flag);
      assert.match(stdout, /^Usage: lockdep <command>/m);
      assert.match(stdout, /^ {2}run {2,}\S/m);
      assert.match(stdout, /^ {2}stacks {2}\S/m);
      assert.equal(stderr, '');
      assert.equal(code, 0);
    });
  }

  it('--version is that of the package', async () => {
    const manifest = readFileSync(new URL(import.meta.resolve('lockdep/package.json')), 'utf8');
    const { code, stdout } = await lockdep('--version');
    assert.equal(stdout, `${(JSON.parse(manifest) as { version: string }).version}\n`);
    assert.equal(code, 0);
  });

  for (const [words, complaint] of [
    [[], /no command given/],
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['report', 'DIR'], /unknown command 'report'/],
    [['--frobnicate'], /Unknown option '--frobnicate'/],
    [['--help', 'run'], /run/],
    [['run'], /no script given/],
    [['run', '--'], /no script given/],
    [['run', '--', 'node'], /no script given/],
    [['run', '--frobnicate', 'x.js'], /Unknown option '--frobnicate'/],
    [['run', '--out'], /--out/],
    [['run', '--enforce=yes', 'x.js'], /--enforce/],
  ] as const) {
    it(`'${words.join(' ')}' is a usage error`, async () => {
      const { code, stdout, stderr } = await lockdep(...words);
      assert.match(stderr, complaint);
      assert.match(stderr, /^lockdep: .*\n[^]*^Try 'lockdep --help'\.\n$/m);
      assert.equal(stdout, '');
      assert.equal(code, 2);
    });
  }
});
