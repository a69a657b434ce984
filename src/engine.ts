/** The validator of the process. Loaded when the mode asks for it, or at once by `lockdep/eager`. */
import type { Control } from './api/control.js';
import { ValidatorControl } from './api/validator-control.js';
import { processWorld } from './locks/observer.js';
import { sitePrinter } from './model/place-class.js';
import type { Settings } from './model/mode.js';
import { processAcquireChannels, processChannels } from './report/channels.js';
import { sitePosition } from './report/stack-text.js';
import { Runtime } from './validator/runtime.js';

export function makeControl(settings: Settings): Control {
  sitePrinter.print = sitePosition;
  const runtime = new Runtime({
    world: processWorld,
    channels: processChannels,
    acquireChannels: processAcquireChannels,
  });
  runtime.begin(settings);
  return new ValidatorControl(runtime);
}
