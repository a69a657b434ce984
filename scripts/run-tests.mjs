// Runs the compiled tests under node:test.
//
//   npm test                                every test
//   npm test -- mutex order/                only test files whose path contains one of the words
//   npm test -- --test-name-pattern=timeout anything that begins with a dash goes to node itself
//
// Its own options: --coverage[=quiet] also measures coverage and holds it to the floor in .c8rc.json; quiet prints
// the table only when it is missed. --property runs the files with property tests only, with many more cases.
//
// The files are passed one by one, since no folder or glob argument means the same on every supported Node.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bin, compiledFiles, root, run, testEnvironment } from './lib.mjs';

const takesValue = new Set([
  '--import',
  '--require',
  '-r',
  '--test-concurrency',
  '--test-name-pattern',
  '--test-reporter',
  '--test-reporter-destination',
  '--test-skip-pattern',
  '--test-timeout',
]);

/** A test file that takes longer than this hangs. */
const fileTimeout = 120_000;
const propertyRuns = '20000';

/** @param {readonly string[]} args */
function parse(args) {
  const words = [];
  const nodeOptions = [];
  let coverage = '';
  let property = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--coverage' || arg === '--coverage=quiet') {
      coverage = arg;
    } else if (arg === '--property') {
      property = true;
    } else if (takesValue.has(arg) && i + 1 < args.length) {
      nodeOptions.push(arg, args[++i] ?? '');
    } else if (arg.startsWith('-')) {
      nodeOptions.push(arg);
    } else {
      words.push(arg.replace(/^\.\//, '').replace(/\.[jt]s$/, ''));
    }
  }
  return { words, nodeOptions, coverage, property };
}

/** @param {readonly string[]} nodeOptions @param {string} name */
const has = (nodeOptions, name) => nodeOptions.some((option) => option === name || option.startsWith(`${name}=`));

/** Modules that hold nothing but types compile to an empty one, which nobody loads: there is nothing to cover. */
function emptyModules() {
  return compiledFiles('build/src').filter((file) => {
    const text = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    return text.trim() === 'export {};';
  });
}

/** @param {boolean} quiet */
function checkCoverage(quiet) {
  const excluded = emptyModules().flatMap((file) => ['--exclude', file]);
  const args = [bin('c8', 'c8'), 'report', ...excluded];
  const { code, output } = run(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  if (code !== 0 || !quiet) {
    console.log(`\n${output.trimEnd()}`);
  }
  return code;
}

const { words, nodeOptions, coverage, property } = parse(process.argv.slice(2));
let files = compiledFiles('build/test').filter((file) => file.endsWith('.test.js'));
if (words.length > 0) {
  files = files.filter((file) => words.some((word) => file.includes(word)));
}
if (property) {
  files = files.filter((file) => /from 'fast-check'|LOCKDEP_FUZZ_RUNS/.test(readFileSync(join(root, file), 'utf8')));
}
if (files.length === 0) {
  const kind = property ? 'file with property tests' : 'compiled test file';
  console.error(words.length > 0 ? `no ${kind} matches ${words.join(', ')}` : `no ${kind} under build/test/`);
  process.exit(1);
}
if (!has(nodeOptions, '--test-reporter')) {
  nodeOptions.push('--test-reporter=spec');
}
if (!has(nodeOptions, '--test-concurrency')) {
  nodeOptions.push('--test-concurrency=2');
}
if (!has(nodeOptions, '--test-timeout') && !property) {
  nodeOptions.push(`--test-timeout=${fileTimeout}`);
}

/** @type {Record<string, string>} */
const extra = {};
if (property) {
  extra['LOCKDEP_FUZZ_RUNS'] = process.env['LOCKDEP_FUZZ_RUNS'] ?? propertyRuns;
}
if (coverage !== '') {
  const folder = join(root, 'coverage', 'tmp');
  rmSync(folder, { recursive: true, force: true });
  extra['NODE_V8_COVERAGE'] = folder;
}
let { code } = run(process.execPath, ['--test', ...nodeOptions, ...files], { env: testEnvironment(extra) });
if (coverage !== '' && code === 0) {
  code = checkCoverage(coverage.endsWith('quiet'));
}
process.exit(code);
