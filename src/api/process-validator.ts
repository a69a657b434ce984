/**
 * The validator of this process: loaded when the mode first asks for it, and shared by every copy of the package.
 *
 * States: none yet (the mode is off, or there is none to be had); loaded, on or off. What `configure` says before is kept, and
 * said again when it is loaded. The state is plain data, since copies of the package share it of which each may know less than
 * the next one. Writers: this file, and process-host.ts. Cost of the process being without one: nothing but this object.
 */
import { processWorld } from '../locks/observer.js';
import { areRight, settingsOf, type Settings } from '../model/mode.js';
import { inMicrotask } from '../platform/clock.js';
import { sharedState } from '../platform/shared-state.js';
import { errorText, warnOnce } from '../platform/warnings.js';
import type { SomeOptions } from '../validator/options.js';
import type { Control } from './control.js';

/** Makes the validator of the process; it begins with these settings. undefined where it is not to be had. */
export type MakeControl = (settings: Settings) => Control | undefined;

interface ProcessValidator {
  settings: Settings;
  readonly said: SomeOptions[];
  make: MakeControl | undefined;
  control: Control | undefined;
}

const MISSING = 'does not run here; on Node, import lockdep/eager';

export const processValidator: ProcessValidator = sharedState('lockdep.process.4', () => ({
  settings: settingsOf(),
  said: [],
  make: undefined,
  control: undefined,
}));

/**
 * A copy of the package has been loaded, which can make the validator so, if nothing else does. It is loaded with the first lock: what merely
 * imports the package pays for none. A wrong word of the environment it names at once.
 */
export function beginProcess(make: MakeControl): void {
  processValidator.make ??= make;
  if (areRight(processValidator.settings)) processWorld.begin = loadIfWanted;
  else loadControl();
}

export function loadIfWanted(): void {
  processWorld.begin = undefined;
  if (processValidator.settings.mode !== 'off') loadControl();
}

/**
 * Loaded if need be; undefined where there is none to be had. A runtime on which it fails has locks all the same.
 *
 * @throws {RangeError} which names a wrong word of the environment
 */
export function loadControl(): Control | undefined {
  const process = processValidator;
  try {
    process.control ??= process.make?.(process.settings);
    if (process.control === undefined) tellMissing(MISSING);
  } catch (error) {
    const { wrong } = process.settings;
    if (wrong !== undefined) throw wrong;
    process.make = undefined;
    tellMissing(`fails on this runtime: ${errorText(error)}`);
  }
  return process.control;
}

/** Whoever brings it may be loaded next. */
function tellMissing(why: string): void {
  inMicrotask(() => {
    if (processValidator.control === undefined) warnOnce(`there is no validator: it ${why}`, 'LOCKDEP_MISSING');
  });
}
