import { type Actor, Watched } from '../actor.js';
import type { FakeClock } from '../fake-clock.js';
import type { Library } from '../subjects.js';

/** A library, a clock and four flows, for one case. */
export interface Scene {
  readonly library: Library;
  readonly clock: FakeClock;
  readonly actors: readonly [Actor, Actor, Actor, Actor];
}

export interface Case {
  readonly situation: string;
  /** The situation is an error in the program: mode enforce may refuse it. */
  readonly misuse?: true;
  readonly play: (scene: Scene) => Promise<void>;
}

/** A request made by `actor`, and where it stands. */
export function asking<T>(actor: Actor, ask: () => Promise<T>): Watched<T> {
  return new Watched(actor.do(ask));
}
