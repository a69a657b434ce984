/** A process in which an older copy of the package came first: what it left on the global object, by key and shape. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { InstalledPackage } from './installed.js';

let installed: InstalledPackage;
before(() => {
  installed = new InstalledPackage();
});
after(() => installed.remove());

/** As of the copies before the validator was a file of its own. A state whose shape has changed since has another number. */
const OLDER = `
  const leave = (key, value) => Object.defineProperty(globalThis, Symbol.for('lockdep.' + key), { value });
  leave('runtime.1', Object.freeze({}));
  leave('then.1', Object.freeze({}));
  leave('warnings.1', new Set());
  leave('directories.1', new Set(['/older/']));
  leave('options.2', { on: 1, told: new Set(), full: false });
  leave('sites.1', { print: () => 'a place as the older copy prints it' });
  const listeners = () => new Set();
  globalThis.olderTable = { nextId: 7, kept: 0, names: new Map(), named: new Map(), bySite: new Map(), beyond: undefined,
    collected: new FinalizationRegistry(() => undefined), disposeListeners: listeners(), sharingListeners: listeners(),
    conflictListeners: listeners(), fullListeners: listeners() };
  leave('classes.4', globalThis.olderTable);`;

const BODY = `
  const [a, b] = [new Mutex({ class: 'a' }), new Mutex()];
  const nest = (outer, inner) => outer.runExclusive(() => inner.runExclusive(() => 1));
  nest(a, b).then(() => nest(b, a)).catch(({ code }) => code).then((last) => {
    const ids = lockdep.mode === 'off' ? [] : lockdep.reports().map(({ id }) => id);
    const shared = olderTable.nextId > 7 && olderTable.named.get('a') === a.lockClass;
    console.log(JSON.stringify([last, ids.length, ids.some((id) => id.includes('older')), shared]));
  });`;

describe('a program that has loaded an older copy of the package', () => {
  for (const [name, program] of [
    ['require.cjs', `const { lockdep, Mutex } = require('lockdep');${BODY}`],
    ['import.mjs', `import { lockdep, Mutex } from 'lockdep';${BODY}`],
  ] as const) {
    for (const [mode, outcome] of [
      ['off', [1, 0, false, true]],
      ['warn', [1, 1, false, true]],
      ['enforce', ['ERR_LOCKDEP_CIRCULAR_DEPENDENCY', 1, false, true]],
    ] as const) {
      it(`shares the lock classes with it and follows its own locks in mode ${mode}, by ${name}`, () => {
        installed.write('older.cjs', OLDER);
        installed.write(name, program);
        const { code, stdout, stderr } = installed.node(['--require', './older.cjs', name], { LOCKDEP: mode });
        assert.equal(code, 0, stderr);
        assert.deepEqual(JSON.parse(stdout), outcome, stderr);
      });
    }
  }
});
