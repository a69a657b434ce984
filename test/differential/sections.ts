import * as fc from 'fast-check';
import { FakeClock, settled } from './fake-clock.js';
import { type LockSpec, MAX_LOCKS, type Request, type View } from './program.js';
import { Cast, sorted, type Ticket } from './stage.js';
import type { Library, Subject } from './subjects.js';
import { countingTurns, turns } from './turns.js';

/*
 * Well-behaved programs: flows of properly nested sections that all take the locks in the same order, so that no mode has
 * anything to object to. Also a test for false alarms: none of them may get a strict report.
 */

export interface Section extends Request {
  readonly style: 'acquire' | 'runExclusive';
  /** Microtask turns spent before asking, inside before the inner sections, and before leaving. */
  readonly pauses: readonly [number, number, number];
  readonly inner: readonly Section[];
}

type Event = { readonly run: number } | { readonly cancel: number } | { readonly advance: number };

export interface Sections {
  readonly locks: readonly LockSpec[];
  readonly flows: readonly (readonly Section[])[];
  /** What the stepped run does, one after the other; the free run ignores it. */
  readonly schedule: readonly Event[];
}

const MAX_FLOWS = 4;
const views: fc.Arbitrary<View> = fc.constantFrom('plain', 'plain', 'plain', 'plain', 'timed', 'try');
const pause = fc.constantFrom(0, 0, 1, 2, 4);

/** Sections on locks from `first` on: an inner section only ever takes a later lock. */
function sectionsFrom(first: number): fc.Arbitrary<readonly Section[]> {
  if (first === MAX_LOCKS) return fc.constant([]);
  const section = fc.integer({ min: first, max: MAX_LOCKS - 1 }).chain((lock) =>
    fc.record({
      lock: fc.constant(lock),
      style: fc.constantFrom('acquire' as const, 'runExclusive' as const),
      view: views,
      weight: fc.constantFrom(undefined, undefined, 1, 2),
      priority: fc.constantFrom(undefined, undefined, 0, 1),
      pauses: fc.tuple(pause, pause, pause),
      inner: sectionsFrom(lock + 1),
    }),
  );
  return fc.array(section, { maxLength: 2, size: 'max' });
}

const lock: fc.Arbitrary<LockSpec> = fc.record({
  kind: fc.constantFrom('mutex', 'mutex', 'semaphore'),
  // No weight above asks for more than this, or the request could never be granted.
  value: fc.constantFrom(2, 3),
  ownCancelError: fc.boolean(),
  ownTimeoutError: fc.boolean(),
  timeout: fc.constantFrom(5, 20),
});

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ run: fc.nat({ max: MAX_FLOWS - 1 }) }) },
  { weight: 1, arbitrary: fc.record({ cancel: fc.nat({ max: MAX_LOCKS - 1 }) }) },
  { weight: 1, arbitrary: fc.record({ advance: fc.constantFrom(1, 5, 20) }) },
);

export const sections: fc.Arbitrary<Sections> = fc.record({
  locks: fc.array(lock, { minLength: MAX_LOCKS, maxLength: MAX_LOCKS }),
  flows: fc.array(sectionsFrom(0), { minLength: 2, maxLength: MAX_FLOWS, size: 'max' }),
  schedule: fc.array(event, { maxLength: 60, size: 'max' }),
});

/** Walks through the sections of one flow. How long it pauses, and where its log goes, is the run's affair. */
class Walker {
  readonly #cast: Cast;
  readonly #pause: (turns: number) => Promise<void>;
  readonly #log: (channel: string, text: string) => void;

  constructor(cast: Cast, pause: (turns: number) => Promise<void>, log: (channel: string, text: string) => void) {
    this.#cast = cast;
    this.#pause = pause;
    this.#log = log;
  }

  async walk(all: readonly Section[]): Promise<void> {
    for (const section of all) {
      await this.#pause(section.pauses[0]);
      try {
        if (section.style === 'acquire') await this.#acquire(section);
        else await this.#runExclusive(section);
      } catch (error) {
        this.#note(section, `rejected: ${this.#cast.name(error)}`);
      }
    }
  }

