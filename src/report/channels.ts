/**
 * What the validator tells of while the program runs, and to whom: subscribers, and the channels of diagnostics_channel.
 *
 * Invariant: an event is made only where somebody listens to its kind, and then once for all of them. It reaches those who had
 * subscribed before it, and have not unsubscribed since. What a subscriber throws reaches no lock: it is contained and shown.
 *
 * Cost without subscribers: a comparison and a look at the channel for each order that is judged, each class that is met for the
 * first time and each new report; nothing for an acquisition whose nesting is known. An unsubscribed function leaves nothing behind.
 */
import { channelNamed, type Channel } from '../platform/channel.js';
import { callContained } from './emit.js';
import type { Report, Tier } from './types.js';

/** An order of two classes that flows of this process have shown for the first time, or have proven for the first time. */
export interface LearnedEdge {
  /** The printed name of the class that was held, and of the one that was wanted under it. */
  readonly from: string;
  /** The class that was wanted meanwhile. */
  readonly to: string;
  /** How certain the order is: 'advisory' where it is inferred. */
  readonly tier: Tier;
  /** Where the first was taken, and where the second was wanted; '' for an unknown place. */
  readonly sites: readonly [held: string, wanted: string];
}

/** What a subscriber gets: plain data, which may be kept or sent elsewhere, and which all subscribers share. */
export type LockdepEvent =
  | { readonly type: 'report'; readonly report: Report }
  | ({ readonly type: 'edge' } & LearnedEdge)
  | { readonly type: 'class'; readonly name: string; readonly site?: string };

export type EventType = LockdepEvent['type'];

export type Subscriber = (event: LockdepEvent) => void;

/** The channels of the process, by what is published there: the very events. */
export type Channels = Readonly<Record<EventType, Channel>>;

export const processChannels: Channels = {
  report: channelNamed('lockdep:report'),
  edge: channelNamed('lockdep:edge'),
  class: channelNamed('lockdep:class'),
};

/** What the channels of acquisitions carry: one object for each acquisition, which changes as it goes on. */
export interface AcquireMessage {
  /** The printed name of the class. */
  readonly lockClass: string;
  /** The lock's own name, if it has one. */
  readonly name: string | undefined;
  /** What it is: 'Mutex', 'Semaphore', 'RWSemaphore'. */
  readonly primitive: string;
  /** Whether others may hold it beside this flow. */
  readonly mode: 'exclusive' | 'shared';
  /** Permits that are wanted. */
  readonly permits: number;
  /** What has become of it so far. */
  readonly outcome: 'waiting' | 'granted' | 'failed';
  /** Where it has failed: what the caller is told. */
  readonly error?: unknown;
}

/** Those that `tracingChannel('lockdep.acquire')` of diagnostics_channel has, by the same names. */
export type AcquireChannels = Readonly<Record<'start' | 'end' | 'asyncStart' | 'asyncEnd' | 'error', Channel>>;

const tracing = (name: keyof AcquireChannels): Channel => channelNamed(`tracing:lockdep.acquire:${name}`);

export const processAcquireChannels: AcquireChannels = {
  start: tracing('start'),
  end: tracing('end'),
  asyncStart: tracing('asyncStart'),
  asyncEnd: tracing('asyncEnd'),
  error: tracing('error'),
};

/** The code of the warning that shows a subscriber that failed. */
export const SUBSCRIBER_FAILED = 'LOCKDEP_SUBSCRIBER_FAILED';

export class Events {
  readonly #subscriptions = new Set<{ readonly subscriber: Subscriber }>();
  readonly #channels: Channels | undefined;

  /** Without channels: of an isolated instance, of which the rest of the process hears nothing. */
  constructor(channels?: Channels) {
    this.#channels = channels;
  }

  /** The result ends the subscription. One function may be subscribed several times. */
  subscribe(subscriber: Subscriber): Disposable {
    const subscription = { subscriber };
    this.#subscriptions.add(subscription);
    return { [Symbol.dispose]: () => void this.#subscriptions.delete(subscription) };
  }

  /** Is there anybody to be told of such an event? */
  isWanted(type: EventType): boolean {
    return this.#subscriptions.size > 0 || this.#channels?.[type].hasSubscribers === true;
  }

  tell(event: LockdepEvent): void {
    for (const subscription of Array.from(this.#subscriptions)) {
      if (!this.#subscriptions.has(subscription)) continue;
      callContained(subscription.subscriber, event, { name: 'a subscriber', code: SUBSCRIBER_FAILED });
    }
    const channel = this.#channels?.[event.type];
    if (channel?.hasSubscribers === true) channel.publish(event);
  }
}
