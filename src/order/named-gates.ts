/**
 * Gates by name, as graphs have them: the name of the class for one that is held exclusively, with ` (shared)` behind it
 * for one that is not; the empty name for locks that were requested all at once. A name that ends like that by itself gets
 * ` (exclusive)` put behind it, so any text may be a name. Pure functions.
 */
const SHARED = ' (shared)';
const EXCLUSIVE = ' (exclusive)';

export interface NamedGate {
  /** The class of which the gate is the only lock; '' for a batch. */
  readonly name: string;
  readonly shared: boolean;
}

export function gateName({ name, shared }: NamedGate): string {
  if (shared) return name + SHARED;
  return name.endsWith(SHARED) || name.endsWith(EXCLUSIVE) ? name + EXCLUSIVE : name;
}

export function parseGate(text: string): NamedGate {
  if (text.endsWith(SHARED)) return { name: text.slice(0, -SHARED.length), shared: true };
  return { name: text.endsWith(EXCLUSIVE) ? text.slice(0, -EXCLUSIVE.length) : text, shared: false };
}

/** The minimal ones among the sets, sorted, each lock once. However many there are: a limit would make the order matter. */
export function mergedGateSets(sets: readonly (readonly string[])[]): string[][] {
  const distinct = new Map(sets.map((set) => cleaned(set)).map((set) => [JSON.stringify(set), set]));
  const all = [...distinct.keys()].sort().map((key) => distinct.get(key) as string[]);
  return all.filter((set) => !all.some((other) => other !== set && isNamedWithin(other, set)));
}

/** Each lock once, in its strongest mode. */
function cleaned(set: readonly string[]): string[] {
  const modes = new Map<string, boolean>();
  for (const { name, shared } of set.map(parseGate)) modes.set(name, (modes.get(name) ?? true) && shared);
  return [...modes].map(([name, shared]) => gateName({ name, shared })).sort();
}

function isNamedWithin(a: readonly string[], b: readonly string[]): boolean {
  const other = new Map(b.map(parseGate).map(({ name, shared }) => [name, shared]));
  return a.map(parseGate).every(({ name, shared }) => {
    const held = other.get(name);
    return held !== undefined && (shared || !held);
  });
}
