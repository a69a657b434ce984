/**
 * The nestings met so far: where their facts are kept, and which of them depend on the very locks.
 *
 * Invariant: the facts of a nesting are at the node of its held sequence in the trie. They are asked `byLock` if a class in
 * the sequence is one whose locks are told apart (locks-apart.ts), or a class by place occurs twice.
 *
 * Cost: one step in the trie for a nesting that is known. A new one costs a walk over the holds of the flow; one with
 * locks that are told apart as well, at every attempt. The first flow that holds two locks of a class by place costs a walk
 * over the trie.
 */
import type { LockClass } from '../model/lock-class.js';
import type { ChainNode, ChainTrie } from '../order/chain-trie.js';
import type { Hold, Nesting } from '../model/hold.js';
import { isTry } from '../model/hold.js';
import { chainKey, chainOf, isKeyOf, isTryKey } from '../flow/held-chains.js';
import type { HeldTracker } from '../flow/held-tracker.js';
import { listHolds } from '../flow/hold-list.js';
import type { ClassIds } from './class-ids.js';
import type { Dependencies } from './dependencies.js';
import { MAX_HELD_DEPTH } from './host.js';
import { choiceOf } from './locks-apart.js';
import { NestingFacts } from './nesting-facts.js';

/**
 * Choices of locks whose facts are kept, in all nestings. The oldest make room; another one is judged as if it were new, which
 * is right and slower.
 */
export const MAX_CHOICES = 4096;

const ALONE: readonly Hold[] = [];

export class Nestings {
  readonly #trie: ChainTrie<Nesting>;
  readonly #tracker: HeldTracker;
  readonly #ids: ClassIds;
  readonly #dependencies: Dependencies;
  /** By the nesting and the locks. */
  readonly #choices = new Map<string, NestingFacts>();

  constructor(trie: ChainTrie<Nesting>, tracker: HeldTracker, ids: ClassIds, dependencies: Dependencies) {
    this.#trie = trie;
    this.#tracker = tracker;
    this.#ids = ids;
    this.#dependencies = dependencies;
  }

  /**
   * What is known of the nesting of an attempt; undefined where it is none of those that are kept. `meet` is called with the
   * class of the wanted lock where the nesting is new, and says whether that is checked.
   */
  factsOf(node: Hold, meet: (lockClass: LockClass) => boolean): NestingFacts | undefined {
    const outer = chainOf(this.#trie, node.parent, MAX_HELD_DEPTH);
    const chain = outer?.child(chainKey(node));
    const known = chain?.data as NestingFacts | undefined;
    if (known === undefined) return this.#factsOfNew(node, outer, meet);
    node.chain = chain;
    return known.byLock ? this.#factsByLock(node, chain as ChainNode<Nesting>) : known;
  }

  #factsOfNew(
    node: Hold,
    outer: ChainNode<Nesting> | undefined,
    meet: (lockClass: LockClass) => boolean,
  ): NestingFacts | undefined {
    if (outer === undefined || outer.depth >= MAX_HELD_DEPTH || !meet(node.lockClass)) return undefined;
    const chain = outer.ensure(chainKey(node));
    if (chain === undefined) return undefined;
    node.chain = chain;
    return this.#factsByLock(node, chain);
  }

  /** Does the flow hold two locks of a class that is a guess? Then its locks are told apart from now on, in every nesting. */
  noteSigns(holds: readonly Hold[]): void {
    for (const lockClass of this.#ids.apart.signs(holds)) {
      this.#dependencies.tellApart(lockClass);
      this.#tracker.toldApart(lockClass);
      for (const { key, depth, data } of this.#trie.nodesWith((key) => isKeyOf(key, lockClass))) {
        if (depth > 1 && data !== undefined && !isTryKey(key)) (data as NestingFacts).byLock = true;
      }
    }
  }

  #factsByLock(node: Hold, chain: ChainNode<Nesting>): NestingFacts {
    const holds = node.parent === undefined ? ALONE : [node, ...listHolds(node.parent)];
    this.noteSigns(holds);
    // Nothing leads into what is taken without waiting, whichever lock it is.
    const locks = isTry(node.kind) ? undefined : choiceOf(holds, this.#ids.apart);
    const facts = (chain.data ??= new NestingFacts(locks !== undefined)) as NestingFacts;
    return locks === undefined ? facts : this.#choice(facts, locks);
  }

  #choice(nesting: NestingFacts, locks: string): NestingFacts {
    const key = `${nesting.id}${locks}`;
    const known = this.#choices.get(key);
    if (known !== undefined) return known;
    const facts = new NestingFacts(false, nesting);
    const [oldest] = this.#choices.size < MAX_CHOICES ? [] : this.#choices.keys();
    if (oldest !== undefined) this.#choices.delete(oldest);
    this.#choices.set(key, facts);
    return facts;
  }
}
