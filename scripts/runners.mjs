// Runs the suite of test/runners/fixtures under Vitest and Jest, and prints one line for each run.
//
//   npm run runners                       on the Node that this is started with
//   npm run runners -- --only 20,26hooks  on Nodes of the matrix (scripts/nodes.mjs), by their names
//   npm run runners -- --all              on all of them
//
// The runners are kept under .matrix/runners/ and fetched only when missing; this package is packed and put beside
// them as it would be published. Under node:test the same suite is part of `npm test`.
//
// Jest (in node and in jsdom), ts-jest and mocha also run test/runners/defaults/fixtures as they are when nothing is configured.
//
// A run is right when its JSON report has exactly the tests of test/runners/fixtures/expected.json, all passed, and
// its exit code is 0.

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { npm, root, run, testEnvironment } from './lib.mjs';
import { chosenRows, folder, install, printTable, runUnder, takeOnly, title, wrongContexts } from './nodes.mjs';

/**
 * @typedef {object} Way one way to run the suite
 * @property {string} name
 * @property {string} runner folder under .matrix/runners/
 * @property {readonly string[]} args of node
 * @property {string} [nodeOptions]
 * @property {boolean} [substituted] the file about async-mutex is part of it
 * @property {Readonly<Record<string, number>>} [tests] by file, where they are those of the defaults
 */

const fixtures = join(root, 'test', 'runners', 'fixtures');
const defaults = join(root, 'test', 'runners', 'defaults', 'fixtures');
const captured = { stdio: /** @type {['ignore', 'pipe', 'pipe']} */ (['ignore', 'pipe', 'pipe']) };

/** @type {Record<string, { wanted: string, adapter?: string, beside?: readonly string[] }>} */
const runners = {
  'vitest-4': { wanted: 'vitest@4.1.12', adapter: 'runner.vitest.mjs' },
  'vitest-5': { wanted: 'vitest@5.1.1', adapter: 'runner.vitest.mjs' },
  'jest-30': { wanted: 'jest@30.5.2', adapter: 'runner.jest.mjs' },
  'jest-30-defaults': {
    wanted: 'jest@30.5.2',
    beside: [
      'jest-environment-jsdom@30.5.2',
      'ts-jest@29.4.15',
      'typescript@5.9.3',
      '@types/jest@30.0.0',
      '@types/node@20.19.43',
    ],
  },
  'mocha-12': { wanted: 'mocha@12.0.3' },
};

const REPORT = 'report.json';
const jest = ['node_modules/jest/bin/jest.js', '--json', `--outputFile=${REPORT}`];

/** @param {string} runner @param {string} name @param {readonly string[]} [args] @returns {Way} */
function vitest(runner, name, args = []) {
  const base = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=json', `--outputFile=${REPORT}`];
  return { name: `${runner} ${name}`, runner, args: [...base, ...args] };
}

const PLAIN = { 'plain.test.js': 2 };
const TYPED = { 'typed.test.ts': 2 };

/** @param {string} name @param {Readonly<Record<string, number>>} tests @param {readonly string[]} args @returns {Way} */
function jestDefault(name, tests, ...args) {
  const files = Object.keys(tests).map((file) => `defaults/${file}`);
  return { name: `jest-30 ${name}`, runner: 'jest-30-defaults', tests, args: [...jest, ...args, ...files] };
}

