import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { buildReport } from '../../src/report/build-report.js';
import { emitReport, ONREPORT_FAILED, warningCode } from '../../src/report/emit.js';
import type { Warn } from '../../src/platform/warnings.js';
import { violation } from './samples.js';

const report = buildReport(violation(), 7);

function recorder(): { warn: Warn; warnings: { message: string; type: string; code: string }[] } {
  const warnings: { message: string; type: string; code: string }[] = [];
  return { warnings, warn: (message, { type, code }) => void warnings.push({ message, type, code }) };
}

test('one warning with the whole text, and the callback gets the report', () => {
  const { warn, warnings } = recorder();
  const seen: unknown[] = [];
  emitReport(report, { warn, onReport: (given) => seen.push(given) });
  assert.deepEqual(warnings, [
    { message: report.message, type: 'LockdepWarning', code: 'LOCKDEP_CIRCULAR_DEPENDENCY' },
  ]);
  assert.equal(seen[0], report);
  assert.equal(seen.length, 1);
});

test('the code is the kind', () => {
  assert.equal(warningCode('nest-lock-not-held'), 'LOCKDEP_NEST_LOCK_NOT_HELD');
  assert.equal(warningCode('deadlock'), 'LOCKDEP_DEADLOCK');
});

function fail(): never {
  throw new Error('the sink is broken');
}

function thenable(descriptor: PropertyDescriptor): object {
  // oxlint-disable-next-line unicorn/no-thenable -- it is what is tested
  return Object.defineProperty({}, 'then', descriptor);
}

const FAILING: Record<string, () => unknown> = {
  throws: fail,
  rejects: () => Promise.reject(new Error('the sink is broken')),
  'gives a thenable that throws': () => thenable({ value: fail }),
  'gives a thenable that cannot be asked': () => thenable({ get: fail }),
};

for (const [what, onReport] of Object.entries(FAILING)) {
  test(`a callback that ${what} is shown once and disturbs nobody`, async () => {
    const { warn, warnings } = recorder();
    for (let i = 0; i < 3; i++) {
      emitReport(report, { warn, onReport });
      await nextTurn();
    }
    const failures = warnings.filter(({ code }) => code === ONREPORT_FAILED);
    assert.equal(failures.length, 1);
    assert.equal(failures[0]?.type, 'LockdepWarning');
    assert.match(failures[0]?.message ?? '', /the sink is broken/);
    assert.equal(warnings.length, 4);
  });
}

test('what cannot be printed can be thrown', () => {
  const { warn, warnings } = recorder();
  const hostile = {
    [Symbol.for('nodejs.util.inspect.custom')]: () => {
      throw new Error('no');
    },
  };
  emitReport(report, {
    warn,
    onReport: () => {
      throw hostile;
    },
  });
  assert.equal(warnings[1]?.code, ONREPORT_FAILED);
});

test('a callback that is no function is a failing callback', () => {
  const { warn, warnings } = recorder();
  emitReport(report, { warn, onReport: 'log' as unknown as () => void });
  assert.equal(warnings[1]?.code, ONREPORT_FAILED);
});

test('a warning function that throws does not keep the report from the callback', () => {
  let called = 0;
  const warn = (): never => {
    throw new Error('replaced by somebody');
  };
  emitReport(report, { warn, onReport: () => called++ });
  emitReport(report, {
    warn,
    onReport: () => {
      called++;
      throw new Error('and this too');
    },
  });
  assert.equal(called, 2);
});

/** Runs a program that has `report` and `emitReport`, and returns what it left. */
function program(body: string, ...flags: string[]): { status: number | null; stdout: string; stderr: string } {
  const module = new URL('../../src/report/emit.js', import.meta.url).href;
  const code = `
    import { emitReport } from ${JSON.stringify(module)};
    const report = ${JSON.stringify(report)};
    process.on('unhandledRejection', () => { console.log('unhandled'); process.exitCode = 9; });
    ${body}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', code]);
  return { status, stdout: stdout.toString(), stderr: stderr.toString() };
}

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}

test('the process prints the text once, line by line', () => {
  const { status, stderr } = program('emitReport(report)');
  assert.equal(status, 0);
  assert.ok(stderr.includes(`[LOCKDEP_CIRCULAR_DEPENDENCY] LockdepWarning: ${report.message}\n`), stderr);
  assert.equal(occurrences(stderr, 'possible deadlock'), 1);
});

test('nor is it doubled with --trace-warnings', () => {
  const { stderr } = program('emitReport(report)', '--trace-warnings');
  assert.equal(occurrences(stderr, 'possible deadlock'), 1);
  assert.equal(occurrences(stderr, 'Advice: '), 1);
});

test('listeners of the warning get name, code and the whole text', () => {
  const { stdout } = program(`
    process.on('warning', ({ name, code, message }) => console.log(JSON.stringify([name, code, message])));
    emitReport(report);`);
  assert.deepEqual(JSON.parse(stdout), ['LockdepWarning', 'LOCKDEP_CIRCULAR_DEPENDENCY', report.message]);
});

test('without warnings only the callback is called', () => {
  const { stdout, stderr } = program(`emitReport(report, { warn: false, onReport: (r) => console.log(r.id) })`);
  assert.equal(stdout.trim(), report.id);
  assert.equal(stderr, '');
});

test('a program whose callback fails in every way ends as it would have', () => {
  const { status, stdout, stderr } = program(`
    emitReport(report, { onReport: () => { throw new Error('sync failure'); } });
    emitReport(report, { onReport: async () => { throw new Error('async failure'); } });
    emitReport(report, { warn: false, onReport: () => { throw new Error('quiet failure'); } });
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.emitWarning = () => { throw new Error('replaced'); };
    emitReport(report);
    setTimeout(() => console.log('done'), 5);`);
  assert.equal(stdout.trim(), 'done');
  assert.equal(status, 0);
  assert.equal(occurrences(stderr, `[${ONREPORT_FAILED}] LockdepWarning: `), 3);
  // Three by the process, and that which it would not take.
  assert.equal(occurrences(stderr, 'possible deadlock'), 3);
  for (const what of ['sync', 'async', 'quiet']) assert.ok(stderr.includes(`Error: ${what} failure`), what);
});

test('a process that exits in the turn of a report shows it all the same, once', () => {
  const index = new URL('../../src/index.js', import.meta.url).href;
  const program = (exit: string): string => `import { Mutex } from ${JSON.stringify(index)};
    new Mutex().release();
    ${exit}`;
  for (const exit of ['process.exit(0);', '']) {
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program(exit)], {
      encoding: 'utf8',
    });
    assert.equal(stderr.split('LOCKDEP: ').length, 2, stderr);
  }
});
