/**
 * The graph of a V8 heap snapshot in typed arrays: nodes, their edges, and the texts that both refer to.
 *
 * Invariant: a node is its ordinal, from 0. The edges of a node lie in one run, and all point to nodes that exist. Texts are cut
 * at `MAX_TEXT` characters, since a heap holds the sources of every script.
 *
 * Cost: 13 bytes for a node, 9 for an edge, plus the texts. Reading is constant per edge. Callers must not change the arrays.
 */

/** Characters that are kept of a text. Names and paths are shorter. */
export const MAX_TEXT = 512;

/** Where a function begins; line and column from 0. */
export interface FunctionStart {
  readonly scriptId: number;
  readonly line: number;
  readonly column: number;
}

export interface HeapArrays {
  readonly nodeType: Uint8Array;
  /** Index of a text. */
  readonly nodeName: Uint32Array;
  /** By which the inspector finds the object again. */
  readonly nodeId: Uint32Array;
  /** One more than there are nodes: the edges of node n are those from firstEdge[n] up to firstEdge[n + 1]. */
  readonly firstEdge: Uint32Array;
  readonly edgeType: Uint8Array;
  /** Index of a text, or for elements and hidden fields the index itself. */
  readonly edgeName: Uint32Array;
  readonly edgeTo: Uint32Array;
}

export interface HeapParts extends HeapArrays {
  readonly nodeTypes: readonly string[];
  readonly edgeTypes: readonly string[];
  readonly texts: readonly string[];
  readonly starts: ReadonlyMap<number, FunctionStart>;
}

export class HeapGraph {
  readonly nodeCount: number;
  readonly #parts: HeapParts;
  readonly #indexed: readonly boolean[];

  /** Throws a RangeError where an edge or a text that is named does not exist. */
  constructor(parts: HeapParts) {
    this.nodeCount = parts.nodeType.length;
    this.#parts = parts;
    this.#indexed = parts.edgeTypes.map((type) => type === 'element' || type === 'hidden');
    this.#check();
  }

  typeOf(node: number): string {
    return this.#parts.nodeTypes[this.#parts.nodeType[node] as number] ?? '';
  }

  nameOf(node: number): string {
    return this.#parts.texts[this.#parts.nodeName[node] as number] ?? '';
  }

  idOf(node: number): number {
    return this.#parts.nodeId[node] as number;
  }

  /** Where the function begins that this closure is of. */
  startOf(node: number): FunctionStart | undefined {
    return this.#parts.starts.get(node);
  }

  /** The first edge of the node; its last one is before `firstEdge(node + 1)`. */
  firstEdge(node: number): number {
    return this.#parts.firstEdge[node] as number;
  }

  target(edge: number): number {
    return this.#parts.edgeTo[edge] as number;
  }

  edgeType(edge: number): string {
    return this.#parts.edgeTypes[this.#parts.edgeType[edge] as number] ?? '';
  }

  /** The name of a property, variable or internal field; the index of an element or hidden field as text. */
  edgeName(edge: number): string {
    const name = this.#parts.edgeName[edge] as number;
    return this.#indexed[this.#parts.edgeType[edge] as number] === true ? String(name) : this.#text(name);
  }

  /** The node at the first edge with this name, of this type. */
  follow(node: number, type: string, name: string): number | undefined {
    for (let edge = this.firstEdge(node), end = this.firstEdge(node + 1); edge < end; edge++) {
      if (this.edgeType(edge) === type && this.edgeName(edge) === name) return this.target(edge);
    }
    return undefined;
  }

  /** The nodes that the edges of the node lead to. */
  targets(node: number): Uint32Array {
    return this.#parts.edgeTo.subarray(this.firstEdge(node), this.firstEdge(node + 1));
  }

  /** Every node with this name. One pass over all nodes. */
  withName(name: string): number[] {
    const { nodeName, texts } = this.#parts;
    const text = texts.indexOf(name);
    const found: number[] = [];
    for (let node = 0; node < nodeName.length; node++) if (nodeName[node] === text) found.push(node);
    return found;
  }

  /** Calls back for each edge that leads to a node with a mark other than 0. One pass over all edges. */
  eachEdgeTo(marks: Uint8Array, found: (node: number, edge: number) => void): void {
    const { firstEdge, edgeTo } = this.#parts;
    for (let node = 0, edge = 0; node < this.nodeCount; node++) {
      for (const end = firstEdge[node + 1] as number; edge < end; edge++) {
        if (marks[edgeTo[edge] as number] !== 0) found(node, edge);
      }
    }
  }

  /** Every node with an internal field of this name. One pass over all edges. */
  withField(name: string): number[] {
    const { edgeTypes, texts, edgeType, edgeName } = this.#parts;
    const internal = edgeTypes.indexOf('internal');
    const text = texts.indexOf(name);
    const found: number[] = [];
    for (let node = 0, edge = 0; node < this.nodeCount; node++) {
      const end = this.firstEdge(node + 1);
      while (edge < end && (edgeName[edge] !== text || edgeType[edge] !== internal)) edge++;
      if (edge < end) found.push(node);
      edge = end;
    }
    return found;
  }

  #text(index: number): string {
    return this.#parts.texts[index] ?? '';
  }

  #check(): void {
    const { firstEdge, edgeTo, nodeName, texts } = this.#parts;
    if (firstEdge[this.nodeCount] !== edgeTo.length) throw new RangeError('the nodes do not account for all edges');
    if (highest(edgeTo) >= this.nodeCount) throw new RangeError('an edge leads to no node');
    if (highest(nodeName) >= texts.length) throw new RangeError('a node has a name that is not there');
  }
}

function highest(values: Uint32Array): number {
  let found = -1;
  for (let index = 0; index < values.length; index++) found = Math.max(found, values[index] as number);
  return found;
}
