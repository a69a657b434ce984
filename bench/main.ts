import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Figures, Order } from './child.js';
import { type Contender, CONTENDERS } from './contenders.js';
import type { Budget } from './measure.js';
import { orderCurve, orderTable } from './order.js';
import { formatTable, type ScenarioResults, summarise } from './results.js';
import { type Scenario, SCENARIOS } from './scenarios.js';

const USAGE = `Compares the time of lock operations, each contender in processes of its own, in rounds that take turns.

  --rounds N        processes per contender and scenario (default 5)
  --scenario ID     only this one; may be repeated: ${SCENARIOS.map(({ id }) => id).join(', ')}
  --contender ID    only this one; may be repeated: ${CONTENDERS.map(({ id }) => `'${id}'`).join(', ')}
  --clock cpu|wall  what to measure (default cpu: time of the process, whatever else the machine does)
  --time MS         time to measure a scenario for in one process (default 300)
  --order           the costs of the order of classes over its size, and nothing else
  --json            figures for programs
  --quick           one short round, to see that everything runs; its figures mean nothing
`;

const DEFAULT_ROUNDS = 5;
const DEFAULT_TIME = 300;
const MIN_BATCHES = 5;
const CHILD_TIMEOUT = 300_000;
const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));

interface Options {
  readonly rounds: number;
  readonly scenarios: readonly Scenario[];
  readonly contenders: readonly Contender[];
  readonly budget: Budget;
  readonly json: boolean;
  readonly quick: boolean;
  readonly order: boolean;
}

class UsageError extends Error {}

function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      scenario: { type: 'string', multiple: true },
      contender: { type: 'string', multiple: true },
      clock: { type: 'string', default: 'cpu' },
      time: { type: 'string' },
      order: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { clock, quick } = values;
  if (clock !== 'cpu' && clock !== 'wall') throw new UsageError(`--clock is cpu or wall, not ${clock}`);
  return {
    rounds: atLeastOne('--rounds', values.rounds, quick ? 1 : DEFAULT_ROUNDS),
    scenarios: values.scenario === undefined ? SCENARIOS : chosen('--scenario', SCENARIOS, values.scenario),
    contenders:
      values.contender === undefined
        ? CONTENDERS.filter((contender) => contender.byDefault)
        : chosen('--contender', CONTENDERS, values.contender),
    budget: quick
      ? { clock, time: 0, batches: 1 }
      : { clock, time: atLeastOne('--time', values.time, DEFAULT_TIME), batches: MIN_BATCHES },
    json: values.json,
    quick,
    order: values.order,
  };
}

function atLeastOne(option: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError(`${option} is a whole number from 1, not ${text}`);
  return value;
}

function chosen<T extends { readonly id: string }>(option: string, all: readonly T[], ids: readonly string[]): T[] {
  const unknown = ids.find((wanted) => !all.some(({ id }) => id === wanted));
  if (unknown !== undefined) throw new UsageError(`${option} ${unknown} is unknown`);
  return all.filter(({ id }) => ids.includes(id));
}

/** Runs one contender in a process of its own, in the environment that its mode asks for and no other. */
function runChild(contender: Contender, scenarios: readonly string[], budget: Budget): Figures {
  const env: NodeJS.ProcessEnv = { ...process.env, ...contender.env };
  for (const name of ['LOCKDEP', 'LOCKDEP_TRACKING', 'NODE_OPTIONS', 'NODE_V8_COVERAGE']) {
    if (!(name in contender.env)) delete env[name];
  }
  const order: Order = { contender: contender.id, scenarios, budget };
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [CHILD, JSON.stringify(order)], {
    encoding: 'utf8',
    env,
    timeout: CHILD_TIMEOUT,
  });
  if (status !== 0)
    throw new Error(`${contender.id}: ${scenarios.join(', ')}: ${signal ?? `exit code ${status}`}\n${stderr}`);
  return JSON.parse(stdout) as Figures;
}

/** One process per contender and scenario, so that no scenario runs on code that another one has shaped; all in turns. */
function* processes(options: Options): Generator<{ contender: Contender; scenarios: readonly string[] }> {
  const { contenders, scenarios, rounds, quick } = options;
  const groups = quick ? [scenarios.map(({ id }) => id)] : scenarios.map(({ id }) => [id]);
  for (let round = 0; round < rounds; round++) {
    for (const group of groups) {
      for (let i = 0; i < contenders.length; i++) {
        yield { contender: contenders[(i + round) % contenders.length]!, scenarios: group };
      }
    }
  }
}

function runAll(options: Options): { readonly results: ScenarioResults[]; readonly failures: string[] } {
  const figures = new Map(
    options.scenarios.map(({ id }) => [
      id,
      new Map(options.contenders.map((contender) => [contender.id, [] as number[]])),
    ]),
  );
  const failures: string[] = [];
  for (const { contender, scenarios } of processes(options)) {
    try {
      const measured = runChild(contender, scenarios, options.budget);
      for (const [scenario, value] of Object.entries(measured)) {
        if (value !== null) figures.get(scenario)!.get(contender.id)!.push(value);
      }
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  const results = options.scenarios.map(({ id, title }) => {
    const taken = [...figures.get(id)!].filter(([, rounds]) => rounds.length > 0);
    return { id, title, results: summarise(new Map(taken)) };
  });
  return { results, failures };
}

function showOrder({ json, quick }: Options): number {
  const curve = orderCurve(quick);
  process.stdout.write(
    json
      ? `${JSON.stringify({ node: process.version, order: curve }, null, 2)}\n`
      : `Node ${process.version}\n\n${orderTable(curve)}`,
  );
  return 0;
}

function main(): number {
  let options: Options | undefined;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (options.order) return showOrder(options);
  const { results, failures } = runAll(options);
  const { rounds, budget } = options;
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ node: process.version, rounds, budget, scenarios: results, failures }, null, 2)}\n`,
    );
  } else {
    process.stdout.write(`Node ${process.version}, ${rounds} rounds, ${budget.clock} time per operation\n\n`);
    for (const scenario of results) process.stdout.write(`${formatTable(scenario)}\n`);
  }
  for (const failure of failures) process.stderr.write(`failed: ${failure}\n`);
  return failures.length === 0 ? 0 : 1;
}

process.exitCode = main();
