/** Begins the world of this process: what every entry point imports first. */
import { processHost } from './api/process-host.js';
import { loadValidator } from './load-validator.js';

processHost.begin(loadValidator);
