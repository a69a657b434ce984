import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Project } from './project.js';

/** A report in the turn in which the program ends, or a while before that. */
const ENDS: Readonly<Record<string, string>> = {
  'at the end': 'new Mutex().release();',
  'in process.exit()': 'new Mutex().release(); process.exit(0);',
  'in an exit listener': `process.on('exit', () => new Mutex().release());`,
  'as it throws': `process.on('uncaughtException', () => process.exit(0)); setTimeout(() => { new Mutex().release(); throw new Error(); });`,
  'long before': `new Mutex().release(); setTimeout(() => {}, 20);`,
};
const program = (end: string): string => `import { Mutex } from 'lockdep'; ${end}`;
/** As Node prints warnings, or as we would. */
const SHOWN = /LockdepWarning|LOCKDEP: /;

/** One program for each end, by its number; and the same with a listener for warnings. */
const made = new Project(
  Object.fromEntries(
    Object.values(ENDS).flatMap((end, at) => [
      [`${at}.mjs`, program(end)],
      [`listening-${at}.mjs`, `process.on('warning', ({ code }) => console.log(code)); ${program(end)}`],
    ]),
  ),
);
made.installLockdep();

const QUIET: readonly (readonly [what: string, flags: readonly string[], env: NodeJS.ProcessEnv])[] = [
  ['--no-warnings', ['--no-warnings'], {}],
  ['--disable-warning by code', ['--disable-warning=LOCKDEP_BAD_UNLOCK_BALANCE'], {}],
  ['--disable-warning by name', ['--disable-warning=DEP1', '--disable-warning=LockdepWarning'], {}],
  ['NODE_NO_WARNINGS', [], { NODE_NO_WARNINGS: '1' }],
  ['--no-warnings in NODE_OPTIONS', [], { NODE_OPTIONS: '--no-warnings' }],
  ['--disable-warning in NODE_OPTIONS', [], { NODE_OPTIONS: '--disable-warning=LockdepWarning' }],
];

/** Ways to be there: the words before the flags, and those behind. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  'an import': [],
  'lockdep/register': ['--import', 'lockdep/register'],
  'lockdep run': ['node_modules/lockdep/dist/cli/main.js', 'run', '--'],
};

describe('warnings that are switched off', () => {
  for (const [way, words] of Object.entries(WAYS)) {
    for (const [index, [what, flags, env]] of QUIET.entries()) {
      if (words.length > 0 && index % 2 === 1) continue; // the flags are Node's, and so are their kinds
      it(`${what}, with ${way}: no report is printed, whenever it is made`, async () => {
        const everyEnd = words.length === 0 && index === 0;
        const checks = Object.keys(ENDS).map(async (end, at) => {
          if (!everyEnd && end !== 'in process.exit()') return;
          const { stderr, code } = await made.node([...words, ...flags, `${at}.mjs`], { env });
          assert.doesNotMatch(stderr, SHOWN, end);
          assert.equal(code, way === 'lockdep run' ? 1 : 0, `${end}: ${stderr}`);
        });
        await Promise.all(checks);
      });
    }
  }

  for (const [at, end] of Object.keys(ENDS).entries()) {
    it(`where they are not, a report ${end} is printed once, as Node prints a warning`, async () => {
      const { stderr } = await made.node(['--disable-warning=LOCKDEP_STALL', `${at}.mjs`]);
      assert.match(
        stderr,
        /^\(node:\d+\) \[LOCKDEP_BAD_UNLOCK_BALANCE\] LockdepWarning: LOCKDEP: bad unlock balance$/m,
      );
      assert.equal(stderr.split('LOCKDEP: ').length, 2, stderr);
    });

    it(`a report ${end} goes where warnings are redirected to, and to listeners`, async () => {
      const { stderr, stdout } = await made.node(['--redirect-warnings=warnings.txt', `listening-${at}.mjs`]);
      assert.doesNotMatch(stderr, SHOWN);
      assert.equal(stdout, 'LOCKDEP_BAD_UNLOCK_BALANCE\n');
      // Node writes to the file in a later turn, which an ending process does not have.
      if (end === 'long before') assert.match(readFileSync(made.path('warnings.txt'), 'utf8'), SHOWN);
    });
  }

  it('a listener that throws changes nothing of how a process ends', async () => {
    made.write({
      'throws.mjs': `process.on('warning', () => { throw new Error('no'); }); ${program('new Mutex().release(); process.exit(3);')}`,
    });
    assert.equal((await made.node(['throws.mjs'])).code, 3);
  });
});
