/**
 * How a process comes to its validator. This file is the way of the sources as they are: the validator is there at once. The
 * package is bundled with another one in its place for each kind of runtime (scripts/bundle.mjs), which loads it when it is wanted.
 */
import type { Control } from './api/control.js';
import { makeControl } from './engine.js';
import type { Settings } from './model/mode.js';
import { registerCopy } from './platform/copies.js';
import { keepWarnings } from './platform/kept-warnings.js';
import { ownDirectory } from './report/own-directory.js';

// By `not packed` a copy of the sources is told from what is published.
registerCopy('not packed', ownDirectory());
// On Node with or without a validator; what is bundled for elsewhere has a plain way, until there is one.
keepWarnings();

export function loadValidator(settings: Settings): Control | undefined {
  return makeControl(settings);
}
