/** The kinds of holds and waits, in words. Apart from hold.ts: a lock knows these, and only a validator makes holds. Pure. */

/**
 * scope: the hold of a `runExclusive`. imperative: acquired and released by calls. try: taken without waiting. wait: an
 * event or the end of a task, waited for and never held: such a node goes from WAITING to RELEASED. unlock: so does the
 * wait for the unlock of a lock, which is not taken. use: so does what a call takes and gives back before it is over.
 */
export type HoldKind = 'scope' | 'imperative' | 'try' | 'try-scope' | 'wait' | 'unlock' | 'use';

/**
 * What an attempt waits for: exclusive for every holder; a fair read for every writer, queued ones included, and so for
 * what these wait for; a recursive read only for a writer that holds.
 */
export type WaitKind = 'exclusive' | 'fair-read' | 'recursive-read';

/** Is the hold that of a `runExclusive`? */
export function isScope(kind: HoldKind): boolean {
  return kind === 'scope' || kind === 'try-scope';
}

/** Is it waited for and never held, as far as the flow that waits is concerned? */
export function isWait(kind: HoldKind): boolean {
  return kind === 'wait' || kind === 'unlock' || kind === 'use';
}

/** The same, as if it had been taken without waiting. */
export function asTry(kind: HoldKind): HoldKind {
  return isScope(kind) ? 'try-scope' : 'try';
}

/** Does it never wait, or only where that is legal anyway, so that nothing leads into it? */
export function isTry(kind: HoldKind): boolean {
  return kind === 'try' || kind === 'try-scope';
}
