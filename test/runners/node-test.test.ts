/** The suite that `npm run runners` runs under other test runners, under node:test. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Project, type Result } from '../adapters/project.js';

/** From build/test/runners/ up to the project. */
const fixtures = fileURLToPath(new URL('../../../test/runners/fixtures/', import.meta.url));
const expected = JSON.parse(readFileSync(`${fixtures}expected.json`, 'utf8')) as Record<string, number>;
const substituted = 'async-mutex.test.mjs';

let project: Project;
before(() => {
  project = new Project();
  project.installLockdep();
  cpSync(fixtures, project.path('suite'), { recursive: true });
  cpSync(`${fixtures}runner.node.mjs`, project.path('suite/runner.mjs'));
});

function count(result: Result, name: string): number {
  const found = new RegExp(`^# ${name} (\\d+)$`, 'm').exec(result.stdout);
  assert.ok(found, `${result.stdout}${result.stderr}`);
  return Number(found[1]);
}

async function runSuite(options: readonly string[], files: readonly string[]): Promise<void> {
  const paths = files.map((file) => `suite/${file}`);
  const result = await project.node([...options, '--test', '--test-reporter=tap', ...paths]);
  assert.equal(count(result, 'fail'), 0, result.stdout);
  const sum = files.reduce((total, file) => total + (expected[file] ?? Number.NaN), 0);
  assert.equal(count(result, 'pass'), sum, result.stdout);
  assert.equal(result.code, 0);
}

const files = Object.keys(expected);

describe('under node:test', () => {
  const plain = files.filter((file) => file !== substituted);

  it('loaded by each file, or late in a test', () => runSuite([], plain));

  it('preloaded, with async-mutex substituted', () => runSuite(['--import', 'lockdep/register'], files));

  it('a file whose assertions are wrong fails, so the suite can', async () => {
    project.write({
      'suite/wrong.test.mjs': `import { lockdep, Mutex } from 'lockdep'; import assert from 'node:assert';
        import { test } from './runner.mjs';
        test('wrong', async () => { await new Mutex().acquire(); assert.equal(lockdep.held().length, 0); });`,
    });
    const result = await project.node(['--test', '--test-reporter=tap', 'suite/wrong.test.mjs']);
    assert.equal(count(result, 'fail'), 1);
    assert.equal(result.code, 1);
  });
});
