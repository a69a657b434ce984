/**
 * What this process says of itself to a tool that asks it from outside, by its inspector: an object on globalThis whose methods take
 * nothing and return JSON as text, so that neither side depends on the version of the other. The number in the key changes when a
 * method changes its meaning.
 *
 * Invariant: nothing here throws, also where globalThis is frozen. Cost: nothing until somebody asks.
 */
import type { Control } from './control.js';

const KEY = Symbol.for('lockdep.diag.1');

export function publishDiagnosis(control: Pick<Control, 'waits'>): void {
  const value = { waits: (): string => JSON.stringify(control.waits()) };
  try {
    Object.defineProperty(globalThis, KEY, { value, configurable: true });
  } catch {
    // A frozen global: the process says nothing.
  }
}
