/** The package where the runtime has less than Node: each lack is made by a preload, before the package is loaded. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { InstalledPackage } from './installed.js';

let installed: InstalledPackage;
before(() => {
  installed = new InstalledPackage();
});
after(() => installed.remove());

const BODY = `
  const [a, b] = [new Mutex({ class: 'a' }), new Mutex()];
  const nest = (outer, inner) => outer.runExclusive(() => inner.runExclusive(() => 1));
  const ran = () => Promise.all([nest(a, b), new WorkQueue().run(() => 1)]);
  const done = ran().then(ran).then(() => nest(b, a));
  done.then(() => console.log(JSON.stringify([lockdep.mode, lockdep.tracking, lockdep.mode === 'off' ? 0 : lockdep.reports().length])));`;

const NAMES = '{ lockdep, Mutex, WorkQueue }';
const PROGRAMS = {
  'require.cjs': `const ${NAMES} = require('lockdep');${BODY}`,
  'import.mjs': `import ${NAMES} from 'lockdep';${BODY}`,
  'eager.mjs': `import './node_modules/lockdep/dist/esm/eager.js';import ${NAMES} from './node_modules/lockdep/dist/esm/index.js';${BODY}`,
};

const lackOf = (module: string, change: string): string =>
  `const it = require('${module}'); ${change}; require('node:module').syncBuiltinESMExports();`;

/** With LOCKDEP=warn: mode, tracking and reports, and the codes of the one sentence. */
const LACKS: Readonly<
  Record<string, readonly [preload: string, outcome: readonly unknown[], codes: readonly string[]]>
> = {
  'has no promise hooks': [lackOf('node:v8', 'delete it.promiseHooks'), ['warn', 'light', 1], ['LOCKDEP_LIGHT']],
  'has promise hooks that throw': [
    lackOf('node:v8', `it.promiseHooks = { createHook() { throw new Error('not here'); } }`),
    ['warn', 'light', 1],
    ['LOCKDEP_LIGHT'],
  ],
  'has no AsyncLocalStorage': [
    lackOf('node:async_hooks', 'delete it.AsyncLocalStorage'),
    ['off', 'precise', 0],
    ['LOCKDEP_MISSING'],
  ],
  'has an AsyncLocalStorage that throws': [
    lackOf(
      'node:async_hooks',
      `const value = class { constructor() { throw new Error('not here'); } };
           Object.defineProperty(it, 'AsyncLocalStorage', { value })`,
    ),
    ['off', 'precise', 0],
    ['LOCKDEP_MISSING'],
  ],
  'has no FinalizationRegistry': ['delete globalThis.FinalizationRegistry;', ['warn', 'precise', 1], []],
  'has no WeakRef': ['delete globalThis.WeakRef;', ['warn', 'precise', 1], []],
  'has timers that are numbers, signals of its own and no setImmediate, as a window': [
    `const { setInterval, AbortController } = globalThis;
       globalThis.setInterval = (...args) => Number(setInterval(...args).unref());
       delete globalThis.setImmediate;
       globalThis.AbortController = class { signal = { aborted: false, addEventListener() {}, removeEventListener() {} }; };`,
    ['warn', 'precise', 1],
    [],
  ],
};

describe('a program on a runtime that', () => {
  for (const [lack, [preload, outcome, codes]] of Object.entries(LACKS)) {
    for (const [name, program] of Object.entries(PROGRAMS)) {
      it(`${lack} runs with one sentence at most, by ${name}`, () => {
        installed.write('lack.cjs', preload);
        installed.write(name, program);
        const { code, stdout, stderr } = installed.node(['--require', './lack.cjs', name], { LOCKDEP: 'warn' });
        assert.equal(code, 0, stderr);
        assert.deepEqual(JSON.parse(stdout), outcome, stderr);
        const told = [...stderr.matchAll(/\[(LOCKDEP_\w+)\]/g)].map(([, each]) => each);
        assert.deepEqual(
          told.filter((each) => each !== 'LOCKDEP_CIRCULAR_DEPENDENCY'),
          codes,
          stderr,
        );
      });
    }

    it(`${lack} hears nothing in mode off`, () => {
      installed.write('lack.cjs', preload);
      installed.write('require.cjs', PROGRAMS['require.cjs']);
      const { code, stdout, stderr } = installed.node(['--require', './lack.cjs', 'require.cjs'], { LOCKDEP: 'off' });
      assert.deepEqual([code, stdout.trim(), stderr], [0, '["off","precise",0]', '']);
    });
  }

  it('keeps its environment to itself runs in mode off', () => {
    installed.write(
      'lack.cjs',
      `const env = new Proxy({}, {
         get(none, name) {
           if (/LOCKDEP|NODE_ENV/.test(String(name))) throw new Error('no permission');
         },
       });
       Object.defineProperty(process, 'env', { value: env });`,
    );
    installed.write('require.cjs', PROGRAMS['require.cjs']);
    const { code, stdout, stderr } = installed.node(['--require', './lack.cjs', 'require.cjs'], { LOCKDEP: 'warn' });
    assert.deepEqual([code, stdout.trim(), stderr], [0, '["off","precise",0]', '']);
  });

  it('fails as the validator begins has locks alone, with the reason in one sentence', () => {
    installed.write('lack.cjs', `globalThis.setInterval = () => { throw new Error('no timers here'); };`);
    installed.write('require.cjs', PROGRAMS['require.cjs']);
    const { code, stdout, stderr } = installed.node(['--require', './lack.cjs', 'require.cjs'], { LOCKDEP: 'warn' });
    assert.deepEqual([code, stdout.trim()], [0, '["off","precise",0]'], stderr);
    assert.match(stderr, /LOCKDEP_MISSING.*no timers here/);
    assert.equal(stderr.match(/\[LOCKDEP_/g)?.length, 1, stderr);
  });
});