/** @type {readonly Way[]} */
const ways = [
  ...['vitest-4', 'vitest-5'].flatMap((runner) => [
    vitest(runner, 'forks', ['--pool=forks']),
    vitest(runner, 'threads', ['--pool=threads']),
    vitest(runner, 'one process for all files', ['--pool=forks', '--no-isolate', '--no-file-parallelism']),
    { ...vitest(runner, 'preloaded'), nodeOptions: '--import lockdep/register', substituted: true },
  ]),
  { name: 'jest-30 workers', runner: 'jest-30', args: ['--experimental-vm-modules', ...jest], substituted: true },
  {
    name: 'jest-30 in band',
    runner: 'jest-30',
    args: ['--experimental-vm-modules', ...jest, '--runInBand'],
    substituted: true,
  },
  jestDefault('by default', PLAIN),
  jestDefault('in jsdom', PLAIN, '--env=jsdom'),
  jestDefault('ts-jest', TYPED, '--preset=ts-jest'),
  {
    name: 'mocha-12 by default',
    runner: 'mocha-12',
    tests: PLAIN,
    args: [
      'node_modules/mocha/bin/mocha.js',
      '--reporter=json',
      `--reporter-option=output=${REPORT}`,
      'defaults/plain.test.js',
    ],
  },
];

/** @type {Record<string, number>} */
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8'));
const SUBSTITUTED = 'async-mutex.test.mjs';

/** Exits unless the command succeeded. @param {string} what @param {{ code: number, output: string }} result */
function mustPass(what, { code, output }) {
  if (code !== 0) {
    console.error(`${what} failed with code ${code}\n${output}`.trimEnd());
    process.exit(1);
  }
}

/** The package, packed as it would be published. @returns {string} the path of the tarball */
function pack() {
  mustPass('build', run(process.execPath, [join(root, 'scripts', 'build.mjs'), 'dist']));
  const directory = mkdtempSync(join(tmpdir(), 'lockdep-runners-'));
  mustPass('npm pack', npm(['pack', '--ignore-scripts', '--silent', '--pack-destination', directory], captured));
  return join(directory, readdirSync(directory).find((name) => name.endsWith('.tgz')) ?? '');
}

/**
 * Installs a runner when it is missing, and this package as it is now.
 *
 * @param {string} runner
 * @param {string} tarball
 */
function prepare(runner, tarball) {
  const { wanted, adapter, beside = [] } = runners[runner] ?? { wanted: '' };
  const directory = join(folder, 'runners', runner);
  const [name = '', version = ''] = wanted.split('@');
  const manifest = join(directory, 'node_modules', name, 'package.json');
  if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, 'utf8')).version !== version) {
    console.log(`fetching ${wanted}`);
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
    writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
    mustPass(`npm install ${wanted}`, npm(['install', ...options, wanted, ...beside], { cwd: directory, ...captured }));
  }
  const modules = join(directory, 'node_modules');
  rmSync(join(modules, 'lockdep'), { recursive: true, force: true });
  mkdirSync(join(modules, 'lockdep'));
  mustPass('tar', run('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, 'lockdep')], captured));
  for (const dependency of ['async-mutex', 'tslib']) {
    cpSync(join(root, 'node_modules', dependency), join(modules, dependency), { recursive: true });
  }
  for (const suite of ['suite', 'defaults']) rmSync(join(directory, suite), { recursive: true, force: true });
  if (adapter === undefined) {
    cpSync(defaults, join(directory, 'defaults'), { recursive: true });
    // No program of this project, so no source of it either: there it would be compiled.
    renameSync(join(directory, 'defaults', 'typed.test.txt'), join(directory, 'defaults', 'typed.test.ts'));
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(userConfig));
    return;
  }
  cpSync(fixtures, join(directory, 'suite'), { recursive: true });
  cpSync(join(fixtures, adapter), join(directory, 'suite', 'runner.mjs'));
  if (name === 'jest') writeFileSync(join(directory, 'jest.config.json'), JSON.stringify(jestConfig, undefined, 2));
}

const userConfig = {
  compilerOptions: {
    target: 'es2022',
    module: 'commonjs',
    moduleResolution: 'node10',
    strict: true,
    types: ['node', 'jest'],
  },
};

const jestConfig = {
  testMatch: ['**/suite/*.test.mjs'],
  transform: {},
  moduleFileExtensions: ['mjs', 'js', 'json'],
};

/**
 * What is wrong with a JSON report, in the form that Jest and Vitest share.
 *
 * @param {string} path
 * @param {Way} way
 * @returns {{ passed: number, wrong: string[] }}
 */
