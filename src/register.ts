/**
 * `node --import lockdep/register app.js`, or `-r lockdep/register`: every use of `async-mutex` in the process is
 * tracked.
 *
 * Settings, all from the environment: `LOCKDEP=off|warn|enforce`; `LOCKDEP_SUMMARY=1` prints a summary at exit and
 * makes the exit code 1 if there are strict reports; `LOCKDEP_OUT=DIR` writes them to `DIR/lockdep-<pid>.json`. Has
 * no exports.
 *
 * What has been loaded before stays as it is. So it has to be a preload: an `import` of it in the program comes
 * after the other imports have been resolved.
 */
import { E_ALREADY_LOCKED, E_CANCELED, E_TIMEOUT, Mutex, Semaphore, tryAcquire, withTimeout } from './async-mutex.js';
import { trackProcess } from './adapters/preload.js';

trackProcess({ E_ALREADY_LOCKED, E_CANCELED, E_TIMEOUT, Mutex, Semaphore, tryAcquire, withTimeout });