  async #acquire(section: Section): Promise<void> {
    const ticket: Ticket = await this.#cast.faces[section.lock]![section.view].acquire(section);
    const [value, release] = Array.isArray(ticket) ? ticket : ['', ticket];
    this.#note(section, `granted ${value}`);
    await this.#inside(section);
    release();
    this.#note(section, `released; ${this.#cast.state()}`);
  }

  async #runExclusive(section: Section): Promise<void> {
    const worker = async (...args: unknown[]): Promise<string> => {
      this.#note(section, `entered ${JSON.stringify(args)}`);
      await this.#inside(section);
      return 'result';
    };
    const result = await this.#cast.faces[section.lock]![section.view].runExclusive(worker, section);
    this.#note(section, `gave ${result}`);
  }

  async #inside(section: Section): Promise<void> {
    await this.#pause(section.pauses[1]);
    await this.walk(section.inner);
    await this.#pause(section.pauses[2]);
  }

  #note(section: Section, text: string): void {
    this.#log(`lock ${section.lock} ${section.view} ${section.style} ${text.split(' ')[0]}`, text);
  }
}

/** A gate per flow, opened by the schedule: one flow at a time moves, and everything settles before the next move. */
class SteppedRun {
  readonly log: string[] = [];
  readonly #cast: Cast;
  readonly #gates = new Map<number, () => void>();
  #channels: Record<string, string[]> = {};

  constructor(program: Sections, library: Library) {
    this.#cast = new Cast(library, program.locks);
    for (const [index, flow] of program.flows.entries()) {
      const gate = (): Promise<void> => new Promise((resolve) => this.#gates.set(index, resolve));
      const walker = new Walker(this.#cast, gate, (channel, text) => this.#note(channel, `flow ${index} ${text}`));
      void walker.walk(flow).then(() => this.#note(`flow ${index}`, 'done'));
    }
  }

  async play(schedule: readonly Event[], clock: FakeClock): Promise<void> {
    await this.#settle('start');
    for (const next of schedule) {
      if ('advance' in next) await clock.advance(next.advance);
      else if ('cancel' in next) this.#cast.faces[next.cancel]!.plain.lock.cancel();
      else this.#open(next.run);
      await this.#settle(JSON.stringify(next));
    }
    // Then everyone to the end: with one order for all, someone can always move.
    while (this.#gates.size > 0) {
      for (const index of [...this.#gates.keys()].toSorted((a, b) => a - b)) {
        this.#open(index);
        await this.#settle(`open ${index}`);
      }
    }
  }

  #open(index: number): void {
    const gate = this.#gates.get(index);
    this.#gates.delete(index);
    gate?.();
  }

  #note(channel: string, text: string): void {
    (this.#channels[channel] ??= []).push(text);
  }

  /** Writes down what was heard since, in no order: who hears first of one step's decisions may differ (stage.ts). */
  async #settle(what: string): Promise<void> {
    await settled();
    const heard = Object.entries(sorted(this.#channels)).map(([channel, texts]) => `${channel} [${texts.join(', ')}]`);
    this.log.push(`${what}: ${heard.toSorted().join(' ')}; ${this.#cast.state()}`);
    this.#channels = {};
  }
}

export async function runStepped(program: Sections, subject: Subject): Promise<readonly string[]> {
  const clock = new FakeClock();
  clock.install();
  try {
    const run = new SteppedRun(program, subject.libraryUnder?.(clock) ?? subject.library);
    await run.play(program.schedule, clock);
    const done = run.log.join().match(/\[done\]/g)?.length ?? 0;
    return [...run.log, `${clock.liveTimers} live timers; ${done} of ${program.flows.length} done`];
  } finally {
    clock.uninstall();
  }
}

/** The flows run side by side on microtasks alone, and every line of the log bears the turn it was written in. */
export async function runByTurns(program: Sections, subject: Subject): Promise<readonly string[]> {
  const clock = new FakeClock();
  clock.install();
  try {
    const cast = new Cast(subject.library, program.locks);
    const log: string[] = [];
    await countingTurns(async (turn) => {
      const walks = program.flows.map((flow, index) =>
        new Walker(cast, turns, (channel, text) => log.push(`turn ${turn()}: flow ${index} ${channel}: ${text}`)).walk(
          flow,
        ),
      );
      await Promise.all(walks);
      log.push(`turn ${turn()}: all done; ${clock.liveTimers} live timers`);
    });
    return log;
  } finally {
    clock.uninstall();
  }
}
