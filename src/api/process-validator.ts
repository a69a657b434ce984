/**
 * The validator of this process: loaded when the mode first asks for it, and shared by every copy of the package.
 *
 * States: none yet (the mode is off, or there is none to be had); loaded, on or off. What `configure` says before is kept, and
 * said again when it is loaded. The state is plain data, since copies of the package share it of which each may know less than
 * the next one. Writers: this file, and process-host.ts. Cost of the process being without one: nothing but this object.
 */
import { settingsOf, wantValidator, type Settings } from '../model/mode.js';
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

const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {};

export const processValidator: ProcessValidator = sharedState('lockdep.process.3', () => ({
  settings: settingsOf(environment),
  said: [],
  make: undefined,
  control: undefined,
}));

/** A copy of the package has been loaded, which can make the validator so, if nothing else does. */
export function beginProcess(make: MakeControl): void {
  processValidator.make ??= make;
  loadIfWanted();
}

export function loadIfWanted(): void {
  if (wantValidator(processValidator.settings)) loadControl();
}

/**
 * Loaded if need be; undefined where there is none to be had. A runtime on which it fails has locks all the same.
 *
 * @throws {RangeError} which names a wrong word of the environment
 */
export function loadControl(): Control | undefined {
  const process = processValidator;
  if (process.control !== undefined) return process.control;
  try {
    process.control = process.make?.(process.settings);
    if (process.control === undefined) tellMissing(MISSING);
  } catch (error) {
    const { wrong } = process.settings;
    if (wrong !== undefined) throw wrong;
    process.make = undefined;
    tellMissing(`fails on this runtime: ${errorText(error)}`);
  }
  const { control } = process;
  if (control !== undefined) for (const options of process.said.splice(0)) control.configure(options);
  return control;
}

/** Whoever brings it may be loaded next. */
function tellMissing(why: string): void {
  inMicrotask(() => {
    if (processValidator.control === undefined)
      warnOnce(`there is no validator: it ${why}`, 'LOCKDEP_MISSING');
  });
}
