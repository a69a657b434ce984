/**
 * Who has holds: one running instance of one function, and how it hands them on.
 */
import type { Batch } from './batch-turns.js';
import { INSPECT } from '../platform/inspect.js';
import { HELD, isWait, type Hold, type HoldOwner } from '../model/hold.js';

/** Does the holder of `hold` wait for one kind of attempt? Asked by all attempts of that kind alike. */
export interface Doubt {
  readonly hold: Hold;
  /** Answered, or given up. */
  over: boolean;
}

/** A lock was taken and released under another one whose holder was not yet seen to wait for it. */
export interface Debt {
  readonly doubt: Doubt;
}

/** How holds go from one function to another, where they do: most owners release what they hold. */
export class Passage {
  /** May several wait for it whom nobody has seen? */
  isShared = false;
  /** Has something come through a combinator that was made before it was known that it would? */
  isLate = false;
  /** Those elements of a combinator that are acquisitions, all of this turn. */
  batch: Batch | undefined = undefined;
}

/** Locks that one flow, or one function, is known to hold whenever it took them (live-holds.ts). */
export const MAX_KNOWN_HOLDS = 256;

/** Beyond so many holds of one owner a set finds one, and a look at them is seldom one at all. */
const MANY = 32;

/** What an owner of many holds keeps beside them. */
interface Many {
  readonly index: Set<Hold>;
  /** Looks at the last of them alone, since all were looked at. */
  looks: number;
  /** So many of the first are unsure already. */
  unsure: number;
}

/** The list of whoever has none yet: never written. */
const NO_HOLDS: Hold[] = [];

/**
 * What one running instance of one function has to account for. Cost: O(1) a call, amortised, for any number of holds. Its fields
 * are set in the constructor alone, so that V8 builds it in the place where it is made.
 */
export class Owner implements HoldOwner {
  /** The holds that it got by itself, or that were returned to it, and has not returned or released. Some may be over. */
  declare nodes: Hold[];
  /** @internal Of more than MANY. */
  declare _many: Many | undefined;
  /** What it and the functions that it waited for still have to prove: of every doubt the latest debt. */
  declare debts: Map<Doubt, Debt> | undefined;
  /** Is it certain that this is a function that awaits, not a callback of `then`? */
  declare sure: boolean;
  /** Is it looked at whose awaits and returns these are? */
  declare watched: boolean;
  /** What it has received in this turn, while it is not certain that this is a function which awaits. */
  declare doubted: Set<Hold> | undefined;
  /** Has somebody received what this owner returned? */
  declare received: boolean;
  declare takers: number;
  /** Of what it has returned, or what passes through a combinator. */
  declare passage: Passage | undefined;
  /**
   * While it runs, the promise whose turn it is, and the one that was last made or settled. Here and not with the hooks, since an
   * owner is mostly young: to write a young object into an old one takes V8 much longer.
   */
  declare turn: object | undefined;
  declare latest: object | undefined;

  constructor(sure: boolean, nodes: Hold[] = NO_HOLDS) {
    this.nodes = nodes;
    this._many = undefined;
    this.debts = undefined;
    this.sure = sure;
    this.watched = false;
    this.doubted = undefined;
    this.received = false;
    this.takers = 0;
    this.passage = undefined;
    this.turn = undefined;
    this.latest = undefined;
  }

  get isEmpty(): boolean {
    return this.nodes.length === 0 && this.debts === undefined;
  }

  get hasReturned(): boolean {
    return this.passage !== undefined;
  }

  /** Is it this instance that holds `node`? `certain`: without any doubt about who received it. */
  holds(node: Hold, certain: boolean): boolean {
    const { unsure, astray, adoptedBy } = node.asked;
    if (adoptedBy !== undefined && adoptedBy !== this) return false;
    if (astray || !this.has(node)) return false;
    return !certain || !(unsure || this.doubted?.has(node) === true);
  }

  /** Is it among its holds? */
  has(node: Hold): boolean {
    const { nodes } = this;
    if (nodes.length <= MANY) return nodes.includes(node);
    return this.#ofMany().index.has(node);
  }

