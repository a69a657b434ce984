/** The names under which a lock and its engine know each other. */

/**
 * Property of a lock: its engine. A symbol, so that a subclass may have any field, and not a private field, so that a lock
 * works behind a Proxy (reactive frameworks) or as a prototype.
 */
export const CORE: unique symbol = Symbol('lockdep.core');

/** Property of the prototypes of locks: the world that these live in. */
export const WORLD: unique symbol = Symbol('lockdep.world');
