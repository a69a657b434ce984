/**
 * Acquisitions as they go by, on the channels `tracing:lockdep.acquire:*` of diagnostics_channel, for tools that draw or measure them.
 *
 * One message for each acquisition, the same object on all its channels: `start` and `end` around the call; where it had to wait,
 * `asyncStart` and `asyncEnd` when the wait is over; `error` before them where it has come to nothing. Nothing wraps the promise,
 * which would add turns.
 *
 * States of a message: opening (in the call) -> over, or opening -> waiting -> over. Invariant: a message that waits is that of a
 * hold that waits. Cost without a subscriber of `start`: a look at it for each acquisition, and a comparison for each grant.
 */
import type { ObservedPermits, PermitRequest } from '../../locks/observed.js';
import type { Hold } from '../../model/hold.js';
import type { AcquireChannels, AcquireMessage } from '../../report/channels.js';

/** What it was given up with, while that is not known. */
type Open = { -readonly [Field in keyof AcquireMessage]: AcquireMessage[Field] };

export class AcquireTrace {
  readonly #channels: AcquireChannels | undefined;
  readonly #waiting = new Map<Hold, Open>();
  #opening: Open | undefined;
  /** Is there a message whose hold is to come, or waits? */
  isBusy = false;

  constructor(channels: AcquireChannels | undefined) {
    this.#channels = channels;
  }

  /** One look alone, since each acquisition asks: who wants any of it has to listen to its start. */
  get isWanted(): boolean {
    return this.#channels?.start.hasSubscribers === true;
  }

  /** Tells of the acquisition that `call` makes. */
  around<T>(lock: ObservedPermits, { weight }: PermitRequest, call: () => T): T {
    const message: Open = {
      lockClass: lock.lockClass.name,
      name: lock.label,
      primitive: lock.primitive,
      mode: lock.waitOf(weight) === 'exclusive' ? 'exclusive' : 'shared',
      permits: weight,
      outcome: 'waiting',
    };
    // A call within the call has a message of its own.
    const outer = this.#opening;
    this.#open(message);
    this.#publish('start', message);
    try {
      return call();
    } catch (error) {
      this.#fail(message, error);
      throw error;
    } finally {
      this.#open(outer);
      this.#publish('end', message);
    }
  }

  queued(hold: Hold): void {
    if (this.#opening === undefined) return;
    this.#waiting.set(hold, this.#opening);
    this.#open(undefined);
  }

  granted(hold: Hold): void {
    const message = this.#waiting.get(hold);
    if (message !== undefined) {
      message.outcome = 'granted';
      this.#over(hold, message);
    } else if (this.#opening !== undefined) {
      this.#opening.outcome = 'granted';
      this.#open(undefined);
    }
  }

  /** The wait is given up, with that reason. */
  ended(hold: Hold, reason: unknown): void {
    const message = this.#waiting.get(hold);
    if (message === undefined) return;
    this.#fail(message, reason);
    this.#over(hold, message);
  }

  #open(message: Open | undefined): void {
    this.#opening = message;
    this.isBusy = message !== undefined || this.#waiting.size > 0;
  }

  #over(hold: Hold, message: Open): void {
    this.#waiting.delete(hold);
    this.isBusy = this.#opening !== undefined || this.#waiting.size > 0;
    this.#publish('asyncStart', message);
    this.#publish('asyncEnd', message);
  }

  #fail(message: Open, error: unknown): void {
    message.outcome = 'failed';
    message.error = error;
    this.#publish('error', message);
  }

  #publish(name: keyof AcquireChannels, message: AcquireMessage): void {
    const channel = this.#channels?.[name];
    if (channel?.hasSubscribers === true) channel.publish(message);
  }
}
