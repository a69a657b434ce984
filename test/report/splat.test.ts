import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS } from '../../src/report/kinds.js';
import { formatSplat } from '../../src/report/splat.js';
import type { Dependency, ReportKind } from '../../src/report/types.js';
import { inversion, link, use } from './samples.js';

const transfer = link('accounts', 'ledger', 'src/transfer.ts:8:30', 'src/transfer.ts:10:28', 'transfer');
const refund = link('ledger', 'accounts', 'src/refund.ts:18:16', 'src/refund.ts:20:9', 'refund');

/** A cycle of n links over classes C0, C1, ... */
function ring(n: number, name = (index: number): string => `C${index}`): Dependency[] {
  return Array.from({ length: n }, (_, i) => link(name(i), name((i + 1) % n), `src/r.ts:${i}:1`, `src/r.ts:${i}:9`));
}

test('an inversion of two classes', () => {
  const acquiring = use('accounts', 'src/refund.ts:20:9', { name: 'checking', state: 'waiting' });
  assert.equal(
    formatSplat({ ...inversion(transfer, refund), acquiring }),
    `\
LOCKDEP: possible deadlock: lock order inversion
================================================
Task "refund" is trying to take:
  accounts "checking", exclusive
    at src/refund.ts:20:9
but it already holds:
  ledger, exclusive
    at src/refund.ts:18:16

The chain of lock orders, in reverse (#0 is this attempt):

-> #1 (ledger): wanted while accounts was held, in task "transfer"
   accounts, exclusive, taken:
     at step (src/transfer.ts:8:30)
     at async main (src/main.ts:4:3)
   ledger, exclusive, wanted:
     at step (src/transfer.ts:10:28)
     at async main (src/main.ts:4:3)

-> #0 (accounts): wanted while ledger was held, in task "refund"
   ledger, exclusive, taken:
     at step (src/refund.ts:18:16)
     at async main (src/main.ts:4:3)
   accounts, exclusive, wanted:
     at step (src/refund.ts:20:9)
     at async main (src/main.ts:4:3)

What can happen:

  flow 1 (this)    flow 2
  --------------   --------------
  lock(ledger)     lock(accounts)
  lock(accounts)   lock(ledger)

  *** DEADLOCK ***

1 lock held by this flow:
  #0: ledger, exclusive, held
      at src/refund.ts:18:16

Stack of this flow:
  at step (src/refund.ts:20:9)
  at async main (src/main.ts:4:3)

Advice: Take accounts before ledger everywhere, as at src/transfer.ts:10:28; the attempt at
  src/refund.ts:20:9 is the other way round.`,
  );
});

test('a suspected inversion of three classes, with a missing stack and one of an earlier run', () => {
  const [ab, bc, ca] = ring(3) as [Dependency, Dependency, Dependency];
  const unknown = { ...ab, acquiring: { ...ab.acquiring, site: '', stack: [] } };
  const held = use('C2', 'src/r.ts:2:1', { mode: 'shared', evidence: 'suspected', exact: false });
  const facts = inversion(unknown, bc, { ...ca, tier: 'advisory', held });
  assert.equal(
    formatSplat({ ...facts, tier: 'advisory' }),
    `\
LOCKDEP: suspected deadlock: lock order inversion
=================================================
Advisory: part of this is inferred, not proven. It never throws and sets no exit code.
This flow is trying to take:
  C0, exclusive
    at src/r.ts:2:9
but it already holds:
  C2, shared, inherited (suspected)
    at src/r.ts:2:1 (as first seen in this sequence; not this acquisition)

The chain of lock orders, in reverse (#0 is this attempt):

-> #2 (C2): wanted while C1 was held
   C1, exclusive, taken:
     at step (src/r.ts:1:1)
     at async main (src/main.ts:4:3)
   C2, exclusive, wanted:
     at step (src/r.ts:1:9)
     at async main (src/main.ts:4:3)

-> #1 (C1): wanted while C0 was held
   C0, exclusive, taken:
     at step (src/r.ts:0:1)
     at async main (src/main.ts:4:3)
   C1, exclusive, wanted:
     (no stack captured)

-> #0 (C0): wanted while C2 was held (advisory)
   C2, shared, inherited (suspected), taken:
     (as first seen in this sequence; not this acquisition)
     at step (src/r.ts:2:1)
     at async main (src/main.ts:4:3)
   C0, exclusive, wanted:
     at step (src/r.ts:2:9)
     at async main (src/main.ts:4:3)

What can happen:

  flow 1 (this)   flow 2     flow 3
  -------------   --------   --------
  rlock(C2)       lock(C0)   lock(C1)
  lock(C0)        lock(C1)   lock(C2)

  *** DEADLOCK ***

1 lock held by this flow:
  #0: C2, shared, inherited (suspected), held
      at src/r.ts:2:1 (as first seen in this sequence; not this acquisition)

Stack of this flow:
  at step (src/r.ts:2:9)
  at async main (src/main.ts:4:3)

Advice: Take C0, C1, C2 in this order everywhere; the attempt at src/r.ts:2:9 wants C0 while C2 is
  held. If nobody waits for the work that inherits the lock, start it in lockdep.detached().`,
  );
});

