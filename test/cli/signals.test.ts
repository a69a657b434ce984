import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { built, cleanEnvironment, Project } from '../adapters/project.js';

const main = fileURLToPath(new URL('cli/main.js', built));
interface Started {
  readonly runner: ChildProcess;
  /** What the program has printed so far. */
  printed(): string;
  /** Resolves when the program has printed this. */
  saw(text: string): Promise<void>;
}

function start(script: string, env: NodeJS.ProcessEnv = {}): Started {
  const made = new Project({ 'main.mjs': script });
  const runner = spawn(process.execPath, [main, 'run', '--', 'main.mjs'], {
    cwd: made.root,
    env: cleanEnvironment(env),
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 30_000,
  });
  let text = '';
  runner.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  return {
    runner,
    printed: () => text,
    saw: async (wanted) => {
      while (!text.includes(wanted)) await once(runner.stdout, 'data', { signal: AbortSignal.timeout(20_000) });
    },
  };
}

const waits = `setInterval(() => {}, 1000); console.log('pid ' + process.pid + ' ready');`;

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 200; tries++) {
    if (!isRunning(pid)) return true;
    await sleep(50);
  }
  process.kill(pid, 'SIGKILL');
  return false;
}

const programOf = ({ printed }: Started): number => Number(/pid (\d+) ready/.exec(printed())?.[1]);

/** Those that end a program which does not listen. */
const ENDING = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR2',
  'SIGABRT',
  'SIGALRM',
  'SIGVTALRM',
  'SIGXCPU',
] as const;
/** In `npm test` some of them; all with many LOCKDEP_FUZZ_RUNS. */
const TRIED = Number(process.env['LOCKDEP_FUZZ_RUNS'] ?? 0) > 1000 ? ENDING : ENDING.slice(0, 5);
const PASSED_ON = [...ENDING, 'SIGUSR1', 'SIGIO', 'SIGPWR', 'SIGSTKFLT', 'SIGWINCH', 'SIGINFO'] as const;

describe('signals', { skip: process.platform === 'win32' }, () => {
  for (const signal of TRIED) {
    it(`${signal} reaches the program, and its end by it is passed on`, async () => {
      const started = start(waits);
      await started.saw('ready');
      started.runner.kill(signal);
      assert.deepEqual(await once(started.runner, 'exit'), [null, signal]);
      assert.ok(await gone(programOf(started)));
    });
  }

  it('every signal that a program may handle reaches it, once', async () => {
    const signals = PASSED_ON.filter((signal) => signal in constants.signals);
    const listen = signals.map((signal) => `process.on('${signal}', (name) => console.log('got ' + name));`).join('');
    const started = start(`${listen} ${waits}`);
    await started.saw('ready');
    for (const signal of signals) {
      started.runner.kill(signal);
      await started.saw(`got ${signal}\n`);
    }
    await sleep(100);
    assert.equal(started.printed().split('got ').length - 1, signals.length, started.printed());
    started.runner.kill('SIGKILL');
    assert.ok(await gone(programOf(started)));
  });

  it('the exit code of a program that handles a signal is its own', async () => {
    const started = start(`process.on('SIGQUIT', () => process.exit(5)); ${waits}`);
    await started.saw('ready');
    started.runner.kill('SIGQUIT');
    assert.deepEqual(await once(started.runner, 'exit'), [5, null]);
  });

  it('a program that goes on after a signal gets the next one too', async () => {
    const started = start(`let count = 0; process.on('SIGTERM', () => console.log('term ' + ++count)); ${waits}`);
    await started.saw('ready');
    started.runner.kill('SIGTERM');
    await started.saw('term 1');
    started.runner.kill('SIGTERM');
    await started.saw('term 2');
    started.runner.kill('SIGUSR2');
    assert.deepEqual(await once(started.runner, 'exit'), [null, 'SIGUSR2']);
  });

  it('SIGUSR1 starts the inspector of the program, as under node', async () => {
    const made = new Project({
      'main.mjs': `import inspector from 'node:inspector'; ${waits}
      setInterval(() => { if (inspector.url() !== undefined) { console.log('open'); process.exit(6); } }, 10);`,
    });
    const runner = spawn(process.execPath, [main, 'run', '--', '--inspect-port=0', 'main.mjs'], {
      cwd: made.root,
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 30_000,
    });
    await once(runner.stdout, 'data');
    runner.kill('SIGUSR1');
    assert.deepEqual(await once(runner, 'exit'), [6, null]);
  });

  for (const env of [{}, { LOCKDEP: 'off' }]) {
    it(`SIGKILL can not be passed on, and the program ends all the same: ${JSON.stringify(env)}`, async () => {
      const started = start(waits, env);
      await started.saw('ready');
      started.runner.kill('SIGKILL');
      await once(started.runner, 'exit');
      assert.ok(await gone(programOf(started)), 'left behind');
    });
  }

  it('what the program has started is its own affair, and outlives it as under node', async () => {
    const started = start(`import { spawn } from 'node:child_process';
      const left = spawn(process.execPath, ['-e', "setInterval(() => {}, 1000)"], { detached: true, stdio: 'ignore' });
      console.log('left ' + left.pid); ${waits}`);
    await started.saw('ready');
    started.runner.kill('SIGKILL');
    assert.ok(await gone(programOf(started)));
    await sleep(700);
    const left = Number(/left (\d+)/.exec(started.printed())?.[1]);
    assert.ok(isRunning(left));
    process.kill(left, 'SIGKILL');
  });

  it('a program that kills itself', async () => {
    const made = new Project({ 'main.mjs': `process.kill(process.pid, 'SIGKILL');` });
    for (const [env, last] of [
      [{}, '; until then, no reports\n'],
      [{ LOCKDEP: 'off' }, ', so there is no summary\n'],
    ] as const) {
      const { code, signal, stderr } = await made.node([main, 'run', '--', 'main.mjs'], { env });
      assert.deepEqual([code, signal], [null, 'SIGKILL']);
      assert.ok(stderr.endsWith(`lockdep: the program was ended by SIGKILL${last}`), stderr);
    }
  });
});
