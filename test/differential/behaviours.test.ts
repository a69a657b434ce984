import { MODES, asyncMutexCommonJs, asyncMutexEsm, lockdepIn, type Subject } from './subjects.js';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Actor } from './actor.js';
import { CANCELLING } from './behaviours/cancelling.js';
import { DECORATING } from './behaviours/decorating.js';
import { QUEUEING } from './behaviours/queueing.js';
import { RELEASING } from './behaviours/releasing.js';
import { RUNNING } from './behaviours/running.js';
import type { Case } from './behaviours/scene.js';
import { WATCHING } from './behaviours/watching.js';
import { FakeClock } from './fake-clock.js';

const CASES: readonly Case[] = [...QUEUEING, ...RELEASING, ...RUNNING, ...CANCELLING, ...WATCHING, ...DECORATING];

async function play({ play: run }: Case, subject: Subject): Promise<void> {
  subject.enter();
  const clock = new FakeClock();
  clock.install();
  try {
    await run({ library: subject.library, clock, actors: [new Actor(), new Actor(), new Actor(), new Actor()] });
  } finally {
    clock.uninstall();
  }
}

for (const subject of [asyncMutexEsm, asyncMutexCommonJs, ...MODES.map(lockdepIn)]) {
  const mayRefuse = subject.name.includes('enforce');
  describe(`with ${subject.name}`, () => {
    for (const each of CASES) {
      if (mayRefuse && each.misuse) continue;
      test(each.situation, async () => {
        await play(each, subject);
        if (!each.misuse) assert.deepEqual(subject.strictReports(), []);
      });
    }
  });
}

test('the shared errors are the very objects of async-mutex', () => {
  const { library } = lockdepIn('off');
  const builds = [asyncMutexEsm.library, asyncMutexCommonJs.library];
  for (const name of ['E_TIMEOUT', 'E_ALREADY_LOCKED', 'E_CANCELED'] as const) {
    assert.ok(
      builds.some((build) => build[name] === library[name]),
      name,
    );
  }
});
