/**
 * The examples in the documents are true. A block ```` ```js run ```` is a program: it must print what its comments `// prints: text`
 * say, line by line in their order, and end with 0. The lines of a block ```` ```text stderr ```` behind it must be in what it
 * writes to stderr, in that order, among others.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Project } from '../adapters/project.js';
import { documents, fences, readDocument, type Fence } from './documents.js';

interface Example {
  readonly program: Fence;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

function examplesOf(text: string): Example[] {
  const blocks = fences(text);
  return blocks.flatMap((program, index) => {
    if (program.info !== 'js run') return [];
    const next = blocks[index + 1];
    const stderr = next?.info === 'text stderr' ? next.text.split('\n') : [];
    const stdout = [...program.text.matchAll(/\/\/ prints: (.*)$/gm)].map(([, line = '']) => line);
    return [{ program, stdout, stderr }];
  });
}

/** The first of the lines that does not follow on those before it; undefined where all do. */
function firstMissing(lines: readonly string[], text: string): string | undefined {
  let from = 0;
  return lines.find((line) => {
    const at = text.indexOf(`${line}\n`, from);
    from = at + line.length;
    return at === -1;
  });
}

describe('an example', () => {
  const all = documents().flatMap(({ path, text }) => examplesOf(text).map((example) => ({ path, ...example })));
  for (const { path, program, stdout, stderr } of all) {
    it(`of ${path}, line ${program.line}, prints what its comments say`, async () => {
      const project = Project.withLockdep({ 'app.mjs': `${program.text}\n` });
      const result = await project.node(['app.mjs']);
      assert.equal(result.stdout, stdout.map((line) => `${line}\n`).join(''), result.stderr);
      assert.equal(result.code, 0, result.stderr);
      assert.equal(firstMissing(stderr, result.stderr), undefined, result.stderr);
      assert.notEqual(stdout.length, 0, 'it says nothing that could be wrong');
    });
  }
});

describe('the examples of README.md', () => {
  const { text } = readDocument('README.md');
  const examples = examplesOf(text);

  it('show every lock of the package', () => {
    const shown = examples.map(({ program }) => program.text).join('\n');
    const locks = [
      'Mutex',
      'Semaphore',
      'RWSemaphore',
      'Completion',
      'WorkQueue',
      'WorkItem',
      'PseudoLock',
      'LockClass',
    ];
    assert.deepEqual(
      locks.filter((name) => !shown.includes(`new ${name}(`)),
      [],
    );
  });
  it('have a program before each block of stderr', () => {
    const blocks = fences(text);
    const at = blocks.flatMap(({ info }, index) => (info === 'text stderr' ? [blocks[index - 1]?.info] : []));
    assert.deepEqual(at, ['js run']);
  });
  it('leave README.md short enough to be read', () => assert.ok(text.split('\n').length <= 200));
});
