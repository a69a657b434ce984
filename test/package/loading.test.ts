import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { InstalledPackage } from './installed.js';

let installed: InstalledPackage;
before(() => {
  installed = new InstalledPackage();
});
after(() => installed.remove());

/** What a program prints as JSON, and what else it says. */
function told(code: string, env: NodeJS.ProcessEnv, flags: readonly string[] = []): { json: unknown; stderr: string } {
  installed.write('program.cjs', code);
  const outcome = installed.node([...flags, 'program.cjs'], env);
  assert.equal(outcome.code, 0, outcome.stderr);
  return { json: JSON.parse(outcome.stdout), stderr: outcome.stderr };
}

const LOADED = `const loaded = () => Object.keys(require.cache).some((path) => /lockdep[\\\\/]dist[\\\\/]engine\\.js$/.test(path));`;

describe('the mode that nobody has chosen', () => {
  const code = `${LOADED}
    const { lockdep } = require('lockdep');
    console.log(JSON.stringify([lockdep.mode, loaded()]));`;
  for (const [env, mode] of [
    [{ NODE_ENV: undefined }, 'off'],
    [{ NODE_ENV: 'production' }, 'off'],
    [{ NODE_ENV: 'staging' }, 'off'],
    [{ NODE_ENV: 'development' }, 'warn'],
    [{ NODE_ENV: 'test' }, 'warn'],
    [{ NODE_ENV: 'development', LOCKDEP: 'off' }, 'off'],
    [{ NODE_ENV: 'production', LOCKDEP: 'warn' }, 'warn'],
    [{ NODE_ENV: undefined, LOCKDEP: 'enforce' }, 'enforce'],
  ] as const) {
    it(`is ${mode} with ${JSON.stringify(env)}, and a validator is loaded only if it is not off`, () => {
      assert.deepEqual(told(code, env).json, [mode, mode !== 'off']);
    });
  }
});

describe('the validator', () => {
  const first = {
    'a lock': `new Mutex()`,
    'a queue': `new WorkQueue()`,
    'a completion': `new Completion()`,
    'a pseudo-lock': `new PseudoLock({ class: 'bus' })`,
    'the question for the mode': `lockdep.mode`,
    'a task': `lockdep.task('job', () => undefined)`,
    'a call of configure': `lockdep.configure({ stackDepth: 3 })`,
  };
  for (const [what, code] of Object.entries(first)) {
    it(`of a mode that asks for it is loaded by ${what}, and not by the import`, () => {
      const program = `${LOADED}
        const { Completion, lockdep, Mutex, PseudoLock, WorkQueue } = require('lockdep');
        const values = [loaded()];
        ${code};
        console.log(JSON.stringify([...values, loaded()]));`;
      for (const env of [{ LOCKDEP: 'enforce' }, { NODE_ENV: 'test' }])
        assert.deepEqual(told(program, env).json, [false, true]);
    });
  }

  it('names a wrong word of the environment at the import', () => {
    installed.write('program.cjs', `require('lockdep'); console.log('went on');`);
    for (const wrong of [{ LOCKDEP: 'loud' }, { NODE_ENV: 'test', LOCKDEP_TRACKING: 'exact' }]) {
      const { code, stdout, stderr } = installed.node(['program.cjs'], wrong);
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.match(stderr, /RangeError: environment variable LOCKDEP\w* must be .*, got "(loud|exact)"/);
    }
  });

  it('follows the very function in which the first lock is made, by calls and by scopes', () => {
    const byCall = `const nest = async (outer, inner) => {
      const release = await outer.acquire();
      (await inner.acquire())();
      release();
    };`;
    const byScope = `const nest = (outer, inner) => outer.runExclusive(() => inner.runExclusive(() => undefined));`;
    for (const nest of [byCall, byScope]) {
      const code = `
        const { lockdep, Mutex } = require('lockdep');
        ${nest}
        const main = async () => {
          await undefined;
          const [a, b] = [new Mutex({ class: 'a' }), new Mutex({ class: 'b' })];
          const release = await a.acquire();
          (await b.acquire())();
          release();
          await nest(b, a);
          console.log(JSON.stringify(lockdep.reports().map(({ kind, tier }) => [kind, tier])));
        };
        main();`;
      assert.deepEqual(told(code, { LOCKDEP: 'warn' }).json, [['circular-dependency', 'strict']]);
    }
  });

  it('is loaded in the call of configure that asks for it, and locks made before are followed from then on', () => {
    const code = `${LOADED}
      const { lockdep, Mutex } = require('lockdep');
      const [a, b] = [new Mutex({ class: 'a' }), new Mutex({ class: 'b' })];
      const nest = (outer, inner) => outer.runExclusive(() => inner.runExclusive(() => undefined));
      (async () => {
        await nest(a, b);
        const before = loaded();
        lockdep.configure({ stackDepth: 3 });
        const between = loaded();
        lockdep.configure({ mode: 'warn', warnings: false });
        await nest(a, b);
        await nest(b, a);
        console.log(JSON.stringify([before, between, loaded(), lockdep.reports().map(({ kind }) => kind)]));
      })();`;
    assert.deepEqual(told(code, { NODE_ENV: undefined }).json, [false, false, true, ['circular-dependency']]);
  });

  it('is not loaded by what needs none while the mode is off', () => {
    const code = `${LOADED}
      const { lockdep, Mutex, WorkQueue, Completion } = require('lockdep');
      const lock = new Mutex();
      new Completion().complete();
      (async () => {
        await new WorkQueue().run(() => lock.runExclusive(() => lockdep.assertHeld(lock)));
        const values = [lockdep.held(), lockdep.isHeld(lock) ?? null, lockdep.showAllLocks(), lockdep.tracking];
        values.push(await lockdep.task('job', async () => lockdep.detached(() => 1)), loaded());
        console.log(JSON.stringify(values));
      })();`;
    const off = 'lockdep is off: no lock is followed';
    assert.deepEqual(told(code, { NODE_ENV: 'production' }).json, [[], null, off, 'precise', 1, false]);
  });

  it('is loaded by what is asked of an order, and stays off', () => {
    const code = `${LOADED}
      const { lockdep } = require('lockdep');
      lockdep.declareOrder('first', 'second');
      console.log(JSON.stringify([lockdep.mode, loaded(), lockdep.snapshot().edges.length]));`;
    assert.deepEqual(told(code, { NODE_ENV: 'production' }).json, ['off', true, 1]);
  });

  it('comes to locks in a bundle from the package beside it, by one sentence where there is none', () => {
    const code = `
      (async () => {
        const { lockdep, Mutex } = await import('./node_modules/lockdep/dist/esm/index.js');
        lockdep.configure({ mode: 'warn', warnings: false });
        const [a, b] = [new Mutex({ class: 'a' }), new Mutex({ class: 'b' })];
        const nest = (outer, inner) => outer.runExclusive(() => inner.runExclusive(() => undefined));
        await nest(a, b);
        await nest(b, a);
        console.log(JSON.stringify([lockdep.mode, lockdep.reports().length]));
      })();`;
    assert.deepEqual(told(code, { NODE_ENV: undefined }).json, ['warn', 1]);
    const alone = told(`process.getBuiltinModule = undefined;\n${code}`, { NODE_ENV: undefined });
    assert.deepEqual(alone.json, ['off', 0]);
    assert.equal(alone.stderr.match(/LOCKDEP_MISSING/g)?.length, 1, alone.stderr);
  });

  it('is the same for the package and for a bundle in one process', () => {
    const code = `
      const { lockdep, Mutex } = require('lockdep');
      (async () => {
        const bundled = await import('./node_modules/lockdep/dist/esm/locks.js');
        lockdep.configure({ mode: 'warn', warnings: false });
        const [a, b] = [new Mutex({ class: 'a' }), new bundled.Mutex({ class: 'b' })];
        const nest = (outer, inner) => outer.runExclusive(() => inner.runExclusive(() => undefined));
        await nest(a, b);
        await nest(b, a);
        console.log(JSON.stringify(lockdep.reports().map(({ kind }) => kind)));
      })();`;
    assert.deepEqual(told(code, { NODE_ENV: undefined }).json, ['circular-dependency']);
  });
});

