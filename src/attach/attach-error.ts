/** Why a process or a file could not be looked into: one line for the user. The process goes on as it was. */
export class AttachError extends Error {
  override readonly name = 'AttachError';
}
