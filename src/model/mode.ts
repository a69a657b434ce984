/** The modes and levels of a validator, and what the environment asks for. Loads no validator. */
import { notAmong } from '../platform/describe.js';
import { fromEnvironment } from '../platform/environment.js';

/** off: locks, and nothing else. warn: reports. enforce: the offending call throws too. */
export type Mode = 'off' | 'warn' | 'enforce';

/** precise: locks taken by a call are followed too, by promise hooks. light: those of scopes alone, at no cost per promise. */
export type TrackingLevel = 'precise' | 'light';

/** What a validator begins with. The environment's words are as they stand there: nobody has checked them (checked-settings.ts). */
export interface Settings {
  readonly mode: string;
  /** Does the environment name the mode? Then code does not change it. */
  readonly isModeForced: boolean;
  readonly tracking: string;
  readonly isTrackingForced: boolean;
  /** What a validator has thrown that found a word of the environment wrong: an error of the program, not of the runtime. */
  wrong?: Error;
}

/** Is a program developed or tested where NODE_ENV is `place`? That is taken for consent to a validator. */
export function isTrial(place: string | undefined): boolean {
  // What is not there matches neither.
  return /^(test|development)$/.test(place as string);
}

/**
 * LOCKDEP and LOCKDEP_TRACKING win over code. Without LOCKDEP the mode is `warn` where NODE_ENV is `development` or `test`, else
 * `off`: who never asked for a validator gets locks alone.
 */
export function settingsOf(): Settings {
  const place = fromEnvironment('NODE_ENV');
  const mode = fromEnvironment('LOCKDEP');
  const tracking = fromEnvironment('LOCKDEP_TRACKING');
  return {
    mode: mode || (isTrial(place) ? 'warn' : 'off'),
    isModeForced: !!mode,
    tracking: tracking || 'precise',
    isTrackingForced: !!tracking,
  };
}

/** Is nothing wrong with the words of the environment? The validator names what is: of a level it says so itself. */
export function areRight({ mode, isTrackingForced }: Settings): boolean {
  return !isTrackingForced && /^(off|warn|enforce)$/.test(mode);
}

export function checkedTracking(value: unknown, what: string): TrackingLevel {
  if (value === 'precise' || value === 'light') return value;
  throw notAmong(what, "'precise' or 'light'", value);
}

export function checkedMode(value: unknown, what: string): Mode {
  if (value === 'off' || value === 'warn' || value === 'enforce') return value;
  throw notAmong(what, "'off', 'warn' or 'enforce'", value);
}