function judge(path, { substituted = false, tests = expected, runner }) {
  if (!existsSync(path)) {
    return { passed: 0, wrong: ['no report was written'] };
  }
  if (runner.startsWith('mocha')) {
    const { stats, failures: failed } = JSON.parse(readFileSync(path, 'utf8'));
    const count = Object.values(tests).reduce((sum, each) => sum + each, 0);
    return { passed: stats.passes, wrong: stats.passes === count ? [] : [JSON.stringify(failed)] };
  }
  /** @type {{ testResults: { name: string, message?: string, assertionResults: { status: string }[] }[] }} */
  const { testResults } = JSON.parse(readFileSync(path, 'utf8'));
  const passed = new Map(
    testResults.map(({ name, assertionResults }) => [
      basename(name),
      assertionResults.filter(({ status }) => status === 'passed').length,
    ]),
  );
  const wrong = testResults.flatMap(({ name, message, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status !== 'passed')
      .map((test) => `${basename(name)}: ${JSON.stringify(test)} ${message ?? ''}`),
  );
  for (const [file, count] of Object.entries(tests)) {
    if (file === SUBSTITUTED && !substituted) continue;
    if (passed.get(file) !== count) wrong.push(`${file}: ${passed.get(file) ?? 0} of ${count} passed`);
  }
  return { passed: [...passed.values()].reduce((sum, count) => sum + count, 0), wrong };
}

/** Does this Node run that runner at all? Vitest 5 wants ^22.12. @param {string} exact @param {string} runner */
function supports(exact, runner) {
  return runner !== 'vitest-5' || Number(exact.split('.')[0]) >= 22;
}

const { only, rest } = takeOnly(process.argv.slice(2));
const unknown = rest.filter((arg) => arg !== '--all');
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(' ')}; usage: npm run runners -- [--all | --only 20,24hooks]`);
  process.exit(2);
}
const own = { name: 'this', version: process.versions.node, contexts: /** @type {const} */ ('frames') };
const here = only.length === 0 && !rest.includes('--all');
const nodes = here ? [own] : chosenRows(only);
const tarball = pack();
for (const runner of Object.keys(runners)) prepare(runner, tarball);
rmSync(dirname(tarball), { recursive: true, force: true });

const table = [['node', 'runner', 'passed', 'seconds', 'result']];
const failures = [];
for (const node of nodes) {
  const exact = here ? own.version : install(node.version, false);
  const name = here ? exact : title(node, exact);
  const contexts = here ? undefined : wrongContexts(node);
  if (contexts !== undefined) {
    failures.push(`Node ${name}: ${contexts}`);
    continue;
  }
  for (const way of ways.filter(({ runner }) => supports(exact, runner))) {
    const cwd = join(folder, 'runners', way.runner);
    rmSync(join(cwd, REPORT), { force: true });
    const env = testEnvironment(way.nodeOptions === undefined ? {} : { NODE_OPTIONS: way.nodeOptions });
    const exclude = way.substituted === true || way.tests !== undefined ? [] : [`--exclude=**/${SUBSTITUTED}`];
    const args = [...way.args, ...exclude];
    const begin = performance.now();
    const { code, output } = here
      ? run(process.execPath, args, { cwd, env, ...captured })
      : runUnder(node, args, { cwd, env });
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    const { passed, wrong } = judge(join(cwd, REPORT), way);
    if (code !== 0) wrong.push(`exit code ${code}\n${output.slice(-3000)}`);
    if (wrong.length > 0) failures.push(`Node ${name}, ${way.name}:\n${wrong.join('\n')}`);
    table.push([name, way.name, String(passed), seconds, wrong.length === 0 ? 'ok' : 'FAILED']);
    console.log(`${wrong.length === 0 ? 'ok    ' : 'FAILED'} Node ${name}, ${way.name}`);
  }
}
printTable(table);
for (const failure of failures) {
  console.error(`\n${failure.trimEnd()}`);
}
process.exit(failures.length > 0 ? 1 : 0);
