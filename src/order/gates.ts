/**
 * Gates: locks of which there is one, held beside an order. Two flows that both hold the same gate, one of them
 * exclusively, cannot run at once, and so cannot deadlock with each other.
 *
 * Invariant: a gate set ascends, and has each lock once, in the strongest mode in which it is held. Cost: linear in the
 * sets, which are as long as flows nest deep. Pure functions.
 */

/** A lock that is the only one of its class, and how it is held: twice the lock's id, and 1 more when shared. */
export type Gate = number;
export type GateSet = readonly Gate[];

export const NO_GATES: GateSet = [];

/**
 * Not a lock: held by a flow that asked for all of its locks in one turn. Such requests are queued all at once, so flows
 * that all do so cannot form a cycle; one flow that does not is enough for one. In a combination of sets it therefore
 * stays only while every set has it, and then excludes the cycle as a whole.
 */
export const BATCH: Gate = 0;

export function gateOf(lock: number, shared: boolean): Gate {
  return lock * 2 + (shared ? 1 : 0);
}

export function lockOfGate(gate: Gate): number {
  return Math.floor(gate / 2);
}

export function isSharedGate(gate: Gate): boolean {
  return (gate & 1) === 1;
}

/** The gates as a set; they may come in any order, and more than once. */
export function gateSet(gates: readonly Gate[]): GateSet {
  if (gates.length === 0) return NO_GATES;
  const sorted = gates.toSorted((a, b) => a - b);
  return sorted.filter((gate, index) => index === 0 || lockOfGate(gate) !== lockOfGate(sorted[index - 1] as Gate));
}

/** Does `a` exclude nothing that `b` does not exclude too? Each of its locks is in `b`, held at least as strongly. */
export function isWithin(a: GateSet, b: GateSet): boolean {
  let at = 0;
  for (const gate of a) {
    while (at < b.length && lockOfGate(b[at] as Gate) < lockOfGate(gate)) at += 1;
    const other = b[at];
    if (other === undefined || lockOfGate(other) !== lockOfGate(gate) || other > gate) return false;
  }
  return true;
}

/** Can two flows with these gates not run at once? */
export function excludes(a: GateSet, b: GateSet): boolean {
  return contested(a, b) !== undefined;
}

/** The first lock that keeps two flows with these gates apart. */
export function contested(a: GateSet, b: GateSet): number | undefined {
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const one = a[i] as Gate;
    const other = b[j] as Gate;
    const difference = lockOfGate(one) - lockOfGate(other);
    if (difference === 0 && one !== BATCH && !(isSharedGate(one) && isSharedGate(other))) return lockOfGate(one);
    if (difference <= 0) i += 1;
    if (difference >= 0) j += 1;
  }
  return undefined;
}

/** The gates of several flows together. */
export function combined(a: GateSet, b: GateSet): GateSet {
  const all = gateSet([...a, ...b]);
  return all.includes(BATCH) && !(a.includes(BATCH) && b.includes(BATCH)) ? without(all, BATCH) : all;
}

/** The set without this one gate. */
export function without(set: GateSet, gate: Gate): GateSet {
  return set.includes(gate) ? set.filter((other) => other !== gate) : set;
}

/** The set with only those locks that `keep` has a word for; the same object when that is all of them. */
export function restricted(set: GateSet, keep: (lock: number) => boolean): GateSet {
  return set.every((gate) => keep(lockOfGate(gate))) ? set : set.filter((gate) => keep(lockOfGate(gate)));
}
