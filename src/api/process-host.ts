/** What `lockdep` asks of the validator of this process, whether there is one by then or not. */
import { processWorld } from '../locks/observer.js';
import type { Mode, TrackingLevel } from '../model/mode.js';
import type { SomeOptions } from '../validator/options.js';
import type { Control, ControlHost } from './control.js';
import { loadControl, loadIfWanted, processValidator, type MakeControl } from './process-validator.js';

export const processHost: ControlHost = {
  get mode(): Mode {
    processWorld.begin?.();
    return processValidator.control?.mode ?? 'off';
  },

  get tracking(): TrackingLevel {
    processWorld.begin?.();
    return processValidator.control?.tracking ?? (processValidator.settings.tracking === 'light' ? 'light' : 'precise');
  },

  get active(): Control | undefined {
    return this.mode === 'off' ? undefined : processValidator.control;
  },

  load: loadControl,

  configure(options: SomeOptions): void {
    const { control, said, settings } = processValidator;
    if (control !== undefined) {
      control.configure(options);
      return;
    }
    said.push(options);
    const { mode, tracking } = options;
    processValidator.settings = {
      ...settings,
      ...(tracking !== undefined && !settings.isTrackingForced && { tracking }),
      ...(mode !== undefined && !settings.isModeForced && { mode }),
    };
    loadIfWanted();
  },
};

/** The validator is here: made by whoever brings it, if there is none yet. */
export function supplyValidator(make: MakeControl): void {
  processValidator.make = make;
  loadIfWanted();
}
