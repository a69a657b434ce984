/**
 * The validator of this process: loaded when the mode first asks for it, and shared by every copy of the package.
 *
 * States: none yet (the mode is off, or there is none to be had); loaded, on or off. What `configure` says before is kept, and
 * said again when it is loaded. One writer: this file. Cost of the process being without one: nothing but this object.
 */
import { settingsOf, type Mode, type Settings, type TrackingLevel } from '../model/mode.js';
import { inMicrotask } from '../platform/clock.js';
import { sharedState } from '../platform/shared-state.js';
import { warnOnce } from '../platform/warnings.js';
import type { SomeOptions } from '../validator/options.js';
import type { Control, ControlHost } from './control.js';

/** Makes the validator of the process; it begins with these settings. undefined where it is not to be had. */
export type MakeControl = (settings: Settings) => Control | undefined;

const MISSING =
  "the validator of lockdep is not in this bundle or does not run here, so locks are locks alone; import 'lockdep/eager' first to bundle it";

export class ProcessHost implements ControlHost {
  #settings: Settings;
  readonly #said: SomeOptions[] = [];
  #make: MakeControl | undefined;
  #control: Control | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  get mode(): Mode {
    return this.#control?.mode ?? 'off';
  }

  get tracking(): TrackingLevel {
    return this.#control?.tracking ?? this.#settings.tracking;
  }

  get active(): Control | undefined {
    return this.mode === 'off' ? undefined : this.#control;
  }

  /** A copy of the package has been loaded, which can make the validator so. */
  begin(make: MakeControl): void {
    this.#make ??= make;
    if (this.#settings.mode !== 'off') this.load();
  }

  /** The validator is here: made by whoever brings it, if there is none yet. */
  supply(make: MakeControl): void {
    this.#make = make;
    if (this.#settings.mode !== 'off') this.load();
  }

  load(): Control | undefined {
    if (this.#control !== undefined) return this.#control;
    const control = this.#make?.(this.#settings);
    if (control === undefined) {
      this.#tellMissing();
      return undefined;
    }
    this.#control = control;
    for (const options of this.#said) control.configure(options);
    this.#said.length = 0;
    return control;
  }

  configure(options: SomeOptions): void {
    if (this.#control !== undefined) {
      this.#control.configure(options);
      return;
    }
    this.#said.push(options);
    const { mode, tracking } = options;
    if (tracking !== undefined && !this.#settings.isTrackingForced) this.#settings = { ...this.#settings, tracking };
    if (mode !== undefined && !this.#settings.isModeForced) this.#settings = { ...this.#settings, mode };
    if (this.#settings.mode !== 'off') this.load();
  }

  /** Whoever brings it may be loaded next. */
  #tellMissing(): void {
    inMicrotask(() => {
      if (this.#control === undefined) warnOnce(MISSING, 'LOCKDEP_MISSING');
    });
  }
}

const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {};

export const processHost: ProcessHost = sharedState(
  'lockdep.process.1',
  () => new ProcessHost(settingsOf(environment)),
);
