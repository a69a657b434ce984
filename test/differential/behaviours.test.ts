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
import { inherits } from 'node:util';
import type { MutexInterface, SemaphoreInterface } from 'async-mutex';

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

/** As compilers to ES5 make subclasses, and as programs did by hand before there were classes. */
describe('a subclass that is no class, of', () => {
  type Constructor = { (this: object, ...args: unknown[]): void; prototype: object; name: string; length: number };
  for (const subject of [asyncMutexCommonJs, ...MODES.map(lockdepIn)]) {
    test(subject.name, async () => {
      subject.enter();
      const Mutex = subject.library.Mutex as unknown as Constructor;
      const Semaphore = subject.library.Semaphore as unknown as Constructor;
      assert.deepEqual([Mutex.name, Mutex.length, Semaphore.name, Semaphore.length], ['Mutex', 1, 'Semaphore', 2]);
      function Named(this: object, name: string): void {
        Mutex.call(this);
        Object.assign(this, { name });
      }
      inherits(Named, Mutex);
      function Compiled(this: object): object {
        const self = (Semaphore.call(this, 2) as unknown as object | undefined) ?? this;
        return Object.assign(self, { label: 'compiled' });
      }
      Object.setPrototypeOf(Compiled, Semaphore);
      Compiled.prototype = Object.create(Semaphore.prototype, { constructor: { value: Compiled } }) as object;
      const named = Reflect.construct(Named, ['n']) as MutexInterface & { name: string };
      const compiled = Reflect.construct(Compiled, []) as SemaphoreInterface & { label: string };
      assert.ok(named instanceof subject.library.Mutex && compiled instanceof subject.library.Semaphore);
      const release = await named.acquire();
      assert.deepEqual([named.name, named.isLocked()], ['n', true]);
      release();
      assert.equal(await compiled.runExclusive((value) => value), 2);
      assert.deepEqual([compiled.label, compiled.getValue()], ['compiled', 2]);
      assert.deepEqual(subject.strictReports(), []);
      assert.throws(() => Reflect.apply(Mutex, undefined, []), TypeError);
    });
  }
});
