/** The modes and levels of a validator, and what the environment asks for. Loads no validator. */
import { notAmong } from '../platform/describe.js';
import { showWarning } from '../platform/warnings.js';

/** off: locks, and nothing else. warn: reports. enforce: the offending call throws too. */
export type Mode = 'off' | 'warn' | 'enforce';

/** precise: locks taken by a call are followed too, by promise hooks. light: those of scopes alone, at no cost per promise. */
export type TrackingLevel = 'precise' | 'light';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Settings {
  readonly mode: Mode;
  /** Does the environment name the mode? Then code does not change it. */
  readonly isModeForced: boolean;
  readonly tracking: TrackingLevel;
  readonly isTrackingForced: boolean;
}

/**
 * LOCKDEP and LOCKDEP_TRACKING win over code. Without LOCKDEP the mode is `warn` where NODE_ENV is `development` or `test`, else
 * `off`: who never asked for a validator gets locks alone.
 */
export function settingsOf(env: Environment): Settings {
  const place = read(env, 'NODE_ENV');
  const settingOf = <T>(name: string, checked: (value: unknown, what: string) => T): T | undefined => {
    const value = read(env, name);
    try {
      return value ? checked(value, `environment variable ${name}`) : undefined;
    } catch (error) {
      // In production a value that makes no sense is told of and counts as none: it ends nothing.
      if (place !== 'production') throw error;
      showWarning(`${(error as Error).message}; it is ignored`, 'LOCKDEP_BAD_SETTING');
      return undefined;
    }
  };
  const tracking = settingOf('LOCKDEP_TRACKING', checkedTracking);
  const mode = settingOf('LOCKDEP', checkedMode);
  return {
    mode: mode ?? (place === 'development' || place === 'test' ? 'warn' : 'off'),
    isModeForced: mode !== undefined,
    tracking: tracking ?? 'precise',
    isTrackingForced: tracking !== undefined,
  };
}

/** A runtime may keep its environment to itself: Deno throws without a permission. */
function read(env: Environment, name: string): string | undefined {
  try {
    return env[name];
  } catch {
    return undefined;
  }
}

export function checkedTracking(value: unknown, what: string): TrackingLevel {
  if (value === 'precise' || value === 'light') return value;
  throw notAmong(what, "'precise' or 'light'", value);
}

export function checkedMode(value: unknown, what: string): Mode {
  if (value === 'off' || value === 'warn' || value === 'enforce') return value;
  throw notAmong(what, "'off', 'warn' or 'enforce'", value);
}
