/** How often a tracker that may say "unknown" does so, for each construct by itself. */
import type { Outcome } from './run.js';

/** What is so common that a miss is not put down to it. */
const PLAIN: ReadonlySet<string> = new Set(
  (
    'held direct, held scope async, held guard, wanted direct, wanted scope async, wanted guard, ' +
    'flavour async, flavour arrow, flavour method, shape call, join await, join return'
  ).split(', '),
);

export class Misses {
  expected = 0;
  missed = 0;
  /** Edges in which that construct is the only uncommon one. */
  readonly #rates = new Map<string, { missed: number; of: number }>();

  add({ expected }: Outcome): void {
    for (const { labels, proven } of expected) {
      this.expected += 1;
      if (!proven) this.missed += 1;
      const odd = [...new Set(labels.flatMap(constructsOf))].filter((construct) => !PLAIN.has(construct));
      if (odd.length > 1) continue;
      const key = odd[0] ?? '(nothing uncommon)';
      const rate = this.#rates.get(key) ?? { missed: 0, of: 0 };
      rate.of += 1;
      if (!proven) rate.missed += 1;
      this.#rates.set(key, rate);
    }
  }

  /** Constructs that are missed, the most reliably missed first. */
  table(): string[] {
    return [...this.#rates]
      .filter(([, { missed }]) => missed > 0)
      .toSorted(([, a], [, b]) => b.missed / b.of - a.missed / a.of)
      .map(([key, { missed, of }]) => `${((100 * missed) / of).toFixed(1).padStart(5)} % of ${of}: ${key}`);
  }
}

/** The constructs in one label: `held <via>[/<hand>][ contended]`, or `[<combinator>:]<flavour>/<shape>/<join>`. */
function constructsOf(label: string): string[] {
  const use = /^(held|wanted) (.*?)( contended)?$/.exec(label);
  if (use !== null) {
    const [via = '', hand] = (use[2] as string).split('/');
    const role = use[1] as string;
    const constructs = [`${role} ${via}`];
    if (hand !== undefined) constructs.push(`${role} by hand ${hand}`);
    if (use[3] !== undefined) constructs.push(`${role} contended`);
    return constructs;
  }
  const [, combinator, rest = ''] = /^(\w+:)?(.*)$/.exec(label) ?? [];
  const [flavour, shape, join] = rest.split('/');
  const constructs = combinator === undefined ? [] : [`combinator ${combinator.slice(0, -1)}`];
  if (shape === undefined) return [...constructs, rest];
  return [...constructs, `flavour ${flavour}`, `shape ${shape}`, ...(join === '' ? [] : [`join ${join}`])];
}
