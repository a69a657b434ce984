/** Heap snapshots made by hand, in the text that V8 writes. */

export interface MadeEdge {
  readonly type: string;
  readonly name: string | number;
  /** Index of the node that it leads to. */
  readonly to: number;
}

export interface MadeNode {
  readonly type: string;
  readonly name: string;
  readonly edges?: readonly MadeEdge[];
  /** Script, line and column, from 0. */
  readonly start?: readonly [number, number, number];
}

const NODE_TYPES = ['hidden', 'array', 'string', 'object', 'code', 'closure', 'native', 'synthetic'];
const EDGE_TYPES = ['context', 'element', 'property', 'internal', 'hidden', 'shortcut', 'weak'];
export const NODE_FIELDS: readonly string[] = ['type', 'name', 'id', 'self_size', 'edge_count', 'detachedness'];

/** The snapshot with these nodes. The id of each is twice its index plus 1. */
export function snapshotText(nodes: readonly MadeNode[], fields: readonly string[] = NODE_FIELDS): string {
  const texts: string[] = [];
  const textAt = (text: string): number => {
    if (!texts.includes(text)) texts.push(text);
    return texts.indexOf(text);
  };
  const records = nodes.map(({ type, name, edges = [] }, index) => {
    const record: Readonly<Record<string, number>> = {
      type: NODE_TYPES.indexOf(type),
      name: textAt(name),
      id: 2 * index + 1,
      self_size: 16,
      edge_count: edges.length,
    };
    return fields.map((field) => record[field] ?? 0);
  });
  const edges = nodes.flatMap(({ edges: own = [] }) =>
    own.map(({ type, name, to }) => [
      EDGE_TYPES.indexOf(type),
      typeof name === 'number' ? name : textAt(name),
      to * fields.length,
    ]),
  );
  const locations = nodes.flatMap(({ start }, index) =>
    start === undefined ? [] : [[index * fields.length, ...start]],
  );
  const meta = {
    node_fields: fields,
    node_types: [NODE_TYPES, 'string', 'number', 'number', 'number', 'number'],
    edge_fields: ['type', 'name_or_index', 'to_node'],
    edge_types: [EDGE_TYPES, 'string_or_number', 'node'],
    location_fields: ['object_index', 'script_id', 'line', 'column'],
  };
  return [
    `{"snapshot":${JSON.stringify({ meta, node_count: nodes.length, edge_count: edges.length })}`,
    `"nodes":[${records.join('\n,')}]`,
    `"edges":[${edges.join('\n,')}]`,
    `"trace_tree":[{"a":["]}"]}]`,
    `"locations":[${locations.join('\n,')}]`,
    `"strings":${JSON.stringify(texts)}}\n`,
  ].join(',\n');
}
