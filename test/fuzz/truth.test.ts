/** Is the truth right? Programs small enough to be judged by reading them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { make, type Program } from './program.js';
import { runProgram } from './run.js';

const { child, group, part, program, scope, take, tick } = make;

interface Case {
  readonly name: string;
  readonly program: Program;
  /** Edges that are true and provable. */
  readonly expected?: readonly string[];
  /** Edges that are true, but the holder waits only later, or for a signal. */
  readonly allowed?: readonly string[];
}

const AB = 'a -> b';
const ticks = tick('turn', 4);

const lateChild = child([take('b', [tick('turn', 8)], { via: 'async1' })], { join: 'later', between: [tick()] });

const inScope = (lock: string) => ({ work: 'scope', lock }) as const;

const CASES: readonly Case[] = [
  { name: 'nested in one function', program: program([take('a', [take('b')])]), expected: [AB] },
  { name: 'one after the other', program: program([take('a'), take('b')]) },
  { name: 'nested scopes', program: program([scope('a', [scope('b')])]), expected: [AB] },
  { name: 'an awaited child', program: program([take('a', [child([tick(), take('b')])])]), expected: [AB] },
  {
    name: 'a detached child that ends first',
    program: program([take('a', [child([take('b')], { join: 'void' }), ticks])]),
  },
  {
    name: 'a detached child that outlives the holder',
    program: program([take('a', [child([ticks, take('b')], { join: 'void' })])]),
  },
  {
    name: 'a child that is awaited later, when it has its lock already',
    program: program([take('a', [child([take('b', [ticks])], { join: 'later', between: [tick()] })])]),
    allowed: [AB],
  },
  {
    name: 'one of several is waited for, which waits for a scope between the last line of its callback and its end',
    program: program([
      child(
        [
          group('race', [
            part([group('all', [part([], inScope('b'))], { join: 'later', between: [tick('null')] })], inScope('c')),
            part([], inScope('d')),
          ]),
        ],
        inScope('a'),
      ),
    ]),
    allowed: [AB, 'a -> c', 'a -> d', 'c -> b'],
  },
  {
    name: 'a child that is awaited later, when it has ended',
    program: program([take('a', [child([take('b')], { join: 'later', between: [ticks] })])]),
    allowed: [AB],
  },
  {
    name: 'a lock taken while a child is under way, which is awaited after the release',
    program: program([child([tick(), take('b')], { join: 'later', between: [take('a')] })]),
  },
  {
    name: 'a grandchild that is detached',
    program: program([take('a', [child([child([take('b', [tick()])], { join: 'immediate' })]), ticks])]),
  },
  {
    name: 'a child that signals between two locks',
    program: program([take('a', [child([take('b')], { join: 'deferred', after: [ticks, take('c')] })])]),
    allowed: [AB],
  },
  {
    name: 'another flow signals under its lock and keeps it for a while',
    program: program([{ kind: 'signal', keeper: 'then', via: 'async1', waits: false, turns: 4, body: [take('b')] }]),
  },
  {
    name: 'another flow signals under its lock and keeps it until the body has run',
    program: program([{ kind: 'signal', keeper: 'function', via: 'async1', waits: true, turns: 0, body: [take('b')] }]),
    allowed: ['0@ -> b'],
  },
  {
    name: 'siblings in Promise.all',
    program: program([take('a', [group('all', [part([take('b', [ticks])]), part([tick(), take('c')])])])]),
    expected: [AB, 'a -> c'],
  },
  {
    name: 'Promise.race that a sibling wins',
    program: program([take('a', [group('race', [part([take('b', [ticks])]), part([])])])]),
    allowed: [AB],
  },
  {
    name: 'a child that has its lock already, by a helper of its own, and is awaited while it holds it, until a sibling wins',
    program: program([take('a', [group('any', [part([lateChild]), part([tick('turn', 3)])])])]),
    allowed: [AB],
  },
  {
    name: 'a handed lock, transferred',
    program: program([{ kind: 'handoff', how: 'transfer', lock: 'a', body: [take('b')], after: [] }]),
  },
  {
    name: 'a lock whose child is returned past the release',
    program: program([{ kind: 'leaky', lock: 'a', body: [tick(), take('b')] }]),
  },
  {
    name: 'a generator that holds across yields',
    program: program([{ kind: 'yielding', lock: 'a', times: 2, late: true, stops: false, body: [take('b')] }]),
    expected: [AB],
  },
  {
    name: 'a posted job, whose poster waits, and the lock of the flow that runs it',
    program: program([take('a', [child([take('b')], { join: 'posted' })])], { workerLock: true }),
    expected: [AB, 'W0 -> b'],
    allowed: ['a -> W0'],
  },
  {
    name: 'a posted job, whose poster does not wait',
    program: program([take('a', [child([take('b')], { join: 'postBind' }), ticks])]),
  },
  {
    name: 'out of order: the first lock is released before a third is wanted',
    program: program([{ kind: 'pair', how: 'direct', fifo: true, body: [take('b')], tail: [take('c')] }]),
    expected: ['0@ -> 1@', '0@ -> b', '1@ -> b', '1@ -> c'],
  },
  {
    name: 'tryAcquire is no wait, what follows is',
    program: program([take('a', [{ kind: 'try', lock: 'b', guard: false, body: [take('c')] }])]),
    expected: ['a -> c', 'b -> c'],
  },
  {
    name: 'a wait that is given up',
    program: program([take('a', [{ kind: 'abort', how: 'signal', body: [take('b')] }])]),
    expected: ['a -> 1@', AB],
  },
  {
    name: 'recursion, awaited and detached',
    program: program([child([], { work: 'call' })], {
      shared: [
        [take('level', [child([], { work: 'call', join: 'await' }), ticks]), child([], { work: 'call', join: 'void' })],
      ],
    }),
    expected: ['0#0 -> 0#1', '0#1 -> 0#2', '0#1 -> 0#3', '0#2 -> 0#3'],
  },
];

describe('the truth about a program', () => {
  for (const { name, program: given, expected = [], allowed = [] } of CASES) {
    it(name, async () => {
      const outcome = await runProgram(given);
      assert.equal(outcome.failure, undefined);
      assert.deepEqual(outcome.falseStrict, []);
      const provable = outcome.expected.map(({ from, to }) => `${from} -> ${to}`);
      assert.deepEqual(provable.toSorted(), expected.toSorted());
      const late = outcome.allowed.filter((edge) => !provable.includes(edge));
      assert.deepEqual(late.toSorted(), allowed.toSorted());
    });
  }
});
