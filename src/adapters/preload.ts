/**
 * Puts a whole process under lockdep: what `lockdep/register` does.
 *
 * Guarantees: `LOCKDEP=off` installs nothing at all (under `lockdep run`, the watch of its parent). Otherwise tracking is on, in production too, since a preload is
 * an explicit wish. Once per thread, however often and from however many copies of this package it is asked for.
 *
 * Who is tracked: this process and its worker threads. A worker started with an `execArgv` of its own, or from a
 * string, is not. Child processes are tracked if Node hands them the preload: `fork()` and `cluster` do, and so does
 * NODE_OPTIONS if the user has put the preload there. `spawn()` does not. Each process then has reports, a summary
 * and an exit code of its own.
 */
import { resolve } from 'node:path';
import { isMainThread, parentPort } from 'node:worker_threads';
import { lockdep } from '../index.js';
import { watchExit } from './at-exit.js';
import { substituteCommonJs } from './commonjs.js';
import { endWithRunner } from './runner-watch.js';
import { substituteEsModules } from './es-modules.js';
import { JOURNAL, type RecordPlace } from './run-record.js';
import { ownUrl, substituteUrl } from './own-files.js';
import type { Substitute } from './substitute.js';

const INSTALLED: unique symbol = Symbol.for('lockdep.register.1');

/** `substitute`: the exports of `lockdep/async-mutex`. */
export function trackProcess(substitute: Substitute): void {
  const holder = globalThis as { [INSTALLED]?: true };
  if (inHooksThread() || holder[INSTALLED] === true) return;
  const end: { finish?: () => void } = {};
  endWithRunner(() => end.finish?.());
  if (process.env['LOCKDEP'] === 'off') return;
  Object.defineProperty(globalThis, INSTALLED, { value: true });
  if (lockdep.mode === 'off') lockdep.configure({ mode: 'warn' });
  substituteCommonJs(substitute);
  substituteEsModules({ substituteUrl, ownUrl });
  end.finish = watchExit({ summary: process.env['LOCKDEP_SUMMARY'] === '1', record: recordPlace() });
}

function recordPlace(): RecordPlace | undefined {
  const out = process.env['LOCKDEP_OUT'] ?? '';
  if (out !== '') return { folder: resolve(out), isTemporary: false };
  const journal = process.env[JOURNAL] ?? '';
  return journal === '' ? undefined : { folder: journal, isTemporary: true };
}

/** What `-r` names runs in the threads of module hooks too. No program runs there; they differ in having no port. */
function inHooksThread(): boolean {
  return !isMainThread && parentPort === null;
}
