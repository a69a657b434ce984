/** Can `await` wait for it? What throws when it is asked is no thenable, and left to whoever uses it. */
export function isThenable(value: unknown): boolean {
  try {
    return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
  } catch {
    return false;
  }
}
