/**
 * The keys under which this copy of the package keeps state on globalThis. A copy that has all of them shares it.
 *
 * A key gets the next number when what lies under it changes so that an older copy would not understand it, and a copy of before then
 * counts as another one that is apart (foreign-copies.ts). On globalThis each has the names of its properties behind it
 * (shared-names.ts). Constants; no cost.
 */
import { sharedNames } from './shared-names.js';

const KEYS = [
  'lockdep.world.3',
  'lockdep.process.4',
  'lockdep.classes.6',
  'lockdep.places.1',
  'lockdep.sites.1',
  'lockdep.scopes.2',
  'lockdep.then.3',
  'lockdep.warnings.4',
  'lockdep.options.told.1',
  'lockdep.misuses.1',
  'lockdep.directories.1',
] as const;

export type OwnKey = (typeof KEYS)[number];

/** All of them, as they stand on globalThis. */
export function ownKeys(): string[] {
  return KEYS.map(ownKey);
}

/** As it stands on globalThis. */
export function ownKey(key: OwnKey): string {
  return key + sharedNames;
}
