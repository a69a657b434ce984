/**
 * A graph from outside: it may be of another version, cut off, or no graph at all. What is wrong is named by its path. Its names
 * and sites become plain text, as those of this process are.
 */
import { plain } from '../platform/plain-text.js';
import { EDGE_KINDS, type EdgeKind, type GraphClass, type GraphEdge, type LockGraph } from '../order/snapshot.js';

/** The graph, if it is one. Throws a TypeError for a value of the wrong type, a RangeError for one that is out of range. */
export function checkedGraph(value: unknown): LockGraph {
  const { version, classes, edges } = fieldsOf(value, 'graph');
  if (version !== 1) throw fault(typeof version === 'number', 'graph.version', '1', version);
  return {
    version,
    classes: listOf(classes, 'graph.classes', checkedClass),
    edges: listOf(edges, 'graph.edges', checkedEdge),
  };
}

function checkedClass(value: unknown, path: string): GraphClass {
  const { name, site } = fieldsOf(value, path);
  const checked = { name: nameAt(name, `${path}.name`) };
  return site === undefined ? checked : { ...checked, site: textAt(site, `${path}.site`) };
}

function checkedEdge(value: unknown, path: string): GraphEdge {
  const { from, to, kinds, tier, count, sites, gates } = fieldsOf(value, path);
  const edge = {
    from: nameAt(from, `${path}.from`),
    to: nameAt(to, `${path}.to`),
    kinds: listOf(kinds, `${path}.kinds`, kindAt),
    tier: tierAt(tier, `${path}.tier`),
    count: countAt(count, `${path}.count`),
    sites: listOf(sites, `${path}.sites`, pairAt),
  };
  if (edge.from === edge.to) throw fault(true, `${path}.to`, 'another class than its from', to);
  if (edge.kinds.length === 0) throw new RangeError(`${path}.kinds must not be empty`);
  if (gates === undefined) return edge;
  return { ...edge, gates: listOf(gates, `${path}.gates`, (set, at) => listOf(set, at, textAt)) };
}

function kindAt(value: unknown, path: string): EdgeKind {
  const found = EDGE_KINDS.find((kind) => kind === value);
  if (found === undefined) throw fault(typeof value === 'string', path, `one of ${EDGE_KINDS.join(', ')}`, value);
  return found;
}

function tierAt(value: unknown, path: string): 'strict' | 'advisory' {
  if (value === 'strict' || value === 'advisory') return value;
  throw fault(typeof value === 'string', path, "'strict' or 'advisory'", value);
}

function countAt(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw fault(typeof value === 'number', path, 'a whole number from 0', value);
}

function pairAt(value: unknown, path: string): readonly [string, string] {
  const texts = listOf(value, path, textAt);
  const [held, wanted] = texts;
  if (texts.length === 2 && held !== undefined && wanted !== undefined) return [held, wanted];
  throw new RangeError(`${path} must be two sites, got ${texts.length}`);
}

function nameAt(value: unknown, path: string): string {
  if (value === '') throw fault(true, path, 'a name', value);
  return textAt(value, path);
}

function textAt(value: unknown, path: string): string {
  if (typeof value === 'string') return plain(value);
  throw fault(false, path, 'a string', value);
}

function listOf<T>(value: unknown, path: string, checked: (item: unknown, path: string) => T): T[] {
  if (!Array.isArray(value)) throw fault(false, path, 'an array', value);
  return value.map((item: unknown, index) => checked(item, `${path}[${index}]`));
}

function fieldsOf(value: unknown, path: string): GraphFields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as GraphFields;
  throw fault(false, path, 'an object', value);
}

type GraphFields = Readonly<
  Record<
    'version' | 'classes' | 'edges' | 'name' | 'site' | 'from' | 'to' | 'kinds' | 'tier' | 'count' | 'sites' | 'gates',
    unknown
  >
>;

function fault(isRightType: boolean, path: string, wanted: string, value: unknown): Error {
  const message = `${path} must be ${wanted}, got ${shown(value)}`;
  return isRightType ? new RangeError(message) : new TypeError(message);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return plain(JSON.stringify(value));
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : plain(String(value));
}
