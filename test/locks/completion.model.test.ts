/**
 * A completion against a naive twin, over random calls: who is let pass, in which order, with which value, in every mode.
 *
 * LOCKDEP_FUZZ_RUNS sets the number of programs, LOCKDEP_FUZZ_SEED which ones.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CORE } from '../../src/locks/symbols.js';
import { RUNS, SEED, randomNumbers } from '../order/property.js';
import { FakeClock, settled } from '../differential/fake-clock.js';
import { isolated, seen } from '../support/harness.js';

type Outcome = { readonly value: number } | { readonly error: string } | undefined;

/** What a completion is, in the plainest words. */
class Twin {
  readonly log: string[] = [];
  passes: number[] = [];
  waiters: { readonly id: number; readonly until: number }[] = [];
  final: Outcome;

  wait(id: number, until: number): void {
    if (this.final !== undefined) this.#hear(id, this.final);
    else if (this.passes.length > 0) this.#hear(id, { value: this.passes.shift() as number });
    else this.waiters.push({ id, until });
  }

  complete(value: number): void {
    if (this.final !== undefined) return;
    const waiter = this.waiters.shift();
    if (waiter === undefined) this.passes.push(value);
    else this.#hear(waiter.id, { value });
  }

  end(outcome: NonNullable<Outcome>): void {
    this.final ??= outcome;
    this.passes = [];
    for (const { id } of this.waiters.splice(0)) this.#hear(id, this.final);
  }

  reinit(): void {
    this.final = undefined;
    this.passes = [];
  }

  tryWait(): string {
    if (this.final !== undefined) return 'error' in this.final ? this.final.error : 'true';
    return String(this.passes.shift() !== undefined);
  }

  giveUp(id: number, error: string): void {
    if (!this.waiters.some((waiter) => waiter.id === id)) return;
    this.waiters = this.waiters.filter((waiter) => waiter.id !== id);
    this.#hear(id, { error });
  }

  expire(now: number): void {
    const due = this.waiters.filter(({ until }) => until <= now).toSorted((a, b) => a.until - b.until || a.id - b.id);
    for (const { id } of due) this.giveUp(id, 'late');
  }

  get done(): boolean {
    return this.final !== undefined || this.passes.length > 0;
  }

  #hear(id: number, outcome: NonNullable<Outcome>): void {
    this.log.push(`${id} ${'error' in outcome ? outcome.error : outcome.value}`);
  }
}

async function program(mode: 'off' | 'warn' | 'enforce', seed: number): Promise<void> {
  const random = randomNumbers(seed);
  const clock = new FakeClock();
  clock.install();
  try {
    await isolated(
      async (instance) => {
        const completion = new instance.Completion<number>({ class: 'model' });
        const twin = new Twin();
        const log: string[] = [];
        const aborts = new Map<number, AbortController>();
        let now = 0;
        for (let step = 0; step < 40; step++) {
          const what = random(20);
          if (what < 7) {
            const abort = new AbortController();
            aborts.set(step, abort);
            const timeout = random(3) === 0 ? 1 + random(30) : undefined;
            twin.wait(step, timeout === undefined ? Infinity : now + timeout);
            const options = timeout === undefined ? { signal: abort.signal } : { signal: abort.signal, timeout };
            completion.wait(options).then(
              (value) => log.push(`${step} ${value}`),
              (error: unknown) => log.push(`${step} ${typeof error === 'string' ? error : 'late'}`),
            );
          } else if (what < 12) {
            const value = random(3);
            twin.complete(value);
            completion.complete(value);
          } else if (what === 12) {
            twin.end({ value: 9 });
            completion.completeAll(9);
          } else if (what === 13) {
            twin.end({ error: 'failed' });
            completion.fail('failed');
          } else if (what < 16) {
            twin.reinit();
            completion.reinit();
          } else if (what === 16) {
            let took: string;
            try {
              took = String(completion.tryWait());
            } catch (error) {
              took = error as string;
            }
            assert.equal(took, twin.tryWait());
          } else if (what === 17) {
            const [id, abort] = [...aborts][random(aborts.size)] ?? [-1, undefined];
            twin.giveUp(id, 'aborted');
            abort?.abort('aborted');
          } else {
            const by = random(20);
            now += by;
            twin.expire(now);
            await clock.advance(by);
          }
          assert.equal(completion.done, twin.done);
          completion[CORE].checkInvariants();
          if (random(2) === 0) await settled();
        }
        await settled();
        // Waits that are over in one turn are heard of in that order; those that were over at once are heard of first.
        assert.deepEqual(log.toSorted(), twin.log.toSorted());
        assert.deepEqual(seen(instance), []);
      },
      { mode },
    );
  } finally {
    clock.uninstall();
  }
}

describe('a completion against its twin', () => {
  for (const mode of ['off', 'warn', 'enforce'] as const) {
    it(`mode ${mode}`, async () => {
      for (let run = 0; run < RUNS; run++) {
        try {
          await program(mode, SEED + run);
        } catch (error) {
          throw new Error(`seed ${SEED + run}, mode ${mode}`, { cause: error });
        }
      }
    });
  }
});
