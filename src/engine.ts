/** The validator of the process, where the runtime has what it stands on. Loaded when the mode asks for it, or at once by `lockdep/eager`. */
import { isMainThread } from 'node:worker_threads';
import type { Control } from './api/control.js';
import { diagnosisOf, publishDiagnosis } from './api/diagnosis.js';
import { serveDiagnosis } from './api/diagnosis-socket.js';
import { processValidator } from './api/process-validator.js';
import { ValidatorControl } from './api/validator-control.js';
import { watchEnds } from './liveness/process-end.js';
import { processWorld } from './locks/observer.js';
import { hasStorage } from './flow/carriers.js';
import type { Settings } from './model/mode.js';
import { watchForCopies } from './platform/foreign-copies.js';
import { processAcquireChannels, processChannels } from './report/channels.js';
import { checkedSettings } from './validator/checked-settings.js';
import { Runtime } from './validator/runtime.js';

/**
 * undefined where nothing goes with asynchronous calls: then nobody knows who holds what.
 *
 * @throws {RangeError} when the environment names what is no mode or no level; `settings.wrong` is it then
 */
export function makeControl(settings: Settings): Control | undefined {
  const checked = checkedSettings(settings);
  if (!hasStorage) return undefined;
  const runtime = new Runtime({
    world: processWorld,
    channels: processChannels,
    acquireChannels: processAcquireChannels,
  });
  try {
    runtime.begin(checked);
  } catch (error) {
    // Half of a validator would go on looking at the locks.
    runtime.dispose();
    throw error;
  }
  watchForCopies(() => !runtime.off);
  const control = new ValidatorControl(runtime);
  for (const options of processValidator.said.splice(0)) control.configure(options);
  const diagnosis = diagnosisOf(control);
  publishDiagnosis(diagnosis);
  if (isMainThread) serveDiagnosis(diagnosis);
  watchEnds({
    beforeEnd: async () => (runtime.off ? undefined : await control.liveness.beforeEnd()),
    atEnd: () => !runtime.off && control.liveness.atEnd(),
    atExit: (unsettled) => runtime.off || control.liveness.atExit(unsettled),
  });
  return control;
}
