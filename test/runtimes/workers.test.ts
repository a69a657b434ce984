/** Worker threads: each has a graph, held sets, hooks and reports of its own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { built, Project, type Result } from '../adapters/project.js';
import { isolated, nextTurn } from '../support/harness.js';
import { fixture } from './fixture.js';

const address = new URL('index.js', built).href;

interface Command {
  readonly command: string;
  readonly [argument: string]: unknown;
}

class Thread {
  // Its warnings are expected, and of no interest.
  readonly #worker = new Worker(fixture('worker.mjs'), { workerData: { address }, stderr: true });
  readonly #ready = once(this.#worker, 'message');
  readonly #answers = new Map<number, (answer: unknown) => void>();
  #ids = 0;

  constructor() {
    this.#worker.stderr.resume();
    this.#worker.on('message', ({ id, answer }: { id: number; answer: unknown }) => this.#answers.get(id)?.(answer));
    threads.push(this);
  }

  async ask(command: Command): Promise<unknown> {
    await this.#ready;
    const id = ++this.#ids;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#answers.set(id, resolve);
      this.#worker.once('error', reject);
    });
    this.#worker.postMessage({ id, ...command });
    return answer;
  }

  order(first: string, second: string): Promise<unknown> {
    return this.ask({ command: 'order', first, second });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

const threads: Thread[] = [];
after(() => Promise.all(threads.map((thread) => thread.end())));

const INVERSION = ['circular-dependency strict of 2'];

describe('worker threads', () => {
  it('an order in one and its reverse in another make no report in either', async () => {
    const [one, other] = [new Thread(), new Thread()];
    await Promise.all([one.order('A', 'B'), other.order('B', 'A')]);
    assert.deepEqual(await one.ask({ command: 'reports' }), []);
    assert.deepEqual(await other.ask({ command: 'reports' }), []);
  });

  it('an inversion within one is reported there and nowhere else', async () => {
    const [one, other] = [new Thread(), new Thread()];
    await Promise.all([one.order('A', 'B'), other.order('A', 'B')]);
    await one.order('B', 'A');
    assert.deepEqual(await one.ask({ command: 'reports' }), INVERSION);
    assert.deepEqual(await other.ask({ command: 'reports' }), []);
    await other.order('B', 'A');
    assert.deepEqual(await other.ask({ command: 'reports' }), INVERSION);
  });

  it('holds are followed in a worker as in the main thread', async () => {
    const answer = (await new Thread().ask({ command: 'hold', name: 'A' })) as { live: string };
    assert.match(answer.live, /^held A, exclusive/);
    assert.deepEqual({ ...answer, live: '' }, { isHeld: true, held: 1, live: '', after: 0, beside: 0 });
  });

  it('what one thread holds no other sees', async () => {
    const thread = new Thread();
    await isolated(async ({ lockdep, Mutex }) => {
      const release = await new Mutex({ class: 'A' }).acquire();
      const { live } = (await thread.ask({ command: 'hold', name: 'B' })) as { live: string };
      assert.match(live, /^held B, [^\n]*$/);
      assert.equal(lockdep.held().length, 1);
      assert.match(lockdep.showAllLocks(), /^held A, [^\n]*$/);
      release();
    });
  });

  it('turned off in one, the hooks stay in the others', async () => {
    const [one, other] = [new Thread(), new Thread()];
    await Promise.all([one.order('A', 'B'), other.order('A', 'B')]);
    await one.ask({ command: 'configure', options: { mode: 'off' } });
    assert.deepEqual(await one.ask({ command: 'state' }), { mode: 'off', hooks: false, marks: [] });
    const { mode, hooks } = (await other.ask({ command: 'state' })) as { mode: string; hooks: boolean };
    assert.deepEqual({ mode, hooks }, { mode: 'warn', hooks: true });
    await Promise.all([one.order('B', 'A'), other.order('B', 'A')]);
    assert.deepEqual(await one.ask({ command: 'reports' }), []);
    assert.deepEqual(await other.ask({ command: 'reports' }), INVERSION);
  });

  it('one that is terminated while it holds and waits leaves the main thread alone', async () => {
    const thread = new Thread();
    await isolated(async ({ lockdep, Mutex }) => {
      const lock = new Mutex({ class: 'A' });
      const release = await lock.acquire();
      assert.equal(await thread.ask({ command: 'keep', name: 'A' }), 2);
      await thread.end();
      await nextTurn();
      assert.equal(lockdep.isHeld(lock), true);
      release();
      assert.deepEqual(lockdep.reports(), []);
    });
  });
});

describe('lockdep run of a program with a worker', () => {
  const main = fileURLToPath(new URL('cli/main.js', built));
  const program = (
    work: string,
  ): string => `import { Mutex } from 'async-mutex'; const [a, b] = [new Mutex(), new Mutex()];
    const inOrder = (outer, inner) => outer.runExclusive(() => inner.runExclusive(() => {})); ${work}`;
  const started = `import { Worker } from 'node:worker_threads'; import { once } from 'node:events';
    await once(new Worker(new URL('worker.mjs', import.meta.url)), 'exit');`;

  async function run(inMain: string, inWorker: string): Promise<Result> {
    const project = new Project({ 'main.mjs': `${program(inMain)} ${started}`, 'worker.mjs': program(inWorker) });
    try {
      return await project.node([main, 'run', '--', 'main.mjs']);
    } finally {
      project.remove();
    }
  }

  it('fails for an inversion within the worker', async () => {
    const { code, stderr } = await run('await inOrder(a, b);', 'await inOrder(a, b); await inOrder(b, a);');
    assert.match(stderr, /in worker threads: 1 report \(1 strict, 0 advisory\)/);
    assert.equal(code, 1);
  });

  it('is clean where each thread has one order', async () => {
    const { code, stderr } = await run('await inOrder(a, b);', 'await inOrder(b, a);');
    assert.match(stderr, /no reports/);
    assert.equal(code, 0);
  });
});
