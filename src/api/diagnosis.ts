/**
 * What this process says of itself to a tool that asks it from outside, by its inspector or by a socket: an object on globalThis whose
 * methods take nothing and return JSON as text, so that neither side depends on the version of the other. The number in the key
 * changes when a method changes its meaning.
 *
 * Invariant: nothing here throws, also where globalThis is frozen. Cost: nothing until somebody asks.
 */
import { holdsMade } from '../model/hold.js';
import type { Control } from './control.js';

const KEY = Symbol.for('lockdep.diag.1');

/** Methods by name. */
export type Diagnosis = Readonly<Record<'waits' | 'about', () => string>>;

export function diagnosisOf(control: Pick<Control, 'waits' | 'mode' | 'tracking' | 'reports'>): Diagnosis {
  return {
    waits: () => JSON.stringify(control.waits()),
    about: () =>
      JSON.stringify({
        mode: control.mode,
        tracking: control.tracking,
        reports: control.reports().length,
        /** Of all that were ever followed, waits among them: a tool that asks twice has a rate. */
        holdsMade: holdsMade(),
      }),
  };
}

export function publishDiagnosis(value: Diagnosis): void {
  try {
    Object.defineProperty(globalThis, KEY, { value, configurable: true });
  } catch {
    // A frozen global: the process says nothing.
  }
}
