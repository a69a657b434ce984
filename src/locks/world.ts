/**
 * The world that a lock lives in: a process has one, shared by every copy of the package; tests may make isolated ones.
 *
 * States: no observer was ever attached (locks alone); attached and looking on; attached, and the mode is off. `observer` is all
 * that a lock reads before it goes its fast way. Its writer is the validator that attaches its observer; `hasEvents` is written by
 * those that begin events.
 */

import { programTimers, type Timers } from '../platform/clock.js';

/** What a world asks of its observer itself. */
export interface Attachable {
  mute(): void;
  unmute(): void;
}

export class World<O> {
  /** What ends waits that take too long. */
  declare readonly clock: Timers;
  /** Who looks on; undefined while the mode is off. */
  observer: O | undefined = undefined;
  /** Who has made the holds that there are: what was seen to begin is seen to end, also after the mode has turned off. */
  attached: (O & Attachable) | undefined = undefined;
  /** Brings the observer where the mode asks for one, once there is a lock to look at; undefined when that is done or not asked for. */
  begin: (() => void) | undefined = undefined;
  /** Is there an event, or was there one? */
  hasEvents = false;

  /** `clock`: where it is not the program's own. */
  constructor(clock: Timers = programTimers) {
    this.clock = clock;
  }

  /** Runs what settles promises of locks. */
  settle(act: () => void): void {
    const { attached } = this;
    attached?.mute();
    try {
      act();
    } finally {
      attached?.unmute();
    }
  }
}
