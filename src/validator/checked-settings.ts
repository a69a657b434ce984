/** What the environment asks for, checked. The one who reads it leaves that to the validator, to be small where there is none. */
import { checkedMode, checkedTracking, isTrial, type Mode, type Settings, type TrackingLevel } from '../model/mode.js';
import { fromEnvironment } from '../platform/environment.js';
import { showWarning } from '../platform/warnings.js';

/** Settings that a validator can begin with. */
export interface CheckedSettings {
  readonly mode: Mode;
  readonly isModeForced: boolean;
  readonly tracking: TrackingLevel;
  readonly isTrackingForced: boolean;
}

/**
 * A wrong word ends the program at its start where the program is developed or tested. Elsewhere it is told of and counts as none: it
 * ends nothing.
 *
 * @throws {RangeError} which `settings.wrong` is then
 */
export function checkedSettings(settings: Settings): CheckedSettings {
  const known = <T>(word: string, check: (value: unknown, what: string) => T, name: string): T | undefined => {
    try {
      return check(word, `environment variable ${name}`);
    } catch (caught) {
      const error = caught as Error;
      if (isTrial(fromEnvironment('NODE_ENV'))) throw (settings.wrong = error);
      showWarning(`${error.message}; it is ignored`, 'LOCKDEP_BAD_SETTING');
      return undefined;
    }
  };
  const tracking = known(settings.tracking, checkedTracking, 'LOCKDEP_TRACKING');
  const mode = known(settings.mode, checkedMode, 'LOCKDEP');
  return {
    mode: mode ?? 'off',
    isModeForced: settings.isModeForced && mode !== undefined,
    tracking: tracking ?? 'precise',
    isTrackingForced: settings.isTrackingForced && tracking !== undefined,
  };
}
