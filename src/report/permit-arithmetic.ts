/** How many holders a counted lock takes to keep somebody waiting. Pure. */
import type { Permits } from './types.js';

/** Of a lock of `capacity` permits: flows that hold `held` each until fewer than `wanted` are left. Infinity: never. */
export function flowsToBlock(capacity: number, wanted: number, held: number): number {
  return Math.floor((capacity - wanted) / held) + 1;
}

interface Use {
  readonly permits?: Permits | undefined;
}

/** How many flows that hold as `held` does it takes to keep `wanted`, of the same class, waiting. */
export function holdersOf(held: Use, wanted: Use): number {
  if (held.permits === undefined || wanted.permits === undefined) return 1;
  return Math.max(1, flowsToBlock(wanted.permits.of, wanted.permits.count, held.permits.count));
}