test('a cycle that came to light without an attempt says so, and has no flow of its own', () => {
  const { cycle = [], task } = inversion(
    link('A', 'B', 'a.ts:1:1', 'a.ts:1:2'),
    link('B', 'A', 'b.ts:2:1', 'b.ts:2:2'),
  );
  const facts = { kind: 'circular-dependency', tier: 'strict', held: [], cycle, task } as const;
  assert.equal(
    formatSplat({ ...facts, summary: 'A graph that was loaded closes the cycle.' }),
    `\
LOCKDEP: possible deadlock: lock order inversion
================================================
A graph that was loaded closes the cycle.
A flow has wanted:
  A, exclusive
    at b.ts:2:2
while it held:
  B, exclusive
    at b.ts:2:1

The chain of lock orders, in reverse (#0 closes it):

-> #1 (B): wanted while A was held
   A, exclusive, taken:
     at step (a.ts:1:1)
     at async main (src/main.ts:4:3)
   B, exclusive, wanted:
     at step (a.ts:1:2)
     at async main (src/main.ts:4:3)

-> #0 (A): wanted while B was held
   B, exclusive, taken:
     at step (b.ts:2:1)
     at async main (src/main.ts:4:3)
   A, exclusive, wanted:
     at step (b.ts:2:2)
     at async main (src/main.ts:4:3)

What can happen:

  flow 1    flow 2
  -------   -------
  lock(B)   lock(A)
  lock(A)   lock(B)

  *** DEADLOCK ***

Advice: Take A before B everywhere, as at a.ts:1:2; the attempt at b.ts:2:2 is the other way round.`,
  );
});

test('one class taken twice', () => {
  const acquiring = use('nodes', 'src/tree.ts:9:20', { name: 'left', state: 'waiting' });
  const held = [use('nodes', 'src/tree.ts:7:20', { name: 'root' }), use('log', 'src/tree.ts:8:20')];
  assert.equal(
    formatSplat({ kind: 'recursive-locking', tier: 'strict', acquiring, held, instances: 2, task: 'walk' }),
    `\
LOCKDEP: possible deadlock: recursive locking
=============================================
Task "walk" is trying to take:
  nodes "left", exclusive
    at src/tree.ts:9:20
but it already holds:
  nodes "root", exclusive
    at src/tree.ts:7:20

What can happen:

  flow 1 (this)        flow 2
  ------------------   ------------------
  lock(nodes "root")   lock(nodes "left")
  lock(nodes "left")   lock(nodes "root")

  *** DEADLOCK ***

2 locks held by this flow, outermost first:
  #0: nodes "root", exclusive, held
      at src/tree.ts:7:20
  #1: log, exclusive, held
      at src/tree.ts:8:20

Stack of this flow:
  at step (src/tree.ts:9:20)
  at async main (src/main.ts:4:3)

Advice: Release the first lock of nodes before taking the second. If two instances nest by design,
  say how: the LockClass option \`order\`, or \`subclass\` for the inner one.`,
  );
});

test('a release of what nobody holds', () => {
  const summary = 'accounts "checking" was released, but nobody holds it.';
  const acquiring = use('accounts', 'src/refund.ts:31:12', { name: 'checking' });
  assert.equal(
    formatSplat({ kind: 'bad-unlock-balance', tier: 'strict', summary, acquiring, held: [], task: 'refund' }),
    `\
LOCKDEP: bad unlock balance
===========================
accounts "checking" was released, but nobody holds it.
The lock concerned, in task "refund":
  accounts "checking", exclusive
    at src/refund.ts:31:12

No locks held by this flow.

Stack of this flow:
  at step (src/refund.ts:31:12)
  at async main (src/main.ts:4:3)

Advice: Release accounts "checking" once per acquisition: runExclusive() or \`using guard = await
  lock.lock()\` does that by itself. To let another flow release it, hand it over with
  guard.transfer().`,
  );
});

