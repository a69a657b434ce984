// What the scripts share: where the project is, running a program, finding test files.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs a program from the project's root and waits for it; nothing is read from stdin.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @returns {{ code: number, output: string }} output is stdout then stderr, when they are piped
 */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    maxBuffer: 1 << 28,
    ...options,
  });
  if (result.error) {
    throw result.error;
  }
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`;
  return { code: result.status ?? 1, output };
}

/**
 * The script behind a program of an installed package, to be run as `node <script>`.
 *
 * @param {string} packageName
 * @param {string} binName
 * @returns {string}
 */
export function bin(packageName, binName) {
  const directory = join(root, 'node_modules', packageName);
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const script = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[binName];
  return join(directory, script);
}

/**
 * Runs npm, by preference the one that started this script.
 *
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @returns {{ code: number, output: string }}
 */
export function npm(args, options = {}) {
  const script = process.env['npm_execpath'];
  if (script !== undefined && /npm-cli\.c?js$/.test(script)) {
    return run(process.execPath, [script, ...args], options);
  }
  return run('npm', args, { shell: process.platform === 'win32', ...options });
}

/**
 * Every compiled file under a folder, relative to the root, in a fixed order.
 *
 * @param {string} folder
 * @returns {string[]}
 */
export function compiledFiles(folder) {
  const directory = join(root, folder);
  if (!existsSync(directory)) {
    return [];
  }
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => relative(root, join(directory, name)).split(sep).join('/'))
    .sort();
}

/**
 * The environment for a test run: settings of this library that the caller's shell may hold are left out.
 *
 * @param {Record<string, string>} [extra]
 * @returns {NodeJS.ProcessEnv}
 */
export function testEnvironment(extra = {}) {
  const env = { ...process.env };
  for (const name of [
    'LOCKDEP',
    'LOCKDEP_TRACKING',
    'LOCKDEP_STACKS',
    'LOCKDEP_OUT',
    'LOCKDEP_SUMMARY',
    'NODE_TEST_CONTEXT',
  ]) {
    delete env[name];
  }
  // In which a program without a mode of its own has `warn`.
  return { ...env, NODE_ENV: 'test', ...extra };
}
