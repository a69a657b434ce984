/** Promises of acquisitions without a layer: told by the order of events whether a function awaits them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AWAITED_BEFORE, BarePromises, noteAwaited, noteThenCalled } from '../../src/flow/bare-promises.js';
import { marked, type Marked } from '../../src/flow/promise-notes.js';
import { runtimeOf } from '../../src/api/isolated-lockdep.js';
import { LockClass } from '../../src/index.js';
import type { TrackedLock } from '../../src/model/hold.js';
import { coreOf } from '../../src/locks/core-of.js';
import { isolated, settle } from '../support/harness.js';
import { SHAPES } from './shapes.js';

const AWAITED_LOCK = { awaited: AWAITED_BEFORE } as TrackedLock;
const NEW_LOCK = { awaited: AWAITED_BEFORE - 1 } as TrackedLock;

const EVENTS = ['opened', 'asked', 'made', 'own', 'waits', 'other', 'acted', 'ended'] as const;
type Event = (typeof EVENTS)[number];

/** Feeds events to a machine; `own` makes a promise for nobody, `waits` one for the acquisition's, `other` one for another. */
function play(events: readonly Event[], lock = AWAITED_LOCK): string[] {
  const ends: string[] = [];
  const promise = marked({});
  let latest: Marked | undefined;
  let waiting: Marked | undefined;
  const machine = new BarePromises({
    cover: (covered) => ends.push(covered === promise ? 'cover' : 'cover of another'),
    wasCalled: (derived) => ends.push(derived === waiting ? 'then' : 'then of another'),
  });
  const init = (parent: Marked | undefined): Marked => {
    const made = marked({});
    machine.init(parent, latest);
    return (latest = made);
  };
  const acts: Readonly<Record<Event, () => unknown>> = {
    opened: () => machine.opened(),
    asked: () => ends.push(machine.asked(lock) ? 'bare' : 'layered'),
    made: () => {
      // One that was not asked for is another one, and its `init` was told of before.
      if (machine.isAsked) latest = promise;
      machine.made(machine.isAsked ? promise : marked({}), latest);
    },
    own: () => init(undefined),
    waits: () => (waiting = init(promise)),
    other: () => init(marked({})),
    acted: () => {
      machine.acted(latest);
      latest = marked({});
    },
    ended: () => {
      machine.ended(latest);
      latest = undefined;
    },
  };
  for (const event of events) acts[event]();
  return ends;
}

/** The table at the head of the file: of each event the next state by the state, and what becomes of the promise. */
const COVER = ['SHUT', 'cover'] as const;
const THEN = ['SHUT', 'then'] as const;
type State = 'SHUT' | 'ALONE' | 'ASKED' | 'MADE' | 'WAITED';
type Cell = readonly [next: State, ...ends: string[]];
const TABLE: Readonly<Record<Event, Readonly<Record<State, Cell>>>> = {
  opened: { SHUT: ['ALONE'], ALONE: ['ALONE'], ASKED: ['ASKED'], MADE: ['MADE'], WAITED: ['WAITED'] },
  asked: {
    SHUT: ['SHUT', 'layered'],
    ALONE: ['ASKED', 'bare'],
    ASKED: ['SHUT', 'layered'],
    MADE: ['MADE', 'layered'],
    WAITED: ['WAITED', 'layered'],
  },
  made: { SHUT: ['SHUT'], ALONE: ['ALONE'], ASKED: ['MADE'], MADE: ['MADE'], WAITED: ['WAITED'] },
  own: { SHUT: ['SHUT'], ALONE: ['SHUT'], ASKED: ['ASKED'], MADE: COVER, WAITED: THEN },
  waits: { SHUT: ['SHUT'], ALONE: ['ALONE'], ASKED: ['ASKED'], MADE: ['WAITED'], WAITED: THEN },
  other: { SHUT: ['SHUT'], ALONE: ['ALONE'], ASKED: ['ASKED'], MADE: COVER, WAITED: THEN },
  acted: { SHUT: ['SHUT'], ALONE: ['ALONE'], ASKED: ['ASKED'], MADE: COVER, WAITED: THEN },
  ended: { SHUT: ['SHUT'], ALONE: ['SHUT'], ASKED: ['SHUT'], MADE: COVER, WAITED: ['SHUT'] },
};

function byTable(events: readonly Event[]): string[] {
  let state: State = 'SHUT';
  const all: string[] = [];
  for (const event of events) {
    const cell: Cell = TABLE[event][state];
    state = cell[0];
    all.push(...cell.slice(1));
  }
  return all;
}

