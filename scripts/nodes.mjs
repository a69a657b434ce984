// The Nodes that the scripts run things under: npm packages, kept under .matrix/ and fetched only when missing.
//
// What is installed is the package that holds the executable of this platform: the package `node` itself would fetch
// that one from an install script, and install scripts may be switched off.
//
// AsyncLocalStorage exists in two implementations, on async hooks and on AsyncContextFrame. Each of them is a row of its
// own where a flag chooses it; the flag goes into NODE_OPTIONS, so child processes have it too. No row runs before a
// process in that environment has been asked which one it has: a flag that changes nothing is an error.

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { npm, root, run } from './lib.mjs';

/**
 * @typedef {object} Row
 * @property {string} name for `--only`
 * @property {string} version the oldest supported release, or the newest of a line
 * @property {'hooks' | 'frames'} contexts what AsyncLocalStorage is built on
 * @property {string} [flag] which chooses that, where it is not the default
 */

/** @type {readonly Row[]} */
export const rows = [
  { name: '20.19.0', version: '20.19.0', contexts: 'hooks' },
  { name: '20', version: '20', contexts: 'hooks' },
  { name: '22', version: '22', contexts: 'hooks' },
  { name: '24', version: '24', contexts: 'frames' },
  { name: '26', version: '26', contexts: 'frames' },
  { name: '22acf', version: '22', contexts: 'frames', flag: '--experimental-async-context-frame' },
  { name: '24hooks', version: '24', contexts: 'hooks', flag: '--no-async-context-frame' },
  { name: '26hooks', version: '26', contexts: 'hooks', flag: '--no-async-context-frame' },
];

export const folder = join(root, '.matrix');

/**
 * The rows with these names, all without any; exits with 2 for a name that no row has. `20` is 20 and 20.19.0.
 *
 * @param {readonly string[]} words
 * @returns {readonly Row[]}
 */
export function chosenRows(words) {
  /** @param {string} word @param {Row} row */
  const names = (word, { name }) => `${name}.`.startsWith(`${word}.`);
  const unknown = words.filter((word) => !rows.some((row) => names(word, row)));
  if (unknown.length > 0) {
    console.error(
      `no such Node in the matrix: ${unknown.join(', ')} (there are ${rows.map(({ name }) => name).join(', ')})`,
    );
    process.exit(2);
  }
  return rows.filter((row) => words.length === 0 || words.some((word) => names(word, row)));
}

/**
 * Takes `--only a,b` out of arguments.
 *
 * @param {readonly string[]} args
 * @returns {{ only: string[], rest: string[] }}
 */
export function takeOnly(args) {
  const only = [];
  const rest = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--only' || arg.startsWith('--only=')) {
      const list = arg === '--only' ? (args[++i] ?? '') : arg.slice('--only='.length);
      only.push(...list.split(',').filter((word) => word !== ''));
    } else {
      rest.push(arg);
    }
  }
  return { only, rest };
}

/** The npm package with the executable for this platform, by the rule of the package `node`. */
function platformPackage() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return `${prefix}-${platform}-${process.arch}`;
}

/** @param {string} version @returns {string} */
function executable(version) {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  return join(folder, version, 'node_modules', platformPackage(), 'bin', name);
}

/** @param {string} version @returns {string | undefined} the exact version, or undefined when it does not run */
function installedVersion(version) {
  const path = executable(version);
  if (!existsSync(path)) {
    return undefined;
  }
  const { code, output } = run(path, ['--version'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exact = output.trim().replace(/^v/, '');
  return code === 0 && `${exact}.`.startsWith(`${version}.`) ? exact : undefined;
}

/**
 * Installs a Node if it is missing.
 *
 * @param {string} version
 * @param {boolean} update fetch it again
 * @returns {string} the exact version
 */
export function install(version, update) {
  const present = update ? undefined : installedVersion(version);
  if (present !== undefined) {
    return present;
  }
  const directory = join(folder, version);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const wanted = `${platformPackage()}@${version}`;
  console.log(`fetching ${wanted}`);
  const args = ['install', '--prefix', directory, '--no-save', '--no-package-lock', '--ignore-scripts', wanted];
  const { code, output } = npm(args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  const exact = code === 0 ? installedVersion(version) : undefined;
  if (exact === undefined) {
    console.error(`${output.trimEnd()}\ncould not install Node ${version} (npm package ${wanted})`);
    process.exit(1);
  }
  return exact;
}

/**
 * Runs a script under a row's Node, which is also what `node` means to its child processes.
 *
 * @param {Row} row
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {{ code: number, output: string, seconds: number }}
 */
export function runUnder({ version, flag }, args, options = {}) {
  const path = executable(version);
  const base = options.env ?? process.env;
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...base, PATH: `${dirname(path)}${delimiter}${base['PATH'] ?? ''}` };
  if (flag !== undefined) {
    env['NODE_OPTIONS'] = `${base['NODE_OPTIONS'] ?? ''} ${flag}`.trim();
  }
  const begin = performance.now();
  const { code, output } = run(path, args, { ...options, env, stdio: ['ignore', 'pipe', 'pipe'] });
  return { code, output, seconds: (performance.now() - begin) / 1000 };
}

/** Async hooks put symbols on every promise that is made while a storage is in use. Asked in a child of the process. */
const PROBE = `
const { AsyncLocalStorage } = require('node:async_hooks');
const promise = new AsyncLocalStorage().run({}, () => new Promise(() => {}));
process.stdout.write(Object.getOwnPropertySymbols(promise).length > 0 ? 'hooks' : 'frames');
`;
const ASK_A_CHILD = `
const { execFileSync } = require('node:child_process');
process.stdout.write(execFileSync(process.execPath, ['-e', ${JSON.stringify(PROBE)}], { encoding: 'utf8' }));
`;

/**
 * What is wrong with the row's implementation of AsyncLocalStorage, as a child process of a run under it finds it.
 *
 * @param {Row} row
 * @returns {string | undefined}
 */
export function wrongContexts(row) {
  const { code, output } = runUnder(row, ['-e', ASK_A_CHILD]);
  if (code === 0 && output === row.contexts) {
    return undefined;
  }
  return `AsyncLocalStorage should be on ${row.contexts}, the probe says: ${output.trim() || `exit ${code}`}`;
}

/** @param {Row} row @param {string} exact @returns {string} how tables call it */
export function title({ contexts, flag }, exact) {
  return flag === undefined ? exact : `${exact} ${contexts === 'frames' ? 'acf' : 'hooks'}`;
}

/** @param {readonly (readonly string[])[]} table */
export function printTable(table) {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  console.log('');
  for (const row of table) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}
