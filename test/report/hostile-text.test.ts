import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cleanEnvironment } from '../adapters/project.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'report-hostile-')));
after(() => rmSync(root, { recursive: true, force: true }));

/** Everything that a terminal obeys or that turns text around, one of each kind, with words of a forged report. */
const HOSTILE = '\u001b[31m\u0007\u009b1m\u202e\u2066\u2028\u2029\ud800\u200f\ufeff\r\nLOCKDEP: forged';
const FORBIDDEN = /(?!\u200C|\u200D|\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Uses every way in which a name, a file, a source or an error of a program comes to be printed. */
const PROGRAM = `
import { inspect } from 'node:util';
import { Completion, DeclaredOrderError, LockClass, lockClass, lockdep, Mutex, PseudoLock, RWSemaphore, Semaphore, WorkItem, WorkQueue } from 'lockdep';

const H = JSON.parse(process.argv[2]);
const out = [];
const print = (what, text) => out.push([what, String(text)]);
const caught = async (what, fn) => {
  try { await fn(); print(what, 'nothing was thrown'); } catch (error) { print(what, error.message); print(what, error.code ?? ''); }
};
const soon = () => { const abort = new AbortController(); setTimeout(() => abort.abort(), 1); return abort.signal; };
const seen = [];
process.on('warning', ({ name, code, message }) => seen.push([code, name + ': ' + message]));
lockdep.configure({ onReport: () => { throw new Error(H); } });

const nest = (a, b, name = 'job ' + H) => lockdep.task(name, () => a.runExclusive(() => b.runExclusive(() => {})));
const both = async (a, b) => { await nest(a, b); await nest(b, a); };

// Classes, labels, subclasses, tasks, the file of this program.
await both(new Mutex({ class: 'one ' + H, name: 'label ' + H }), new Semaphore(1, undefined, { class: new LockClass('two ' + H) }));
await both(new Mutex({ class: lockClass('three ' + H).subclass('level ' + H) }), new Semaphore(2, undefined, { name: H }));
await both(new Mutex(), new Mutex());
const self = new Mutex({ name: H });
await self.runExclusive(() => self.runExclusive(() => {}, { timeout: 1 }).catch(() => {}));
self.release();
const dead = new Mutex({ name: H, class: 'dead ' + H });
const release = await dead.acquire();
dead[Symbol.dispose]?.();
lockdep.assertNotHeld(dead);
lockdep.assertNoneHeld();
lockClass('conflict ' + H);
lockClass('conflict ' + H, { track: false });
await lockdep.task('leaks ' + H, async () => { await new Mutex({ class: 'leaked ' + H }).acquire(); });

// Names of functions, and code that was evaluated under a name of its own.
const named = { async [H]() { const [a, b] = [new Mutex({ class: 'fn a' }), new Mutex({ class: 'fn b' })]; await both(a, b); } };
await named[H]();
globalThis.locks = { Mutex, both };
await (0, eval)('(async () => { const { Mutex, both } = globalThis.locks; await both(new Mutex(), new Mutex()); })()\\n//# sourceURL=/evil' + H.replaceAll(/[\\r\\n\\u2028\\u2029]/g, ' ') + '.js');

// A comparator that fails, an option that nobody knows, graphs from elsewhere, declarations.
const ordered = new LockClass('ordered ' + H, { order: () => { throw new Error(H); } });
await nest(new Mutex({ class: ordered }), new Mutex({ class: ordered })).catch(() => {});
new Mutex({ ['option ' + H]: 1 });
lockdep.load({ version: 1, classes: [{ name: 'far ' + H, site: 'site ' + H }, { name: 'near ' + H }], edges: [
  { from: 'far ' + H, to: 'near ' + H, kinds: ['EN'], tier: 'strict', count: 1, sites: [['held ' + H, 'wanted ' + H]], gates: [['gate ' + H]] },
  { from: 'near ' + H, to: 'far ' + H, kinds: ['EN'], tier: 'strict', count: 1, sites: [['held ' + H, 'wanted ' + H]] }] });
lockdep.bless('blessed ' + H, 'other ' + H, 'because ' + H);
await both(new Mutex({ class: lockClass('blessed ' + H) }), new Mutex({ class: lockClass('other ' + H) }));
lockdep.declareOrder('first ' + H, 'second ' + H);
await caught('declareOrder against it', () => lockdep.declareOrder('second ' + H, 'first ' + H));
await caught('declareOrder twice', () => lockdep.declareOrder('x' + H, 'x' + H));
await caught('bless twice', () => lockdep.bless('x' + H, 'x' + H, 'no'));
await caught('declareOrder of no class', () => lockdep.declareOrder(Symbol(H), 'x'));
await caught('load of no graph', () => lockdep.load({ version: 1, classes: H, edges: [] }));
await caught('load of a kind', () => lockdep.load({ version: 1, classes: [], edges: [{ from: 'a', to: 'b', kinds: [H], tier: 'strict', count: 0, sites: [] }] }));
await caught('a wrong option', () => lockdep.configure({ mode: H }));
await caught('a wrong name', () => new Mutex({ class: { [H]: 1 } }));
await caught('a wrong function', () => lockdep.task('x', H));
await caught('a wrong callback', () => new Mutex().runExclusive(H));
lockdep.configure({ mode: 'enforce' });
await caught('enforce', () => both(new Mutex({ class: 'e1 ' + H }), new Mutex({ class: 'e2 ' + H })));
lockdep.configure({ mode: 'warn' });

// Queues, items, events.
const queue = new WorkQueue({ name: 'queue ' + H, class: 'queue ' + H });
await queue.run(() => queue.run(() => {}, { signal: soon() }).catch(() => {}), { name: 'task ' + H });
await queue.run(() => new Mutex({ class: 'left ' + H }).acquire(), { name: 'leaks ' + H });
const item = new WorkItem(() => {}, { name: 'item ' + H, class: 'item ' + H });
const event = new Completion({ name: 'event ' + H, class: 'event ' + H });
const pseudo = new PseudoLock({ name: 'pseudo ' + H, class: 'pseudo ' + H });

print('showAllLocks', lockdep.showAllLocks());
for (const lock of [self, dead, queue, item, event, pseudo, new Mutex(), new RWSemaphore({ name: H })]) print('inspect', inspect(lock));
print('inspect of a promise', inspect(lockdep.task(H, () => new Mutex({ name: H }).acquire()), { showHidden: true, depth: 9 }));
for (const { site, lockClass } of lockdep.held()) print('held', site + lockClass.name);
const texts = (what, value) => {
  if (typeof value === 'string') print(what, value);
  else if (typeof value === 'object' && value !== null) for (const [key, each] of Object.entries(value)) texts(what + '.' + key, each);
};
texts('report', lockdep.reports());
texts('snapshot', lockdep.snapshot());
await new Promise((resolve) => setTimeout(resolve, 20));
texts('warning', seen);
release();
const { writeFileSync } = await import('node:fs');
writeFileSync('texts.json', JSON.stringify({ out, kinds: lockdep.reports().map(({ kind }) => kind), codes: seen.map(([code]) => code) }));
await queue.run(() => { throw new Error('unhandled'); }).catch(() => {});
process.on('uncaughtException', () => {});
void queue.run(() => Promise.reject(new TypeError('nobody handles it')), { name: H });
`;

interface Texts {
  readonly out: readonly (readonly [what: string, text: string])[];
  readonly kinds: readonly string[];
  readonly codes: readonly string[];
}

test('no hostile name reaches a terminal, an id, a report, a list of locks, a graph or an error', () => {
  const project = join(root, `folder ${HOSTILE.replace('\ud800', '').replaceAll('/', '')}`);
  mkdirSync(join(project, 'node_modules/lockdep'), { recursive: true });
  const installed = fileURLToPath(new URL('node_modules/', new URL('.', import.meta.resolve('lockdep/package.json'))));
  symlinkSync(join(installed, 'async-mutex'), join(project, 'node_modules/async-mutex'));
  symlinkSync(join(installed, 'tslib'), join(project, 'node_modules/tslib'));
  symlinkSync(join(installed, '../dist'), join(project, 'node_modules/lockdep/dist'));
  writeFileSync(
    join(project, 'node_modules/lockdep/package.json'),
    readFileSync(new URL(import.meta.resolve('lockdep/package.json'))),
  );
  const map = { version: 3, sources: [`src/${HOSTILE}.ts`], names: [], mappings: ';AAAA'.repeat(100) };
  const url = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
  writeFileSync(join(project, 'plain.mjs'), PROGRAM);
  writeFileSync(join(project, 'mapped.mjs'), `${PROGRAM}\n//# sourceMappingURL=${url}\n`);
  for (const script of ['plain.mjs', 'mapped.mjs']) {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [
        '--import',
        pathToFileURL(join(project, 'node_modules/lockdep/dist/register.js')).href,
        join(project, script),
        JSON.stringify(HOSTILE),
      ],
      { cwd: root, encoding: 'utf8', env: cleanEnvironment({ LOCKDEP_SUMMARY: '1', LOCKDEP_OUT: 'records' }) },
    );
    assert.equal(stdout, '', stderr);
    assert.equal(status, 1, stderr);
    assert.ok(readdirSync(root).includes('texts.json'), stderr.slice(-2000));
    const { out, kinds, codes } = JSON.parse(readFileSync(join(root, 'texts.json'), 'utf8')) as Texts;
    for (const [what, text] of out) {
      assert.doesNotMatch(text, FORBIDDEN, `${script}: ${what}`);
      assert.doesNotMatch(text, /^LOCKDEP: forged/m, `${script}: ${what}`);
      assert.ok(
        !text.includes('\n') || /message|showAllLocks|warning|enforce|inspect of a promise/.test(what),
        `${script}: ${what}: ${text}`,
      );
      assert.notEqual(text, 'nothing was thrown', `${script}: ${what}`);
    }
    assert.doesNotMatch(stderr, FORBIDDEN, script);
    assert.doesNotMatch(stderr, /^LOCKDEP: forged/m);
    assert.match(stderr, /LOCKDEP: possible deadlock/);
    assert.match(stderr, /^lockdep: .* reports/m);
    assert.match(stderr, /^ {2}accepted: blessed \\u001b\[31m/m);
    const expected = [
      'circular-dependency',
      'recursive-locking',
      'bad-unlock-balance',
      'leaked-lock',
      'assertion',
      'class-conflict',
    ];
    for (const kind of expected) assert.ok(kinds.includes(kind), `${script}: no ${kind}`);
    for (const code of ['LOCKDEP_ONREPORT_FAILED', 'LOCKDEP_COMPARATOR_FAILED', 'LOCKDEP_UNKNOWN_OPTION']) {
      assert.ok(codes.includes(code), `${script}: no ${code}`);
    }
    const ids = out.filter(([what]) => what.endsWith('.id')).map(([, text]) => text);
    assert.ok(
      ids.some((id) => id.includes('\\u202e')),
      ids.join('\n'),
    );
    if (script === 'mapped.mjs') assert.ok(out.some(([what, text]) => what.endsWith('.site') && text.includes('.ts:')));
  }
  for (const file of readdirSync(join(root, 'records'))) {
    assert.doesNotMatch(readFileSync(join(root, 'records', file), 'utf8'), FORBIDDEN);
  }
});
