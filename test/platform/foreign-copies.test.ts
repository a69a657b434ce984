/** The register of copies and who looks into it. The tests of a file share a process, so each undoes what it puts on globalThis. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const module = (name: string): string => JSON.stringify(new URL(`../../src/platform/${name}.js`, import.meta.url).href);

/** Runs a program in a process of its own; the texts of its LOCKDEP_COPIES warnings, and what it prints. */
function run(body: string, before = ''): { told: string[]; printed: string } {
  const code = `${before};
    const told = [];
    process.emitWarning = (message, { code }) => { if (code === 'LOCKDEP_COPIES') told.push(message); };
    const { registerCopy } = await import(${module('copies')});
    const { watchForCopies, lookForCopies } = await import(${module('foreign-copies')});
    const put = (key, value) => Object.defineProperty(globalThis, Symbol.for(key), { value });
    const nextTurn = () => new Promise((done) => setTimeout(done, 5));
    ${body};
    await nextTurn();
    process.stdout.write(JSON.stringify({ told, printed: globalThis.printed ?? '' }));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  });
  return JSON.parse(output) as { told: string[]; printed: string };
}

const OWN = `registerCopy('1.0.0', '/ours/');`;
const ON = `${OWN} watchForCopies(() => true);`;
const newer = (keys: string): string =>
  `const here = globalThis[Symbol.for('lockdep.copies')];
   here.copies.push({ version: '2.0.0', directory: '/theirs/', keys: ${keys} });
   for (const watcher of here.watchers) watcher();`;
const SHARED = `['lockdep.world.3', 'lockdep.process.4', 'lockdep.classes.6', 'lockdep.news.1']`;

describe('a copy of the package that shares no state with this one', () => {
  it('is named with its version and place where it has registered', () => {
    const { told } = run(`${ON} await nextTurn(); ${newer(`['lockdep.world.3']`)}`);
    assert.deepEqual(told, [
      "lockdep 1.0.0 (/ours/) and lockdep 2.0.0 (/theirs/) do not see each other's locks, so an inversion between them is " +
        'not reported: see that the process has one version of the package (npm ls lockdep shows who brings which)',
    ]);
  });

  it('is noticed by a key of its state where it is too old to register, before this one or after', () => {
    for (const body of [`put('lockdep.runtime.1', {}); ${ON}`, `${ON} put('lockdep.runtime.1', {});`]) {
      const { told } = run(body);
      assert.equal(told.length, 1, body);
      assert.match(String(told), /^lockdep 1\.0\.0 \(\/ours\/\) and lockdep of another version do not/);
    }
  });

  it('is noticed at the next look where it comes long after', () => {
    assert.equal(run(`${ON} await nextTurn(); put('lockdep.runtime.1', {}); lookForCopies();`).told.length, 1);
  });

  it('is noticed at the exit of a process that has no further turn', () => {
    const body = `${ON} await nextTurn(); put('lockdep.runtime.1', {});
      process.on('exit', () => process.stdout.write(JSON.stringify({ told }))); process.exit();`;
    assert.equal(run(body).told.length, 1);
  });

  it('is told of once, however many there are and whoever looks', () => {
    const body = `put('lockdep.runtime.1', {}); ${ON} await nextTurn();
      ${newer(`['lockdep.world.3']`)} lookForCopies(); lookForCopies();`;
    assert.equal(run(body).told.length, 1);
  });

  it('is not told of by a second copy where the first has done so', () => {
    const body = `${OWN} globalThis[Symbol.for('lockdep.copies')].told = true;
      put('lockdep.runtime.1', {}); watchForCopies(() => true);`;
    assert.deepEqual(run(body).told, []);
  });
});

describe('no copy is told of', () => {
  for (const [situation, body] of [
    ['where there is none but this one', ON],
    ['while the mode is off', `put('lockdep.runtime.1', {}); ${OWN} watchForCopies(() => false);`],
    ['while there is no validator', `put('lockdep.runtime.1', {}); ${OWN} lookForCopies();`],
    ['where the same files are loaded again', `${ON} ${OWN} ${OWN}`],
    ['where another place has the same version', `${ON} registerCopy('1.0.0', '/other/');`],
    ['where a newer one shares what has to be shared', `${ON} ${newer(SHARED)} put('lockdep.news.1', {});`],
    ['for a property of somebody else with a name like ours', `put('lockdep', {}); put('lockdep.mine', {}); ${ON}`],
  ] as const) {
    it(situation, () => assert.deepEqual(run(body).told, []));
  }
});

describe('a globalThis that is not as it should be', () => {
  it('has the look find nothing where it is frozen', () => {
    assert.deepEqual(run(ON, 'Object.freeze(globalThis)').told, []);
  });

  it('does no harm with getters that throw', () => {
    const getter = (key: string): string =>
      `Object.defineProperty(globalThis, Symbol.for('${key}'), { get() { throw new Error('hostile'); } });`;
    assert.deepEqual(run(ON, getter('lockdep.copies')).told, []);
    const { told } = run(ON, getter('lockdep.runtime.1') + getter('lockdep.directories.1'));
    assert.equal(told.length, 1);
  });

  it('does no harm with something else in the place of the register', () => {
    for (const value of [
      '1',
      'null',
      '{}',
      '{ copies: [null], watchers: [1], told: false }',
      'Object.freeze({ copies: [], watchers: [] })',
    ]) {
      const before = `Object.defineProperty(globalThis, Symbol.for('lockdep.copies'), { value: ${value} })`;
      assert.deepEqual(run(`${ON} lookForCopies();`, before).told, [], value);
    }
  });
});

describe('the register', () => {
  it('has one entry for the same files, with the keys by which later versions tell whether they share them', () => {
    const { printed } = run(`${ON} ${OWN} globalThis.printed = globalThis[Symbol.for('lockdep.copies')];`);
    const { copies, told } = printed as unknown as { copies: { keys: string[] }[]; told: boolean };
    assert.equal(copies.length, 1);
    assert.deepEqual({ ...copies[0], keys: [] }, { version: '1.0.0', directory: '/ours/', keys: [] });
    assert.ok(copies[0]?.keys.includes('lockdep.world.3'));
    assert.equal(told, false);
  });
});
