/**
 * The held sequence of a list of holds, as a node of the trie of chains.
 *
 * Invariant: a cell remembers its node, and the memory is right if the cell outwards still has the node that its own hangs
 * on. Cost: a step per hold of the flow; where one has gone meanwhile, a step in the trie for each.
 */
import type { LockClass } from '../model/lock-class.js';
import type { ChainNode, ChainTrie } from '../order/chain-trie.js';
import { type Hold, isTry, type Nesting, type WaitKind } from '../model/hold.js';
import { outerHeld } from './hold-list.js';

/** The node of the sequence that ends with `cell`; undefined when the trie is full, or for more than `most` holds. */
export function chainOf(
  trie: ChainTrie<Nesting>,
  cell: Hold | undefined,
  most: number,
): ChainNode<Nesting> | undefined {
  if (cell === undefined) return trie.root;
  for (let inner = cell; ;) {
    const outer = outerHeld(inner);
    const expected = outer === undefined ? trie.root : outer.chain;
    if (!isChainOf(inner, expected)) return rebuilt(trie, cell, most);
    if (outer === undefined) return cell.chain;
    inner = outer;
  }
}

function rebuilt(trie: ChainTrie<Nesting>, cell: Hold, most: number): ChainNode<Nesting> | undefined {
  const cells: Hold[] = [];
  for (let inner: Hold | undefined = cell; inner !== undefined; inner = outerHeld(inner)) {
    if (cells.length === most) return undefined;
    cells.push(inner);
  }
  let chain: ChainNode<Nesting> | undefined = trie.root;
  for (let i = cells.length - 1; i >= 0 && chain !== undefined; i--) {
    const inner = cells[i] as Hold;
    chain = chain.ensure(chainKey(inner.target));
    inner.chain = chain;
  }
  return chain;
}

const WAIT_BITS: Readonly<Record<WaitKind, number>> = { exclusive: 0, 'fair-read': 2, 'recursive-read': 4 };

/** A wait for the unlock alone: judged by rules of its own, so it is another nesting. */
const UNLOCK_BITS = 6;

const KEYS_PER_CLASS = 8;

/** Key in the trie: class, how it was wanted, and whether it was taken without waiting (then nothing leads into it). */
export function chainKey(node: Hold): number {
  const how = node.kind === 'unlock' ? UNLOCK_BITS : WAIT_BITS[node.wait] + (isTry(node.kind) ? 1 : 0);
  return node.lockClass.id * KEYS_PER_CLASS + how;
}

/** Does the key stand for a lock of this very class? */
export function isKeyOf(key: number, lockClass: LockClass): boolean {
  return Math.floor(key / KEYS_PER_CLASS) === lockClass.id;
}

/** Does the key stand for a lock that was taken without waiting? */
export function isTryKey(key: number): boolean {
  return key % 2 === 1;
}

/** Is what the cell remembers still right? Its outer holds may have gone, its own class or mode may have changed. */
function isChainOf(cell: Hold, outer: ChainNode<Nesting> | undefined): boolean {
  const { chain } = cell;
  return chain !== undefined && chain.parent === outer && chain.key === chainKey(cell.target);
}
