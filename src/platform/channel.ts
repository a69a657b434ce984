/**
 * Named channels of Node's diagnostics_channel, through which a program may watch without knowing who is watched.
 *
 * Invariant: `publish` throws nothing. What a subscriber throws is Node's to handle: it is an uncaught exception of the program, in
 * a later turn. Where the runtime has no such module there are no subscribers, and loading this file fails nowhere.
 *
 * Cost: `hasSubscribers` is one look at a property. Whoever publishes asks for it first, and makes a message only then.
 */
import { builtin } from './builtin.js';

export interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: object): void;
}

interface DiagnosticsChannels {
  channel(name: string): { readonly hasSubscribers: boolean; publish(message: unknown): void };
}

const SILENT: Channel = { hasSubscribers: false, publish: () => undefined };

const channels = builtin<DiagnosticsChannels>('diagnostics_channel');

/** A class, whose getter V8 puts in the place where it is called: each acquisition asks. */
class NamedChannel implements Channel {
  readonly #channel: ReturnType<DiagnosticsChannels['channel']>;

  constructor(channel: ReturnType<DiagnosticsChannels['channel']>) {
    this.#channel = channel;
  }

  get hasSubscribers(): boolean {
    return this.#channel.hasSubscribers;
  }

  publish(message: object): void {
    try {
      this.#channel.publish(message);
    } catch {
      // Node catches what subscribers throw; so it is somebody's replacement of `publish` that fails.
    }
  }
}

/** The channel of that name, which every copy of this package in the process shares. */
export function channelNamed(name: string): Channel {
  return typeof channels?.channel === 'function' ? new NamedChannel(channels.channel(name)) : SILENT;
}
