/**
 * Named channels of Node's diagnostics_channel, through which a program may watch without knowing who is watched.
 *
 * Invariant: `publish` throws nothing. What a subscriber throws is Node's to handle: it is an uncaught exception of the program, in
 * a later turn. Where the runtime has no such module there are no subscribers, and loading this file fails nowhere.
 *
 * Cost: `hasSubscribers` is one look at a property. Whoever publishes asks for it first, and makes a message only then.
 */
export interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: object): void;
}

interface DiagnosticsChannels {
  channel(name: string): { readonly hasSubscribers: boolean; publish(message: unknown): void };
}

/** The process as it is in Node; elsewhere there may be none, or one that has less. */
interface Modules {
  readonly process?: { getBuiltinModule?(name: string): DiagnosticsChannels | undefined };
}

const SILENT: Channel = { hasSubscribers: false, publish: () => undefined };

const channels = (globalThis as Modules).process?.getBuiltinModule?.('node:diagnostics_channel');

/** The channel of that name, which every copy of this package in the process shares. */
export function channelNamed(name: string): Channel {
  if (channels === undefined) return SILENT;
  const channel = channels.channel(name);
  return {
    get hasSubscribers() {
      return channel.hasSubscribers;
    },
    publish(message) {
      try {
        channel.publish(message);
      } catch {
        // Node catches what subscribers throw; so it is somebody's replacement of `publish` that fails.
      }
    },
  };
}