test('a cycle of six flows is listed, one line each', () => {
  const text = formatSplat(inversion(...ring(6)));
  assert.match(
    text,
    /^ {2}flow 1 \(this\) {3}lock\(C5\), then lock\(C0\)\n {2}flow 2 {10}lock\(C0\), then lock\(C1\)$/m,
  );
  assert.match(text, /^ {2}flow 6 {10}lock\(C4\), then lock\(C5\)\n\n {2}\*{3} DEADLOCK \*{3}$/m);
});

test('five flows still make a table', () => {
  assert.match(formatSplat(inversion(...ring(5))), /^ {2}flow 1 \(this\) {3}flow 2 +flow 3 +flow 4 +flow 5$/m);
});

test('class names too long for columns are listed', () => {
  const text = formatSplat(inversion(...ring(2, (index) => `Mutex@packages/${'deep/'.repeat(8)}cache.ts:${index}:18`)));
  assert.match(text, /^ {2}flow 2 {10}lock\(Mutex@.*:0:18\), then lock\(Mutex@.*:1:18\)$/m);
});

test('ten links are printed in full', () => {
  const text = formatSplat(inversion(...ring(10)));
  assert.deepEqual(numbers(text), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  assert.doesNotMatch(text, /truncated|more flow/);
});

test('a longer chain keeps both ends and says how many links are left out', () => {
  const text = formatSplat(inversion(...ring(13)));
  assert.deepEqual(numbers(text), [12, 11, 10, 9, 8, 7, 6, 5, 4, 0]);
  assert.match(text, /truncated: 3 more links not shown/);
  assert.match(text, /\.\.\. and 3 more flows/);
});

function numbers(text: string): number[] {
  return [...text.matchAll(/^-> #(\d+)/gm)].map(([, digits]) => Number(digits));
}

test('what has happened is not called a possibility', () => {
  const text = formatSplat({ ...inversion(transfer, refund), kind: 'deadlock' });
  assert.match(text, /^LOCKDEP: deadlock: /);
  assert.match(text, /^Task "refund" is waiting for:$/m);
  assert.match(text, /^What has happened:$/m);
  assert.doesNotMatch(text, /possible/);
});

test('what seems to have happened is not said to have', () => {
  const text = formatSplat({ ...inversion(transfer, refund), kind: 'deadlock', tier: 'advisory' });
  assert.match(text, /^LOCKDEP: suspected deadlock: /);
  assert.match(text, /^What seems to have happened:$/m);
  assert.doesNotMatch(text, /What has happened/);
});

test('a name can neither break a line nor colour the terminal', () => {
  const acquiring = use('evil\nclass', 'src/a.ts:1:1', { name: '\u001b[31mred' });
  const text = formatSplat({ kind: 'stall', tier: 'strict', acquiring, held: [], task: 'a\rb' });
  assert.match(text, /^ {2}evil\\u000aclass "\\u001b\[31mred", exclusive$/m);
  assert.match(text, /^Task "a\\u000db"/m);
  assert.doesNotMatch(text.replaceAll('\n', ''), /\p{Cc}/u);
});

for (const kind of Object.keys(KINDS) as ReportKind[]) {
  for (const tier of ['strict', 'advisory'] as const) {
    test(`${kind}, ${tier}: with facts and without`, () => {
      const some = { kind, tier, summary: 'It is so.', acquiring: use('A', 'src/a.ts:1:1'), held: [], task: 'main' };
      for (const facts of [some, { kind, tier, held: [], task: '' }]) {
        const lines = formatSplat(facts).split('\n');
        assert.match(lines[0] ?? '', tier === 'strict' ? /^LOCKDEP: \w/ : /^LOCKDEP: .*(suspected|advisory)/);
        assert.equal(lines[1]?.length, lines[0]?.length);
        assert.equal(
          lines.includes('Advisory: part of this is inferred, not proven. It never throws and sets no exit code.'),
          tier === 'advisory',
        );
        assert.ok(lines.some((line) => line.startsWith('Advice: ')));
        assert.ok(lines.every((line) => line.length <= 100 && line === line.trimEnd() && !line.includes('undefined')));
      }
    });
  }
}
