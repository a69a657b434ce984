// Runs the compiled tests under every supported Node and prints one line for each.
//
//   npm run matrix                        all of them
//   npm run matrix -- --only 22,24hooks   some, by the names below
//   npm run matrix -- --start             and the example of `npm start` under each
//   npm run matrix -- --update            fetch the newest release of each line again
//   npm run matrix -- --no-build mutex    as built already; words and node options go on to the test run
//
// The names are 20.19.0, 20, 22, 24 and 26, and, for the other implementation of AsyncLocalStorage, 22acf (on
// AsyncContextFrame), 24hooks and 26hooks (on async hooks). scripts/nodes.mjs has the details.

import { join } from 'node:path';
import { root, run } from './lib.mjs';
import { chosenRows, install, printTable, runUnder, takeOnly, title, wrongContexts } from './nodes.mjs';

/** @param {string} output @param {string} name @returns {number} a figure of the test runner's closing lines */
function closing(output, name) {
  const match = new RegExp(`^\\W* ${name} (\\d+)$`, 'm').exec(output);
  return match === null ? Number.NaN : Number(match[1]);
}

const { only, rest: args } = takeOnly(process.argv.slice(2));
const own = ['--start', '--update', '--no-build'];
const rest = args.filter((arg) => !own.includes(arg));
const options = { start: args.includes('--start'), update: args.includes('--update') };
const chosen = chosenRows(only);
if (!args.includes('--no-build')) {
  const { code } = run(process.execPath, [join(root, 'scripts', 'build.mjs')]);
  if (code !== 0) {
    process.exit(code);
  }
}

/** @type {Map<string, string>} */
const installed = new Map();
for (const { version } of chosen) {
  if (!installed.has(version)) installed.set(version, install(version, options.update));
}
const header = ['node', 'tests', 'pass', 'fail', 'skip', 'seconds', ...(options.start ? ['example'] : []), 'result'];
const table = [header];
const failures = [];
for (const row of chosen) {
  const name = title(row, installed.get(row.version) ?? row.version);
  const wrong = wrongContexts(row);
  if (wrong !== undefined) {
    failures.push(`Node ${name}: ${wrong}`);
    table.push([name, ...header.slice(2).map(() => '-'), 'FAILED']);
    console.log(`FAILED Node ${name}`);
    continue;
  }
  const tests = runUnder(row, [join(root, 'scripts', 'run-tests.mjs'), '--test-reporter=spec', ...rest]);
  const counts = ['tests', 'pass', 'fail', 'skipped'].map((figure) => closing(tests.output, figure));
  const cancelled = closing(tests.output, 'cancelled');
  const cells = [name, ...counts.map(String), tests.seconds.toFixed(1)];
  cells[3] = String((counts[2] ?? 0) + cancelled);
  let good = tests.code === 0 && counts[0] !== undefined && counts[0] > 0 && cells[3] === '0';
  if (!good) {
    const from = tests.output.indexOf('failing tests:');
    failures.push(`Node ${name}, tests:\n${from === -1 ? tests.output.slice(-4000) : tests.output.slice(from)}`);
  }
  if (options.start) {
    const example = runUnder(row, [join(root, 'build', 'examples', 'start.js')]);
    cells.push(example.code === 0 ? 'ok' : `exit ${example.code}`);
    if (example.code !== 0) {
      good = false;
      failures.push(`Node ${name}, example:\n${example.output.slice(-4000)}`);
    }
  }
  cells.push(good ? 'ok' : 'FAILED');
  table.push(cells);
  console.log(`${good ? 'ok    ' : 'FAILED'} Node ${name}`);
}

printTable(table);
for (const failure of failures) {
  console.error(`\n${failure.trimEnd()}`);
}
process.exit(failures.length > 0 ? 1 : 0);