describe('what an import of the locks loads', () => {
  /** Files of the package, and their bytes, after `require` of an entry. */
  const sizes = (entry: string): string => `
    require('${entry}');
    const { statSync } = require('node:fs');
    const own = Object.keys(require.cache).filter((path) => /lockdep[\\\\/]dist/.test(path));
    console.log(JSON.stringify([own.length, own.reduce((sum, path) => sum + statSync(path).size, 0)]));`;
  for (const [entry, files, kilobytes] of [
    ['lockdep/async-mutex', 3, 59],
    ['lockdep/locks', 4, 103],
    ['lockdep', 4, 103],
  ] as const) {
    it(`${entry} loads at most ${files} files and ${kilobytes} kB while the mode is off`, () => {
      const [count, bytes] = told(sizes(entry), { NODE_ENV: 'production' }).json as [number, number];
      assert.ok(count <= files, `${count} files`);
      assert.ok(bytes <= kilobytes * 1000, `${bytes} bytes`);
    });
  }
});

describe('the errors of async-mutex', () => {
  it('are the very objects of the module system by which a process comes to the package', () => {
    const same = `['E_CANCELED', 'E_TIMEOUT', 'E_ALREADY_LOCKED'].every((name) => ours[name] === theirs[name])`;
    assert.equal(
      told(`const [ours, theirs] = [require('lockdep'), require('async-mutex')]; console.log(${same});`, {}).json,
      true,
    );
    installed.write(
      'program.mjs',
      `import * as ours from 'lockdep'; import * as theirs from 'async-mutex';
       const lock = new ours.Mutex(); await lock.acquire(); const waits = lock.acquire(); lock.cancel();
       console.log(${same} && (await waits.catch((error) => error)) === theirs.E_CANCELED);`,
    );
    const outcome = installed.node(['program.mjs']);
    assert.equal(outcome.stdout.trim(), 'true', outcome.stderr);
  });
});
