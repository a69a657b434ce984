/**
 * The IPC channel of this process, if it was started with one (`fork()`, pm2), becomes that of the program: messages and handles
 * both ways, and the disconnecting of either side.
 *
 * Invariant: messages keep their order; none that the program has sent is lost, also when it exits right after. Messages that
 * came before the program was started wait for it: Node keeps them until somebody listens.
 */
import type { ChildProcess, SendHandle, SerializationType } from 'node:child_process';
import { Socket } from 'node:net';

export function hasChannel(): boolean {
  return process.send !== undefined && process.connected;
}

/**
 * How the messages of this process are written, which Node does not tell: `json` asks a message for its `toJSON`, `advanced`
 * refuses one that holds a function. Either way nothing is sent. The program must be sent to, and send, in the same way: what
 * can be sent differs, and what arrives too.
 */
export function serializationOfChannel(): SerializationType {
  const asked = new Error('asked for its JSON');
  const toJSON = (): never => {
    throw asked;
  };
  try {
    process.send?.({ toJSON });
  } catch (error) {
    if (error !== asked) return 'advanced';
  }
  return 'json';
}

/** Resolves when the program's side is closed, and all that it sent has been passed on. */
export async function joinChannels(child: ChildProcess): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  const up = (message: unknown, handle: SendHandle | undefined): void => {
    const sent = passOn(process, message, handle).finally(() => inFlight.delete(sent));
    inFlight.add(sent);
  };
  const down = (message: unknown, handle: SendHandle | undefined): void => void passOn(child, message, handle);
  const hangUp = (): void => {
    if (child.connected) child.disconnect();
  };
  child.on('message', up);
  process.on('message', down);
  process.once('disconnect', hangUp);
  await new Promise<void>((resolve) => child.once('disconnect', resolve));
  await Promise.all(inFlight);
  process.off('message', down);
  process.off('disconnect', hangUp);
  if (process.connected) process.disconnect?.();
}

interface Peer {
  readonly connected: boolean;
  send?: ChildProcess['send'];
}

/** Resolves also if the other side is gone: who sent the message is told by its own channel. */
function passOn(peer: Peer, message: unknown, handle: SendHandle | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      // A socket goes with the message. A server or a datagram socket is shared, and ours would take a part of what comes.
      if (handle !== undefined && handle !== null && !(handle instanceof Socket) && 'close' in handle) handle.close();
      resolve();
    };
    if (peer.send === undefined || !peer.connected) done();
    else peer.send(message as object, handle, undefined, done);
  });
}
