/**
 * Locks of one place, of which a flow has held two: what is strict is a deadlock of these very locks. Against the twin that
 * keeps every attempt and knows each lock by itself.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import type { Mutex, RWSemaphore } from '../../src/index.js';
import { NaiveDeadlocks, type Attempt, type Hold, type Kind } from '../order/naive-deadlocks.js';
import { randomNumbers, RUNS, SEED } from '../order/property.js';
import { isolated } from '../support/harness.js';

type Random = (below: number) => number;

/** One lock of the program, and in which ways it may be wanted. */
interface Subject {
  readonly id: number;
  readonly kinds: readonly Kind[];
  run(kind: Kind, fn: () => Promise<void>): Promise<void>;
}

interface Step {
  readonly subject: Subject;
  readonly kind: Kind;
}

function subjectsOf(instance: IsolatedLockdep): Subject[] {
  const makeMutex = (): Mutex => new instance.Mutex();
  const makeFifo = (): RWSemaphore => new instance.RWSemaphore();
  const makePreferring = (): RWSemaphore => new instance.RWSemaphore({ fairness: 'reader-preferring' });
  const mutex = (lock: Mutex, id: number): Subject => ({
    id,
    kinds: ['exclusive'],
    run: (_kind, fn) => lock.runExclusive(fn),
  });
  const rw = (lock: RWSemaphore, id: number, read: Kind): Subject => ({
    id,
    kinds: ['exclusive', read],
    run: (kind, fn) => (kind === 'exclusive' ? lock.runWrite(fn) : lock.runRead(fn)),
  });
  return [
    ...[1, 2, 3].map((id) => mutex(makeMutex(), id)),
    ...[4, 5].map((id) => rw(makeFifo(), id, 'fair-read')),
    ...[6, 7].map((id) => rw(makePreferring(), id, 'recursive-read')),
  ];
}

/** Takes the locks one under the other. */
async function nested([step, ...inner]: readonly Step[]): Promise<void> {
  await step?.subject.run(step.kind, () => nested(inner));
}

function attemptsOf(steps: readonly Step[]): Attempt[] {
  const holds: Hold[] = [];
  return steps.map(({ subject, kind }) => {
    const attempt = { holds: [...holds], wanted: subject.id, kind };
    holds.push({ lockClass: subject.id, shared: kind !== 'exclusive' });
    return attempt;
  });
}

function randomSteps(subjects: readonly Subject[], random: Random): Step[] {
  const left = [...subjects];
  return Array.from({ length: 2 + random(2) }, () => {
    const [subject] = left.splice(random(left.length), 1) as [Subject];
    return { subject, kind: subject.kinds[random(subject.kinds.length)] as Kind };
  });
}

async function compare(instance: IsolatedLockdep, random: Random): Promise<boolean> {
  const subjects = subjectsOf(instance);
  const naive = new NaiveDeadlocks(new Set(subjects.map(({ id }) => id)));
  const flows: Step[][] = [
    [0, 1],
    [3, 4],
    [5, 6],
  ].map((pair) => {
    return pair.map((at) => ({ subject: subjects[at] as Subject, kind: 'exclusive' as const }));
  });
  for (let i = 0; i < 5; i++) flows.push(randomSteps(subjects, random));
  let possible = false;
  for (const [at, flow] of flows.entries()) {
    await nested(flow);
    for (const attempt of attemptsOf(flow)) possible = naive.add(attempt) || possible;
    const strict = instance.lockdep.reports().filter(({ tier }) => tier === 'strict');
    assert.equal(strict.length > 0, possible, `after flow ${at}: ${show(flows.slice(0, at + 1))}`);
    assert.ok(strict.every(({ kind }) => kind === 'circular-dependency'));
  }
  runtimeOf(instance).validator.dependencies.checkInvariants();
  return possible;
}

function show(flows: readonly (readonly Step[])[]): string {
  return flows.map((flow) => flow.map(({ subject, kind }) => `${subject.id} ${kind}`).join(' > ')).join('; ');
}

test('locks of one place, told apart: strict is a deadlock of the very locks, and every one of them', async () => {
  let deadlocks = 0;
  for (let run = 0; run < RUNS; run++) {
    await isolated(async (instance) => {
      if (await compare(instance, randomNumbers(SEED + run))) deadlocks += 1;
    });
  }
  assert.ok(deadlocks > RUNS / 10 && deadlocks < (RUNS * 9) / 10, `${deadlocks} of ${RUNS}`);
});
