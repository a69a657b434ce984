import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Completion } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { FakeClock } from '../differential/fake-clock.js';
import { isolated, nextTurn, seen } from '../support/harness.js';

/** Notes in `log` how each wait ended, in the order in which they did. */
function waiter(completion: Completion<number>, log: unknown[], name: string, options?: object): void {
  void completion.wait(options).then(
    (value) => log.push(`${name} ${value}`),
    (error: unknown) => log.push(`${name} failed: ${error instanceof Error ? error.message : String(error)}`),
  );
}

for (const mode of ['off', 'warn', 'enforce'] as const) {
  const scene =
    (fn: (completion: Completion<number>, log: unknown[], instance: IsolatedLockdep) => Promise<void>) => () =>
      isolated(
        async (instance) => {
          const completion = new instance.Completion<number>({ class: 'event' });
          await fn(completion, [], instance);
          assert.deepEqual(seen(instance), []);
          assert.match(instance.lockdep.showAllLocks(), /no locks are held or awaited|is off/);
        },
        { mode },
      );

  describe(`a completion in mode ${mode}`, () => {
    it(
      'each complete() lets one wait pass, whichever comes first, in order of arrival',
      scene(async (completion, log) => {
        for (const name of ['a', 'b', 'c']) waiter(completion, log, name);
        completion.complete(1);
        completion.complete(2);
        await nextTurn();
        assert.deepEqual(log, ['a 1', 'b 2']);
        completion.complete(3);
        completion.complete(4);
        completion.complete(4);
        completion.complete(5);
        assert.equal(completion.done, true);
        for (const name of ['d', 'e', 'f', 'g']) waiter(completion, log, name);
        await nextTurn();
        assert.deepEqual(log.slice(2), ['c 3', 'd 4', 'e 4', 'f 5']);
        assert.equal(completion.done, false);
        completion.complete(6);
        await nextTurn();
        assert.deepEqual(log.slice(6), ['g 6']);
      }),
    );

    it(
      'tryWait uses up one complete(), and never waits',
      scene(async (completion) => {
        assert.equal(completion.tryWait(), false);
        completion.complete(1);
        completion.complete(2);
        assert.equal(completion.tryWait(), true);
        assert.equal(await completion.wait(), 2);
        assert.equal(completion.tryWait(), false);
      }),
    );

    it(
      'completeAll is for ever, until reinit; a complete() after it changes nothing',
      scene(async (completion, log) => {
        waiter(completion, log, 'a');
        waiter(completion, log, 'b');
        completion.completeAll(7);
        completion.completeAll(8);
        completion.complete(9);
        completion.fail(new Error('too late'));
        waiter(completion, log, 'c');
        assert.equal(completion.tryWait(), true);
        await nextTurn();
        assert.deepEqual(log, ['a 7', 'b 7', 'c 7']);
        assert.equal(completion.done, true);
        completion.reinit();
        assert.equal(completion.done, false);
        assert.equal(completion.tryWait(), false);
      }),
    );

    it(
      'fail rejects all, now and later, until reinit',
      scene(async (completion, log) => {
        completion.complete(1);
        const error = new Error('no luck');
        completion.fail(error);
        completion.complete(2);
        completion.completeAll(3);
        assert.equal(completion.done, true);
        assert.throws(() => completion.tryWait(), error);
        await assert.rejects(completion.wait(), error);
        completion.reinit();
        waiter(completion, log, 'a');
        waiter(completion, log, 'b');
        completion.fail(undefined);
        await nextTurn();
        assert.deepEqual(log, ['a failed: undefined', 'b failed: undefined']);
      }),
    );

    it(
      'reinit leaves waiters waiting, and drops what was not used',
      scene(async (completion, log) => {
        completion.complete(1);
        completion.reinit();
        waiter(completion, log, 'a');
        completion.reinit();
        await nextTurn();
        assert.deepEqual(log, []);
        completion.complete(2);
        await nextTurn();
        assert.deepEqual(log, ['a 2']);
      }),
    );

    it(
      'a waiter that gave up takes no complete() with it',
      scene(async (completion, log) => {
        const clock = new FakeClock();
        clock.install();
        try {
          const abort = new AbortController();
          waiter(completion, log, 'timed', { timeout: 50 });
          waiter(completion, log, 'aborted', { signal: abort.signal });
          waiter(completion, log, 'patient');
          abort.abort(new Error('not needed any more'));
          await clock.advance(50);
          completion.complete(1);
          await nextTurn();
          assert.deepEqual(log, [
            'aborted failed: not needed any more',
            'timed failed: the completion did not come within 50 ms',
            'patient 1',
          ]);
          assert.equal(clock.liveTimers, 0);
        } finally {
          clock.uninstall();
        }
      }),
    );

    it(
      'a complete() in the turn of the timeout goes to the waiter, or to the next one, and never to nobody',
      scene(async (completion, log) => {
        const clock = new FakeClock();
        clock.install();
        try {
          setTimeout(() => completion.complete(1), 50);
          waiter(completion, log, 'early', { timeout: 50 });
          waiter(completion, log, 'late', { timeout: 60 });
          setTimeout(() => completion.complete(2), 60);
          await clock.advance(60);
          assert.deepEqual(log, ['early 1', 'late failed: the completion did not come within 60 ms']);
          assert.equal(completion.tryWait(), true);
          assert.equal(clock.liveTimers, 0);
        } finally {
          clock.uninstall();
        }
      }),
    );

    it(
      'an aborted signal rejects at once and uses up nothing',
      scene(async (completion) => {
        completion.complete(1);
        await assert.rejects(completion.wait({ signal: AbortSignal.abort('gone') }), (reason) => reason === 'gone');
        assert.equal(completion.tryWait(), true);
      }),
    );

    it(
      'a wait that timed out rejects with the code of a timeout',
      scene(async (completion) => {
        await assert.rejects(completion.wait({ timeout: 1 }), { code: 'ERR_LOCKDEP_TIMEOUT' });
        await assert.rejects(completion.wait({ timeout: 0 }), { code: 'ERR_LOCKDEP_TIMEOUT' });
      }),
    );

    it(
      'a section on the way to it passes on results and failures',
      scene(async (completion) => {
        assert.equal(
          completion.signalling(() => 1),
          1,
        );
        assert.equal(await completion.signalling(async () => Promise.resolve(2)), 2);
        assert.throws(() => completion.signalling(() => assert.fail('inside')), /inside/);
        await assert.rejects(
          completion.signalling(async () => Promise.reject(new Error('rejected'))),
          /rejected/,
        );
        {
          using section = completion.beginSignalling();
          assert.ok(section);
        }
      }),
    );
  });
}

