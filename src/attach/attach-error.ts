/** Why a process or a file could not be looked into: one line for the user. The process goes on as it was. */
export class AttachError extends Error {
  override readonly name = 'AttachError';
}

/** The inspector is wanted, and this Node has no WebSocket unless it is asked for one. Nothing has been sent to the process. */
export class NeedsWebSocket extends Error {
  override readonly name = 'NeedsWebSocket';
}

/** Throws NeedsWebSocket. */
export function checkWebSocket(): void {
  if (typeof WebSocket === 'undefined') throw new NeedsWebSocket('this Node has no WebSocket');
}
