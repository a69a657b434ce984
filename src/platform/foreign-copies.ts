/**
 * Says that copies of the package in this process are apart: versions that do not share their state do not see each other's locks.
 *
 * Such a copy is one of the register (copies.ts) that has other keys for what has to be shared, or, for versions before there was a
 * register, one that has left a key on globalThis that no copy of the register has.
 *
 * States: not watching (the process has no validator yet); watching; told. One warning in a process, by whichever copy finds out first, and
 * only while its mode is not off: what is not tracked lacks nothing.
 *
 * An older copy that is loaded later calls nobody, so this looks again: after the turn in which the validator came, at a new report, when
 * a copy registers, at a summary and when the process exits. Cost of a look: the symbols of globalThis, a few dozen; none on
 * the way of a lock. Nothing here throws. A caller must not look on the way of an acquisition.
 */
import { builtin } from './builtin.js';
import { afterThisTurn, inMicrotask } from './clock.js';
import { copiesHere, type Copy } from './copies.js';
import { ownKey, ownKeys, type OwnKey } from './own-keys.js';
import { showWarning } from './warnings.js';

/** What has to be shared for one graph of all locks. */
const TRUNK: readonly string[] = (['lockdep.world.3', 'lockdep.process.4', 'lockdep.classes.6'] as const).map(ownKey);

/** Keys that are the same in all versions, or say nothing of locks. */
const NEUTRAL: readonly string[] = ['lockdep.register.1', 'lockdep.diag.1'];

/** Of this version and of those before it. */
const DIRECTORIES = [ownKey('lockdep.directories.1'), 'lockdep.directories.1' satisfies OwnKey].map((key) =>
  Symbol.for(key),
);

let isOn: (() => boolean) | undefined;

/** The validator of the process is there; `on` tells whether its mode is not off. */
export function watchForCopies(on: () => boolean): void {
  if (isOn !== undefined) return;
  isOn = on;
  try {
    copiesHere()?.watchers.push(lookForCopies);
  } catch {
    // A register that is not one.
  }
  inMicrotask(lookForCopies);
  lookLater();
}

/** In a context of its own (node:vm, Jest) a listener of the one process would keep the context for ever, and a later turn may find it torn down. */
function lookLater(): void {
  try {
    const { process } = globalThis as { readonly process?: NodeJS.Process };
    if (!(process instanceof Object)) return;
    afterThisTurn(lookForCopies);
    process.once('exit', lookForCopies);
  } catch {
    // A stand-in for `process`.
  }
}

export function lookForCopies(): void {
  if (isOn === undefined) return;
  try {
    const here = copiesHere();
    if (here === undefined || here.told || !isOn()) return;
    const apart = copiesApart(here.copies);
    if (apart.length === 0) return;
    here.told = true;
    showWarning(messageOf(here.copies, apart), 'LOCKDEP_COPIES');
  } catch {
    // Things of somebody else's under the names of ours.
  }
}

function messageOf(copies: readonly Copy[], apart: readonly string[]): string {
  const ours = copies.find(isTogether);
  const own = ours === undefined ? 'this lockdep' : named(ours.version, ours.directory);
  return (
    `${own} and ${apart.join(' and ')} do not see each other's locks, so an inversion between them is not reported: ` +
    'see that the process has one version of the package (npm ls lockdep shows who brings which)'
  );
}

/** Does it share with this copy what has to be shared? */
function isTogether({ keys }: Copy): boolean {
  return TRUNK.every((key) => keys.includes(key));
}

/** How the copies that are apart are called. */
function copiesApart(copies: readonly Copy[]): string[] {
  const apart = copies.filter((copy) => !isTogether(copy)).map(({ version, directory }) => named(version, directory));
  if (hasUnknownKey(copies)) {
    const known = new Set(copies.map(({ directory }) => directory));
    const places = [...directories()].filter((directory) => !known.has(directory));
    apart.push(...(places.length > 0 ? places.map((place) => named(versionIn(place), place)) : [named()]));
  }
  return apart;
}

/** State of a version that registers nothing. */
function hasUnknownKey(copies: readonly Copy[]): boolean {
  const known = new Set<string>([...ownKeys(), ...NEUTRAL, ...copies.flatMap(({ keys }) => keys)]);
  return Object.getOwnPropertySymbols(globalThis).some((symbol) => {
    const key = Symbol.keyFor(symbol) ?? '';
    return /^lockdep\.[a-z.-]+\.\d+(?:\.[0-9a-f]+)?$/.test(key) && !known.has(key);
  });
}

/** Of all versions that have loaded a validator. */
function directories(): ReadonlySet<string> {
  const found = DIRECTORIES.map((key): unknown => Object.getOwnPropertyDescriptor(globalThis, key)?.value);
  return new Set(found.flatMap((each) => (each instanceof Set ? [...(each as Set<string>)] : [])));
}

function named(version?: string, directory?: string): string {
  return `lockdep ${version ?? 'of another version'}${directory === undefined ? '' : ` (${directory})`}`;
}

/** By the manifest beside or above the files. */
function versionIn(directory: string): string | undefined {
  const files = builtin<typeof import('node:fs')>('fs');
  for (const folder of [directory, `${directory}../`]) {
    try {
      const text = files?.readFileSync(`${folder}package.json`, 'utf8') ?? '';
      const { name, version } = JSON.parse(text) as { readonly name?: unknown; readonly version?: unknown };
      if (name === 'lockdep' && typeof version === 'string') return version;
    } catch {
      // None there, or none that can be read.
    }
  }
  return undefined;
}