  #ofMany(): Many {
    return (this._many ??= { index: new Set(this.nodes), looks: 0, unsure: 0 });
  }

  /** @internal */
  [INSPECT](): string {
    return `Owner { holds: ${this.nodes.length} }`;
  }

  keep(node: Hold): void {
    const { nodes } = this;
    // A list made to measure takes a fraction of the memory of one that grows, and most have one only.
    if (nodes.length === 0) this.nodes = [node];
    else if (!this.has(node)) {
      nodes.push(node);
      this._many?.index.add(node);
    }
  }

  /** It is not certain any more that it has what it has. */
  unsettle(): void {
    const { nodes } = this;
    const many = nodes.length > MANY ? this.#ofMany() : undefined;
    for (let i = many?.unsure ?? 0; i < nodes.length; i++) (nodes[i] as Hold).ask().unsure = true;
    if (many !== undefined) many.unsure = nodes.length;
  }

  /** Of one that it had already, it is certain again. */
  adopt(node: Hold): void {
    node.ask().adoptedBy = this;
    if (this._many !== undefined) this._many.unsure = 0;
  }

  /** Several may wait for what it has returned. */
  share(): void {
    this.pass().isShared = true;
    this.unsettle();
  }

  pass(): Passage {
    return (this.passage ??= new Passage());
  }

  doubt(node: Hold): void {
    (this.doubted ??= new Set()).add(node);
  }

  owe(debt: Debt): void {
    this.debts ??= new Map();
    this.debts.set(debt.doubt, debt);
  }

  /** Drops what is no longer held or in question; of many holds, some of that. True when nothing is left. */
  prune(): boolean {
    const { nodes } = this;
    // Most have one.
    if (nodes.length > 1 || this._many !== undefined) this.#pruneNodes();
    else if (nodes.length === 1 && !isKept(nodes[0] as Hold)) nodes.pop();
    if (this.debts !== undefined) this.#pruneDebts(this.debts);
    return this.isEmpty;
  }

  #pruneDebts(debts: Map<Doubt, Debt>): void {
    for (const doubt of debts.keys()) if (!isOpen(doubt)) debts.delete(doubt);
    if (debts.size === 0) this.debts = undefined;
  }

  #pruneNodes(): void {
    const { nodes, _many: many } = this;
    if (many === undefined && nodes.length <= MANY) {
      for (let i = nodes.length - 1; i >= 0; i--) {
        if (isKept(nodes[i] as Hold)) continue;
        if (i === nodes.length - 1) nodes.pop();
        else nodes.splice(i, 1);
      }
      return;
    }
    for (let last = nodes.at(-1); last !== undefined && !isKept(last); last = nodes.at(-1)) {
      nodes.pop();
      many?.index.delete(last);
    }
    if (many !== undefined) {
      many.unsure = Math.min(many.unsure, nodes.length);
      many.looks += 1;
      if (many.looks < nodes.length) return;
    }
    if (nodes.length > 1) this.#pruneAll();
  }

  #pruneAll(): void {
    if (this._many !== undefined) this._many.looks = 0;
    const isKnown = this.nodes.length > MAX_KNOWN_HOLDS ? isKeptAndListed : isKept;
    if (this.nodes.every(isKnown)) return;
    this.nodes = this.nodes.filter(isKnown);
    this._many = undefined;
  }
}

/** Was the stack captured of the hold, or of one of those that an owner returned with? */
export function hasFrames(parcel: Hold | Owner): boolean {
  return parcel instanceof Owner ? parcel.nodes.some(hasFrames) : parcel.asked.frames !== undefined;
}

/** Is there still something to prove? */
export function isOpen({ hold, over }: Doubt): boolean {
  return !over && hold.state === HELD;
}

/** A hold, or a wait that is over and that nobody has received yet. */
function isKept(node: Hold): boolean {
  return node.state === HELD || (isWait(node.kind) && node.asked.pending !== undefined);
}

/** The same of a function with very many holds, which has abandoned the older ones, or soon forgets that they are its own. */
function isKeptAndListed(node: Hold): boolean {
  return isKept(node) && node.asked.aged === undefined;
}
