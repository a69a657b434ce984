// Runs the compiled tests under every supported Node and prints one line for each.
//
//   npm run matrix                        all of them
//   npm run matrix -- --only 22,24        some
//   npm run matrix -- --start             and the example of `npm start` under each
//   npm run matrix -- --update            fetch the newest release of each line again
//   npm run matrix -- --no-build mutex    as built already; words and node options go on to the test run
//
// The Nodes are npm packages, kept under .matrix/ and fetched only when missing. What is installed is the package
// that holds the executable of this platform: the package `node` itself would fetch that one from an install script,
// and install scripts may be switched off.

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { npm, root, run } from './lib.mjs';

/** The oldest supported release, then the newest of each supported line. */
const versions = ['20.19.0', '20', '22', '24', '26'];
const folder = join(root, '.matrix');

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

/** @param {string} version @param {boolean} update @returns {string} */
function install(version, update) {
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
 * Runs a script under one of the installed Nodes, which is also what `node` means to its child processes.
 *
 * @param {string} version
 * @param {readonly string[]} args
 * @returns {{ code: number, output: string, seconds: number }}
 */
function runUnder(version, args) {
  const path = executable(version);
  const env = { ...process.env, PATH: `${dirname(path)}${delimiter}${process.env['PATH'] ?? ''}` };
  const begin = performance.now();
  const { code, output } = run(path, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  return { code, output, seconds: (performance.now() - begin) / 1000 };
}

/** @param {string} output @param {string} name @returns {number} a figure of the test runner's closing lines */
function closing(output, name) {
  const match = new RegExp(`^\\W* ${name} (\\d+)$`, 'm').exec(output);
  return match === null ? Number.NaN : Number(match[1]);
}

/** @param {readonly string[]} args */
function parse(args) {
  const options = { only: /** @type {string[]} */ ([]), start: false, update: false, build: true };
  const rest = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--only' || arg.startsWith('--only=')) {
      const list = arg === '--only' ? (args[++i] ?? '') : arg.slice('--only='.length);
      options.only.push(...list.split(',').filter((word) => word !== ''));
    } else if (arg === '--start') {
      options.start = true;
    } else if (arg === '--update') {
      options.update = true;
    } else if (arg === '--no-build') {
      options.build = false;
    } else {
      rest.push(arg);
    }
  }
  return { options, rest };
}

const { options, rest } = parse(process.argv.slice(2));
const chosen = versions.filter(
  (version) => options.only.length === 0 || options.only.some((word) => `${version}.`.startsWith(`${word}.`)),
);
if (chosen.length === 0 || options.only.some((word) => !versions.some((v) => `${v}.`.startsWith(`${word}.`)))) {
  console.error(`no such Node in the matrix: ${options.only.join(', ')} (there are ${versions.join(', ')})`);
  process.exit(2);
}
if (options.build) {
  const { code } = run(process.execPath, [join(root, 'scripts', 'build.mjs')]);
  if (code !== 0) {
    process.exit(code);
  }
}

const installed = chosen.map((version) => ({ version, exact: install(version, options.update) }));
const header = ['node', 'tests', 'pass', 'fail', 'skip', 'seconds', ...(options.start ? ['example'] : []), 'result'];
const table = [header];
const failures = [];
for (const { version, exact } of installed) {
  const tests = runUnder(version, [join(root, 'scripts', 'run-tests.mjs'), '--test-reporter=spec', ...rest]);
  const counts = ['tests', 'pass', 'fail', 'skipped'].map((name) => closing(tests.output, name));
  const cancelled = closing(tests.output, 'cancelled');
  const row = [exact, ...counts.map(String), tests.seconds.toFixed(1)];
  row[3] = String((counts[2] ?? 0) + cancelled);
  let good = tests.code === 0 && counts[0] !== undefined && counts[0] > 0 && row[3] === '0';
  if (!good) {
    const from = tests.output.indexOf('failing tests:');
    failures.push(`Node ${exact}, tests:\n${from === -1 ? tests.output.slice(-4000) : tests.output.slice(from)}`);
  }
  if (options.start) {
    const example = runUnder(version, [join(root, 'build', 'examples', 'start.js')]);
    row.push(example.code === 0 ? 'ok' : `exit ${example.code}`);
    if (example.code !== 0) {
      good = false;
      failures.push(`Node ${exact}, example:\n${example.output.slice(-4000)}`);
    }
  }
  row.push(good ? 'ok' : 'FAILED');
  table.push(row);
  console.log(`${good ? 'ok    ' : 'FAILED'} Node ${exact}`);
}

const widths = header.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
console.log('');
for (const row of table) {
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
for (const failure of failures) {
  console.error(`\n${failure.trimEnd()}`);
}
process.exit(failures.length > 0 ? 1 : 0);
