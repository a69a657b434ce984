/**
 * What is held where, in every shape of code that is known to be hard: as the public face tells it, in both levels.
 *
 * A wrong `true` or `false` fails at once, in either level. What precise does not know must be listed as a known miss.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import type { TrackingLevel } from '../../src/model/mode.js';
import { isolated } from '../support/harness.js';
import { callbacks } from './held-shapes/callbacks.js';
import { classes } from './held-shapes/classes.js';
import { combinators } from './held-shapes/combinators.js';
import { compiled } from './held-shapes/compiled.js';
import { contexts } from './held-shapes/contexts.js';
import { flows } from './held-shapes/flows.js';
import { functions } from './held-shapes/functions.js';
import { generators } from './held-shapes/generators.js';
import { handover } from './held-shapes/handover.js';
import { KNOWN_MISSES, type KnownMiss } from './held-shapes/known-misses.js';
import { programs } from './held-shapes/programs.js';
import { roots } from './held-shapes/roots.js';
import { servers } from './held-shapes/servers.js';
import { signals } from './held-shapes/signals.js';
import { streams } from './held-shapes/streams.js';
import { tries } from './held-shapes/tries.js';
import type { HeldShape, Probe, Run } from './held-shapes/world.js';

const GROUPS: Readonly<Record<string, readonly HeldShape[]>> = {
  functions,
  flows,
  signals,
  tries,
  combinators,
  generators,
  callbacks,
  streams,
  servers,
  contexts,
  classes,
  compiled,
  handover,
  programs,
  roots,
};

/** Several times: the first acquisitions of a place capture stacks, later ones do not. */
const ROUNDS = 10;

/** Probes that compare, and complaints: a probe must not throw into the flow that it looks at. */
class Findings {
  readonly wrong: string[] = [];
  readonly instance: IsolatedLockdep;
  readonly tracking: TrackingLevel;
  readonly misses: Set<KnownMiss>;
  truly = 0;
  nots = 0;

  constructor(instance: IsolatedLockdep, tracking: TrackingLevel, misses: Set<KnownMiss>) {
    this.instance = instance;
    this.tracking = tracking;
    this.misses = misses;
  }

  get probe(): Probe {
    const precise = this.tracking === 'precise';
    return {
      held: (lock, at) => this.#truth(lock, at, precise ? [true] : [true, undefined]),
      scoped: (lock, at) => this.#truth(lock, at, [true]),
      missed: (kind, lock, at) => {
        this.#truth(lock, `${at} (${kind})`, [undefined]);
        this.misses.add(kind);
      },
      not: (lock, at) => {
        this.nots += 1;
        this.#compare(this.instance.lockdep.isHeld(lock), [false, undefined], at);
        this.instance.lockdep.assertNotHeld(lock);
      },
    };
  }

  #truth(lock: Parameters<Probe['held']>[0], at: string, allowed: readonly (boolean | undefined)[]): void {
    this.truly += 1;
    this.#compare(this.instance.lockdep.isHeld(lock), allowed, at);
    this.instance.lockdep.assertHeld(lock);
  }

  #compare(answer: boolean | undefined, allowed: readonly (boolean | undefined)[], at: string): void {
    if (!allowed.includes(answer)) this.wrong.push(`${at}: ${answer}, expected ${allowed.join(' or ')}`);
  }
}

async function trial(run: Run, tracking: TrackingLevel, misses: Set<KnownMiss>): Promise<Findings> {
  let findings!: Findings;
  await isolated(
    async (instance) => {
      findings = new Findings(instance, tracking, misses);
      const [a, b] = [new instance.Mutex(), new instance.Mutex()];
      const { lockdep } = instance;
      for (let round = 0; round < ROUNDS; round++) {
        const work: Promise<unknown>[] = [];
        const background = (part: Promise<unknown>): void => void work.push(part);
        // A flow of its own: what runs the test is not part of the shape.
        await run({ a, b, lockdep, instance, probe: findings.probe, background });
        while (work.length > 0) await work.pop();
        for (const lock of [a, b]) if (lock.isLocked()) findings.wrong.push('a lock is left locked');
      }
      for (const { kind, tier, message } of lockdep.reports()) {
        if (kind === 'assertion' || tier === 'strict') findings.wrong.push(message);
      }
    },
    { tracking },
  );
  return findings;
}

for (const tracking of ['precise', 'light'] as const) {
  const misses = new Set<KnownMiss>();
  for (const [group, shapes] of Object.entries(GROUPS)) {
    describe(`held where, tracking ${tracking}: ${group}`, () => {
      for (const { name, held, not } of shapes) {
        it(`${name}: held`, async () => {
          const { wrong, truly } = await trial(held, tracking, misses);
          assert.deepEqual([...new Set(wrong)], []);
          assert.ok(truly >= ROUNDS, 'nothing was probed');
        });
        it(`${name}: not held`, async () => {
          const { wrong, nots } = await trial(not, tracking, misses);
          assert.deepEqual([...new Set(wrong)], []);
          assert.ok(nots >= ROUNDS, 'nothing was probed');
        });
      }
    });
  }
  it(`the known misses, tracking ${tracking}, are five kinds, and each is met`, () => {
    const kinds = Object.keys(KNOWN_MISSES);
    assert.ok(kinds.length <= 5);
    assert.deepEqual([...misses].toSorted(), kinds.toSorted());
  });
}