describe('the turn of a function that has awaited', () => {
  const rows: readonly (readonly [name: string, events: readonly Event[], ends: readonly string[]])[] = [
    ['an acquisition that is awaited', ['opened', 'asked', 'own', 'made', 'waits', 'ended'], ['bare']],
    ['two turns, each with one', ['opened', 'asked', 'made', 'waits', 'ended', 'opened', 'asked'], ['bare', 'bare']],
    ['one that is kept', ['opened', 'asked', 'own', 'made', 'ended'], ['bare', 'cover']],
    [
      'a call of `then`, after which it returns',
      ['opened', 'asked', 'made', 'waits', 'acted', 'ended'],
      ['bare', 'then'],
    ],
    [
      'a call of `then`, after which it awaits',
      ['opened', 'asked', 'made', 'waits', 'other', 'ended'],
      ['bare', 'then'],
    ],
    ['two calls of `then`', ['opened', 'asked', 'made', 'waits', 'waits', 'ended'], ['bare', 'then']],
    [
      'one that is given to a function that is called',
      ['opened', 'asked', 'made', 'own', 'waits', 'ended'],
      ['bare', 'cover'],
    ],
    ['one that is returned', ['opened', 'asked', 'made', 'acted', 'ended'], ['bare', 'cover']],
    ['one after a function was called', ['opened', 'own', 'asked', 'made', 'waits', 'ended'], ['layered']],
    ['one after a wait for something else', ['opened', 'other', 'asked', 'made', 'waits', 'ended'], ['bare']],
    ['two at once', ['opened', 'asked', 'made', 'asked', 'own', 'made', 'ended'], ['bare', 'layered', 'cover']],
    ['one whose promise was never made', ['opened', 'asked', 'asked', 'made', 'ended'], ['bare', 'layered']],
    ['one in no such turn', ['asked', 'own', 'made', 'waits', 'ended'], ['layered']],
  ];
  for (const [name, events, ends] of rows) {
    it(name, () => assert.deepEqual(play(events), ends));
  }

  it('one whose promise is not the last that was made gets the layer at once', () => {
    const covered: unknown[] = [];
    const machine = new BarePromises({ cover: (promise) => covered.push(promise), wasCalled: () => assert.fail() });
    machine.opened();
    machine.asked(AWAITED_LOCK);
    const promise = marked({});
    machine.made(promise, marked({}));
    machine.ended(promise);
    assert.deepEqual(covered, [promise]);
  });

  it('a lock of which not enough acquisitions were awaited gets the layer', () => {
    assert.deepEqual(play(['opened', 'asked'], NEW_LOCK), ['layered']);
  });

  it('a lock whose promise was waited for by a call of `then` gets it for ever', () => {
    const lock = { awaited: 0 } as TrackedLock;
    noteThenCalled(lock);
    for (let i = 0; i < 1000; i++) noteAwaited(lock);
    assert.deepEqual(play(['opened', 'asked'], lock), ['layered']);
  });

  it('whatever happens, it does what the table says', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 40 }), (events) => {
        assert.deepEqual(play(events), byTable(events));
      }),
      { numRuns: 1000 },
    );
  });
});

/** More promises than those at the start that tell who waits for them. */
function wear(): void {
  for (let i = 0; i < 11_000; i++) void Promise.resolve();
}

describe('an acquisition of a lock that was only awaited so far', () => {
  const isLayered = (promise: object): boolean => Object.getPrototypeOf(promise) !== Promise.prototype;

  it('gives a promise without a layer to a function that has awaited, and one with it as soon as that does something else', () =>
    isolated(async ({ Mutex }) => {
      wear();
      const lock = new Mutex();
      const layered: boolean[] = [];
      for (let i = 0; i < AWAITED_BEFORE + 2; i++) {
        const promise = lock.acquire();
        layered.push(isLayered(promise));
        (await promise)();
      }
      assert.deepEqual(layered, [...Array.from({ length: AWAITED_BEFORE }, () => true), false, false]);
      const kept = lock.acquire();
      assert.equal(isLayered(kept), false);
      const called = (async () => (await kept)())();
      assert.equal(isLayered(kept), true);
      await called;
    }));

  it('is followed into a callback of `then` as one of which nothing is certain, and the lock is layered from then on', () =>
    isolated(async (instance) => {
      wear();
      const a = new instance.Mutex({ class: new LockClass('bare.a') });
      const b = new instance.Mutex({ class: new LockClass('bare.b') });
      for (let i = 0; i < AWAITED_BEFORE; i++) (await a.acquire())();
      let release: (() => void) | undefined;
      void a.acquire().then((given) => (release = given));
      // The function has nothing: what it takes now is not taken under the other one.
      (await b.acquire())();
      await settle(1);
      release?.();
      const edges = [...runtimeOf(instance).validator.dependencies.edges()];
      assert.deepEqual(
        edges.filter(({ tier }) => tier === 'strict'),
        [],
      );
      (await b.acquire())();
      const later = a.acquire();
      assert.equal(isLayered(later), true);
      (await later)();
    }));

  it('that waits in the queue comes to the function that awaits it', () =>
    isolated(async (instance) => {
      wear();
      const a = new instance.Mutex({ class: new LockClass('queued.a') });
      const b = new instance.Mutex({ class: new LockClass('queued.b') });
      const flow = async (): Promise<void> => {
        for (let i = 0; i < 3 * AWAITED_BEFORE; i++) {
          const first = await a.acquire();
          const second = await b.acquire();
          await settle(1);
          second();
          first();
        }
      };
      await Promise.all([flow(), flow()]);
      const [edge] = [...runtimeOf(instance).validator.dependencies.edges()];
      assert.equal(edge?.tier, 'strict');
      const promise = a.acquire();
      assert.equal(isLayered(promise), true, 'a function was called in this turn');
      (await promise)();
    }));
});

describe('what a shape of code teaches in a program that has run for long, with locks that were only awaited', () => {
  for (const { name, edge, run } of SHAPES) {
    it(`${name}: ${edge}`, () =>
      isolated(async (instance) => {
        wear();
        const a = new instance.Mutex({ class: new LockClass('A') });
        const b = new instance.Mutex({ class: new LockClass('B') });
        for (let round = 0; round < 12; round++) {
          // Whatever the shape did, so that each round meets the promises without a layer.
          for (const lock of [a, b]) coreOf(lock, 'lock').awaited = AWAITED_BEFORE;
          await run({ a, b });
        }
        const learned = [...runtimeOf(instance).validator.dependencies.edges()].find(
          ({ from, to }) => from === a.lockClass.name && to === b.lockClass.name,
        );
        if (edge === 'strict') assert.equal(learned?.tier, 'strict');
        else assert.notEqual(learned?.tier, 'strict');
        if (edge === 'none') assert.equal(learned, undefined);
        assert.equal(a.isLocked() || b.isLocked(), false);
        assert.deepEqual(instance.lockdep.reports(), []);
      }));
  }
});
