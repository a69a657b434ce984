/**
 * The minimal gate sets under which one order was seen, each with what is known of that occurrence.
 *
 * Invariant: no set is within another, so each may matter to some cycle; there are at most MAX_ALTERNATIVES. Beyond that
 * the order counts as seen with no gate at all ('open'), or the longest set is left out ('drop'), which misses cycles and
 * invents none. Cost: linear in the sets that there are. Pure functions; a list that was handed out never changes.
 */
import { isWithin, NO_GATES, type GateSet } from './gates.js';

/** Gate sets kept of one order. */
export const MAX_ALTERNATIVES = 8;

/** What becomes of a set too many. */
export type WhenFull = 'open' | 'drop';

export interface Alternative<F> {
  readonly gates: GateSet;
  readonly facts: F;
}

/** Does an occurrence with these gates say nothing new? */
export function isCovered<F>(known: readonly Alternative<F>[], gates: GateSet): boolean {
  return known.some((alternative) => isWithin(alternative.gates, gates));
}

/** The list with one more, which is not covered by it: what that one covers is out. The same list if it is left out. */
export function withAlternative<F>(
  known: readonly Alternative<F>[],
  added: Alternative<F>,
  whenFull: WhenFull = 'open',
): readonly Alternative<F>[] {
  const rest = known.filter((alternative) => !isWithin(added.gates, alternative.gates));
  if (rest.length < MAX_ALTERNATIVES) return [...rest, added];
  if (whenFull === 'open') return [{ gates: NO_GATES, facts: added.facts }];
  const longest = rest.reduce((one, other) => (other.gates.length > one.gates.length ? other : one));
  if (longest.gates.length <= added.gates.length) return known;
  return [...rest.filter((alternative) => alternative !== longest), added];
}

/** The list with every set changed by `change`, and what is not minimal any more left out; the same list if all stay. */
export function mapGates<F>(
  known: readonly Alternative<F>[],
  change: (gates: GateSet) => GateSet,
): readonly Alternative<F>[] {
  if (known.every(({ gates }) => change(gates) === gates)) return known;
  let list: readonly Alternative<F>[] = [];
  for (const { gates, facts } of known) {
    const changed = change(gates);
    if (!isCovered(list, changed)) list = withAlternative(list, { gates: changed, facts });
  }
  return list;
}

/** Throws if the list is not one of minimal sets: for tests. */
export function checkAlternatives<F>(list: readonly Alternative<F>[]): void {
  if (list.length === 0 || list.length > MAX_ALTERNATIVES) throw new Error(`order: ${list.length} gate sets`);
  for (const one of list) {
    for (const other of list) {
      if (one !== other && isWithin(one.gates, other.gates)) throw new Error('order: a gate set is within another');
    }
  }
}