describe('what a completion refuses', () => {
  it('names the option and the value', () =>
    isolated(async ({ Completion }) => {
      const completion = new Completion();
      await assert.rejects(completion.wait({ timeout: NaN }), /option timeout must be a number of at most .* got NaN/);
      await assert.rejects(completion.wait({ signal: 5 as never }), /option signal must be an AbortSignal, got 5/);
      await assert.rejects(completion.wait(3 as never), /options must be an object, got 3/);
      assert.throws(() => completion.signalling(null as never), /callback must be a function, got null/);
      assert.throws(() => new Completion({ class: 3 as never }), /option class must be a LockClass or a string, got 3/);
    }));

  it('disposed of with a waiter left, it is reported', () =>
    isolated(async (instance) => {
      const completion = new instance.Completion({ class: 'short-lived' });
      void completion.wait();
      completion[Symbol.dispose]();
      assert.deepEqual(seen(instance), ['held-lock-freed strict x1']);
      completion.complete();
      await nextTurn();
    }));

  it('a wait in progress is listed', () =>
    isolated(async (instance) => {
      const completion = new instance.Completion({ class: 'listed' });
      const waiting = completion.wait();
      assert.match(instance.lockdep.showAllLocks(), /^waiting listed/);
      completion.complete();
      await waiting;
      assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited');
    }));
});
