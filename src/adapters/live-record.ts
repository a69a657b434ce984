/**
 * Keeps the record of a run as it is now, while the program runs: whatever ends it, and be it SIGKILL, leaves it behind. So no
 * signal has to be listened to, and each does to the program what it does without us.
 *
 * States: idle (nobody waits); soon (a tick or a timer is due); watching (somebody waits, and the record is renewed at growing
 * intervals, for who waits no more). A report is written at once, a wait when the callback in which it begins has ended with all
 * its promises.
 *
 * Invariant: writing takes at most one part in `SHARE` of the time, but for a first `CREDIT`; a timer of it keeps no process
 * alive, and there is none while nobody waits. Cost of a wait: a comparison. `write` must not throw.
 */
const SHARE = 20;
/** Milliseconds that writing may take at once: the first time is slow. */
const CREDIT = 500;
const LEAST_PAUSE = 50;
const MOST_PAUSE = 1000;

// Those of the program may be replaced by now and then.
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis;
const { nextTick } = process;

export class LiveRecord {
  readonly #write: () => number;
  #isSoon = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  #pause = LEAST_PAUSE;
  #credit = CREDIT;
  #creditAt = performance.now();

  /** `write` writes it, and tells how many wait. */
  constructor(write: () => number) {
    this.#write = write;
  }

  /** Somebody has to wait. */
  waitBegins(): void {
    if (!this.#isSoon) this.#soon();
  }

  /** The record has something new that is not to be lost. */
  changed(): void {
    if (this.#isStopped) return;
    if (this.#mayWrite() <= 0) this.#renew();
    else if (!this.#isSoon) this.#soon();
  }

  /** It is written no more. */
  stop(): void {
    stopTimer(this.#timer);
    this.#timer = undefined;
    this.#isSoon = true;
    this.#isStopped = true;
  }

  #soon(): void {
    this.#isSoon = true;
    this.#pause = LEAST_PAUSE;
    const delay = this.#mayWrite();
    stopTimer(this.#timer);
    this.#timer = undefined;
    if (delay > 0) this.#arm(delay);
    else nextTick(() => this.#due());
  }

  #arm(delay: number): void {
    this.#timer = startTimer(() => this.#due(), delay).unref();
  }

  #due(): void {
    if (this.#isStopped) return;
    this.#timer = undefined;
    this.#isSoon = false;
    if (this.#renew() === 0) return;
    this.#arm(Math.max(this.#pause, this.#mayWrite()));
    this.#pause = Math.min(2 * this.#pause, MOST_PAUSE);
  }

  #renew(): number {
    const began = performance.now();
    const waits = this.#write();
    this.#credit -= performance.now() - began;
    return waits;
  }

  /** Milliseconds from now on. */
  #mayWrite(): number {
    const now = performance.now();
    this.#credit = Math.min(CREDIT, this.#credit + (now - this.#creditAt) / SHARE);
    this.#creditAt = now;
    return this.#credit > 0 ? 0 : SHARE * -this.#credit;
  }
}
