import { CONTENDERS } from './contenders.js';
import { type Budget, measure } from './measure.js';
import { SCENARIOS } from './scenarios.js';

/** One contender in a process of its own: measures the scenarios it is given and writes the figures to stdout. */
export interface Order {
  readonly contender: string;
  readonly scenarios: readonly string[];
  readonly budget: Budget;
}

/** By scenario, in nanoseconds an operation; null where the contender has no such thing. */
export type Figures = Readonly<Record<string, number | null>>;

const order = JSON.parse(process.argv[2]!) as Order;
const contender = CONTENDERS.find(({ id }) => id === order.contender)!;
const locks = await contender.load();
const figures: Record<string, number | null> = {};
for (const { id, operations, prepare } of SCENARIOS) {
  if (!order.scenarios.includes(id)) continue;
  const batch = await prepare(locks);
  figures[id] = batch === undefined ? null : await measure(batch, operations, order.budget);
}
process.stdout.write(JSON.stringify(figures satisfies Figures));
