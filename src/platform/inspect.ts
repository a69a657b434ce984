/**
 * How our objects show in `console.log`: in one short line, for they refer to one another, and hang as notes on promises
 * that users print.
 */

/** The method that `util.inspect` calls. By its registered name: no module is loaded for it. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;
