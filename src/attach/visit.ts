/**
 * What a visit leaves in the process while it lasts, so that visits take turns and nobody leaves a port open.
 *
 * States of a visit: in line (another one is at it), at it (the first in line, or one that asks only what takes no time), left. The last to leave closes the inspector, where a visit
 * opened it. A visit is heard of every few seconds; one that was not for five turns of a timer in the process, since its command
 * was killed, is taken to have left. A process that stands still turns no timer, so a long snapshot ends no visit; a command that will
 * not be heard of says so before.
 *
 * Invariant: what is left in the process keeps it alive no longer, touches no global name, and is gone after the last visit. A process that
 * never comes to its timers forgets no visit that was killed. Cost: one small request every second.
 */
import { randomUUID } from 'node:crypto';
import { AttachError } from './attach-error.js';
import type { InspectorClient } from './inspector-client.js';

const BEAT = 1000;
const POLL = 100;
/** Another visit may take a snapshot of a large heap before its turn is over. */
const REPLY_TIMEOUT = 600_000;
/** A process that stands still reads that somebody has left once it goes on. */
const LEAVE_TIMEOUT = 3000;

/**
 * A function that runs in the process, with what loads Node's modules: a test may have replaced the global timers. Its state hangs
 * on the module of the inspector, which no program has a reason to look at. Closing at once would leave the caller without a reply.
 */
export const VISITS = `(load) => {
  const inspector = load('node:inspector');
  const { setInterval, setTimeout, clearInterval, clearTimeout } = load('node:timers');
  const key = Symbol.for('lockdep.visits.1');
  return (inspector[key] ??= {
    unheard: new Map(), shared: new Set(), isOurs: false, timer: undefined, closing: undefined,
    enter(visit, isOurs, isShared) {
      clearTimeout(this.closing);
      this.isOurs ||= isOurs;
      this.timer ??= setInterval(() => this.tick(), 1000).unref();
      this.unheard.set(visit, 0);
      if (isShared) this.shared.add(visit);
      return this.beat(visit, 0);
    },
    beat(visit, silence) {
      if (this.unheard.has(visit)) this.unheard.set(visit, -silence);
      return [...this.unheard.keys()].filter((each) => each === visit || !this.shared.has(each)).indexOf(visit);
    },
    tick() {
      for (const [visit, count] of this.unheard) {
        if (count < 5) this.unheard.set(visit, count + 1);
        else this.end(visit);
      }
    },
    end(visit) {
      this.unheard.delete(visit);
      this.shared.delete(visit);
      if (this.unheard.size > 0) return this.unheard.size;
      clearInterval(this.timer);
      this.timer = undefined;
      if (!this.isOurs) {
        delete inspector[key];
        return 0;
      }
      this.closing = setTimeout(() => this.close(), 50).unref();
      return -1;
    },
    close() {
      if (this.unheard.size > 0) return;
      delete inspector[key];
      if (this.isOurs) inspector.close();
    },
  });
}`;

const IN_PROCESS = `(${VISITS})(process.getBuiltinModule ?? require)`;

export class Visit {
  readonly #client: InspectorClient;
  readonly #id = randomUUID();
  #timer: NodeJS.Timeout | undefined;
  #hasLeft = false;

  constructor(client: InspectorClient) {
    this.#client = client;
  }

  /**
   * Resolves when its turn has come, of which `tell` says that it is waited for; at once where there is no `tell`. `isOurs` says that
   * the inspector was opened for it.
   */
  async enter(isOurs: boolean, tell: ((sentence: string) => void) | undefined): Promise<void> {
    this.#timer = setInterval(() => this.#client.send('Runtime.evaluate', this.#request('beat', ', 0')), BEAT);
    let before = await this.#call('enter', `, ${isOurs}, ${tell === undefined}`);
    if (tell === undefined) return;
    if (before > 0) tell('another lockdep looks at the process: this one waits for its turn');
    while (before > 0 && !this.#hasLeft) {
      await new Promise((resolve) => setTimeout(resolve, POLL));
      before = await this.#call('beat', ', 0');
    }
    if (before < 0) throw new AttachError('the process has forgotten this visit: this command was stopped for a while');
  }

  /** Says that nothing will be heard of this command for so many seconds at most, besides the usual ones. */
  async isBusy(seconds: number): Promise<void> {
    await this.#call('beat', `, ${Math.ceil(seconds)}`);
  }

  /** How many others are left; -1: none, and the inspector, which a visit opened, will be closed. */
  async end(): Promise<number> {
    this.#hasLeft = true;
    clearInterval(this.#timer);
    return this.#call('end', '', LEAVE_TIMEOUT);
  }

  /** For a process that never comes to its timers. No reply comes. */
  closeNow(): void {
    this.#client.send('Runtime.evaluate', { expression: `${IN_PROCESS}.close()`, includeCommandLineAPI: true });
  }

  async #call(method: string, more: string, timeout: number = REPLY_TIMEOUT): Promise<number> {
    const reply = await this.#client.call<{ readonly result: { readonly value?: unknown } }>(
      'Runtime.evaluate',
      this.#request(method, more),
      timeout,
    );
    if (typeof reply.result.value !== 'number') throw new AttachError('the process has no module of the inspector');
    return reply.result.value;
  }

  #request(method: string, more: string): object {
    const expression = `${IN_PROCESS}.${method}('${this.#id}'${more})`;
    return { expression, includeCommandLineAPI: true, silent: true, returnByValue: true };
  }
}
