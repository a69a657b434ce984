/**
 * Held sequences as a trie: a node stands for "these keys are held, outermost first", the root for "nothing is held".
 * What was found out about a sequence once is kept at its node, so that the next time costs one step down.
 *
 * Invariant: a node that has a parent is the child that its parent finds under its key; the root is the only other
 * node in the trie. A node that was dropped has no parent, no children and no data, and gets none: whoever still has it
 * can tell, and starts again at the root.
 *
 * Cost: the child that was asked for last is one comparison, another one a map lookup; the map is made with the second
 * child. A new node is O(1). Dropping a key walks the whole trie.
 *
 * At the limit no node is made any more: `ensure` says undefined for what is not there, `full` is true, and all that is
 * there is found as before. Calls are serial; nothing here calls out.
 */

/** Nodes of one trie, its root not counted: distinct nestings of one run. That many take about 10 MB. */
export const MAX_CHAIN_NODES = 65_536;

/** Keys are non-negative. */
const NO_KEY = -1;

export class ChainNode<D> {
  /** The innermost key of the sequence; -1 at the root. */
  readonly key: number;
  /** The sequence without its innermost key; undefined at the root, and once the node was dropped. */
  parent: ChainNode<D> | undefined;
  /** Length of the sequence. */
  readonly depth: number;
  /** What the caller knows of this sequence. */
  data: D | undefined = undefined;
  /** @internal The child that was asked for last; the only one while there is no map. */
  _lastKey: number = NO_KEY;
  /** @internal */
  _lastChild: ChainNode<D> | undefined = undefined;
  /** @internal All children, as soon as there are two. */
  _children: Map<number, ChainNode<D>> | undefined = undefined;
  /** @internal Undefined once the node was dropped. */
  _trie: ChainTrie<D> | undefined;

  /** @internal */
  constructor(key: number, parent: ChainNode<D> | undefined, depth: number, trie: ChainTrie<D>) {
    this.key = key;
    this.parent = parent;
    this.depth = depth;
    this._trie = trie;
  }

  /** The sequence with one more key, a non-negative integer; undefined if it was never met. */
  child(key: number): ChainNode<D> | undefined {
    if (key === this._lastKey) return this._lastChild;
    const child = this._children?.get(key);
    if (child !== undefined) {
      this._lastKey = key;
      this._lastChild = child;
    }
    return child;
  }

  /** The same, made if it was never met; undefined if the trie is full, or if this node was dropped. */
  ensure(key: number): ChainNode<D> | undefined {
    return this.child(key) ?? this.#grow(key);
  }

  #grow(key: number): ChainNode<D> | undefined {
    const trie = this._trie;
    if (trie === undefined || trie.full) return undefined;
    const child = new ChainNode<D>(key, this, this.depth + 1, trie);
    if (this._children !== undefined) this._children.set(key, child);
    else if (this._lastChild !== undefined) {
      this._children = new Map([
        [this._lastKey, this._lastChild],
        [key, child],
      ]);
    }
    this._lastKey = key;
    this._lastChild = child;
    trie._size += 1;
    return child;
  }
}

export class ChainTrie<D> {
  readonly root: ChainNode<D>;
  /** Most nodes that it may have. */
  readonly limit: number;
  /** @internal */
  _size = 0;

  constructor(limit: number = MAX_CHAIN_NODES) {
    this.limit = limit;
    this.root = new ChainNode<D>(NO_KEY, undefined, 0, this);
  }

  /** Nodes, without the root. */
  get size(): number {
    return this._size;
  }

  /** Is the limit reached? Sequences that are not there yet will not be kept. Dropping some makes room again. */
  get full(): boolean {
    return this._size >= this.limit;
  }

  /** Drops every sequence that contains the key. Returns how many. */
  removeKey(key: number): number {
    const before = this._size;
    const open = [this.root];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      const child = node.child(key);
      if (child !== undefined) {
        unlink(node, key);
        this.#drop(child);
      }
      for (const other of childrenOf(node)) open.push(other);
    }
    return before - this._size;
  }

  /** Every sequence that contains such a key. Walks the whole trie. */
  *nodesWith(isMeant: (key: number) => boolean): Generator<ChainNode<D>, void, undefined> {
    const open = [{ node: this.root, has: false }];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at.has) yield at.node;
      for (const node of childrenOf(at.node)) open.push({ node, has: at.has || isMeant(node.key) });
    }
  }

  /** Drops everything. The root stays, without its data. */
  clear(): void {
    const { root } = this;
    const children = [...childrenOf(root)];
    root.data = undefined;
    root._children = undefined;
    root._lastKey = NO_KEY;
    root._lastChild = undefined;
    for (const child of children) this.#drop(child);
  }

  /** Throws if the trie contradicts itself. Walks all of it: for tests. */
  checkInvariants(): void {
    let count = 0;
    const open = [this.root];
    check(this.root.parent === undefined && this.root.depth === 0, 'the root is the empty sequence');
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      checkNode(node, this);
      for (const child of childrenOf(node)) {
        check(child.parent === node, 'a child knows its parent');
        check(child.depth === node.depth + 1, 'a child is one deeper');
        open.push(child);
        count += 1;
      }
    }
    check(count === this._size, 'the size is the number of nodes');
    check(count <= this.limit, 'the limit is kept');
  }

  /** The node, already unlinked, and all below it. */
  #drop(top: ChainNode<D>): void {
    const open = [top];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const child of childrenOf(node)) open.push(child);
      node.parent = undefined;
      node.data = undefined;
      node._trie = undefined;
      node._children = undefined;
      node._lastKey = NO_KEY;
      node._lastChild = undefined;
      this._size -= 1;
    }
  }
}

function childrenOf<D>(node: ChainNode<D>): Iterable<ChainNode<D>> {
  if (node._children !== undefined) return node._children.values();
  return node._lastChild === undefined ? [] : [node._lastChild];
}

/** Takes out the child that was asked for last, which has this key. */
function unlink<D>(node: ChainNode<D>, key: number): void {
  const children = node._children;
  children?.delete(key);
  const [other] = children?.values() ?? [];
  node._lastKey = other?.key ?? NO_KEY;
  node._lastChild = other;
  if (children !== undefined && children.size < 2) node._children = undefined;
}

function checkNode<D>(node: ChainNode<D>, trie: ChainTrie<D>): void {
  check(node._trie === trie, 'a node knows its trie');
  check((node._lastChild?.key ?? NO_KEY) === node._lastKey, 'the last key is the key of the last child');
  if (node._children === undefined) return;
  check(node._children.size > 1, 'a map is kept for several children only');
  check(node._children.get(node._lastKey) === node._lastChild, 'the last child is among the children');
  for (const [key, child] of node._children) check(child.key === key, 'a child is found under its key');
}

function check(holds: boolean, invariant: string): void {
  if (!holds) throw new Error(`chain trie: not so that ${invariant}`);
}
