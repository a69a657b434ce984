/**
 * One identity for one cycle, whichever of its edges closed it.
 *
 * A cycle is a list whose last item leads back to the first, so each of its rotations says the same. The one that is
 * least in lexicographic order stands for all: Shiloach, "Fast canonization of circular strings", J. Algorithms 2, 1981.
 * Keys are compared by code units, so the result depends on no locale. Cost: O(n) comparisons. Pure functions.
 */

/** The least rotation of a cycle by the keys of its items; a new list. */
export function canonicalCycle<T>(items: readonly T[], key: (item: T) => string): T[] {
  const start = leastRotation(items.map((item) => key(item)));
  return [...items.slice(start), ...items.slice(0, start)];
}

/** Two lists of names have the same key exactly if one is a rotation of the other. Any text may be a name. */
export function cycleKey(names: readonly string[]): string {
  return JSON.stringify(canonicalCycle(names, (name) => name));
}

/**
 * Two candidates race: where the first of their keys differ, the greater candidate is out, and with it all those that
 * start within what was compared, since each of them loses to one that starts as far into the other.
 */
function leastRotation(keys: readonly string[]): number {
  const { length } = keys;
  const at = (index: number): string => keys[index % length] as string;
  let left = 0;
  let right = 1;
  let same = 0;
  while (left < length && right < length && same < length) {
    const a = at(left + same);
    const b = at(right + same);
    if (a === b) same += 1;
    else {
      if (a > b) left += same + 1;
      else right += same + 1;
      if (left === right) right += 1;
      same = 0;
    }
  }
  return Math.min(left, right);
}
