/**
 * The ids by which the order of classes knows them.
 *
 * A class has its own id, unless an order of it was loaded before its first lock was taken: then it goes by the id that
 * was given to its name. Classes met so far are kept, so that graphs can name them. Where the locks of a class are told apart
 * (locks-apart.ts), each has an id beside that of the class.
 *
 * Cost: O(1); looking up a name walks the classes once for a load.
 */
import { type LockClass } from '../model/lock-class.js';
import { reserveClassId } from '../model/class-table.js';
import { findClass } from '../model/class-events.js';
import { soleLockOf } from '../model/sole-lock.js';
import { BATCH, gateOf, gateSet, type Gate, type GateSet } from '../order/gates.js';
import type { Hold } from '../model/hold.js';
import { LocksApart } from './locks-apart.js';
import type { ClassName } from './lock-use.js';

/** Classes that are checked at once: with an order or two about 4 kB each (the kernel's limit is half of it). */
export const MAX_CLASSES = 16_384;

export class ClassIds {
  readonly apart: LocksApart = new LocksApart();
  readonly #met = new Map<number, LockClass>();
  /** Names that were loaded, and for which no class was met yet. */
  readonly #unbound = new Map<string, ClassName>();
  /** From a class to the id that its name was given. */
  #aliases = new WeakMap<LockClass, number>();
  #hasAliases = false;
  /** Names of gates, also of those that are no class that was checked. */
  readonly #gates = new Map<number, ClassName>();

  constructor() {
    this.apart.listen({ added: () => undefined, gone: (id) => this.#gates.delete(id) });
  }

  /** Classes that were acquired so far. */
  get size(): number {
    return this.#met.size;
  }

  met(): Iterable<LockClass> {
    return this.#met.values();
  }

  idOf(lockClass: LockClass): number {
    return this.#hasAliases ? (this.#aliases.get(lockClass) ?? lockClass.id) : lockClass.id;
  }

  /** The id of what is certain of this hold: that of its class, or of its very lock where those of the class are told apart. */
  certainIdOf(hold: Pick<Hold, 'lock' | 'lockClass'>): number {
    return this.apart.idOf(hold) ?? this.idOf(hold.lockClass);
  }

  /** All ids by which what is certain knows locks of the class. */
  *certainIdsIn(lockClass: LockClass): Generator<number, void, undefined> {
    if (this.apart.isApart(lockClass)) yield* this.apart.idsIn(lockClass);
    else yield this.idOf(lockClass);
  }

  /** The id of the class, for an id that may be that of a lock. */
  classIdOf(id: number): number {
    const lockClass = this.apart.classOf(id);
    return lockClass === undefined ? id : this.idOf(lockClass);
  }

  /** Are these two locks of one class that are told apart? */
  toldApart(one: Hold, other: Hold): boolean {
    return one.lock !== other.lock && one.lockClass === other.lockClass && this.apart.isApart(one.lockClass);
  }

  isMet(lockClass: LockClass): boolean {
    return this.#met.has(lockClass.id);
  }

  /** A lock of the class is wanted. */
  meet(lockClass: LockClass): void {
    this.#met.set(lockClass.id, lockClass);
  }

  /** Lets the class go by the id that its name was given, if it was; returns that id the first time. */
  bind(lockClass: LockClass): number | undefined {
    if (this.#unbound.size === 0) return undefined;
    const { name } = lockClass;
    const unbound = this.#unbound.get(name);
    if (unbound === undefined) return undefined;
    this.#unbound.delete(name);
    this.#aliases.set(lockClass, unbound.id);
    this.#hasAliases = true;
    return unbound.id;
  }

  /**
   * Those of the holds that no two flows can have at once: a lock that is known from all others, and lets one in. As they were
   * held at that moment, in the tracker's count.
   */
  gatesOf(holds: readonly Hold[], moment: number = Infinity): GateSet {
    const gates: Gate[] = [];
    for (const hold of holds) {
      const gate = hold.lock.excludes ? this.#gateOf(hold, hold.sharedAt(moment)) : undefined;
      if (gate !== undefined) gates.push(gate);
    }
    return gateSet(gates);
  }

  /** The gate of that name; undefined where the name stands for several locks. The empty name is that of a batch. */
  gateNamed(name: string, shared: boolean, find: (name: string) => LockClass | undefined): Gate | undefined {
    if (name === '') return BATCH;
    const lockClass = find(name);
    if (lockClass === undefined) return this.#gate(this.byName(name, find), { id: 0, name }, shared);
    const sole = soleLockOf(lockClass) ?? (isUnused(lockClass) ? lockClass : undefined);
    return sole === undefined ? undefined : this.#gate(this.idOf(sole), sole, shared);
  }

  nameOfGate(id: number): string {
    return this.#gates.get(id)?.name ?? '';
  }

  /** The id for a name: that of its class, if there is one. */
  byName(name: string, find: (name: string) => LockClass | undefined): number {
    const lockClass = find(name);
    if (lockClass !== undefined) return this.idOf(lockClass);
    let unbound = this.#unbound.get(name);
    if (unbound === undefined) {
      unbound = { id: reserveClassId(), name };
      this.#unbound.set(name, unbound);
    }
    return unbound.id;
  }

  /** For the id of each subclass that was met, that of the class which is no subclass. */
  bases(): Map<number, number> {
    const bases = new Map<number, number>();
    for (const lockClass of this.#met.values()) {
      let { base } = lockClass;
      while (base?.base !== undefined) ({ base } = base);
      if (base !== undefined) bases.set(this.idOf(lockClass), this.idOf(base));
    }
    return bases;
  }

  /** How to find classes by their names, as long as no new ones are met. */
  finder(): (name: string) => LockClass | undefined {
    const byName = new Map([...this.#met.values()].map((lockClass) => [lockClass.name, lockClass]));
    return (name) => byName.get(name) ?? findClass(name);
  }

  /** The id stays that by which orders of other classes may know it as a gate; it is nobody else's. */
  forget(lockClass: LockClass): void {
    this.apart.forget(lockClass);
    this.#met.delete(lockClass.id);
    this.#gates.delete(this.idOf(lockClass));
  }

  clear(): void {
    this.apart.clear();
    for (const map of [this.#met, this.#unbound, this.#gates]) map.clear();
    this.#aliases = new WeakMap();
    this.#hasAliases = false;
  }

  #gateOf(hold: Hold, shared: boolean): Gate | undefined {
    const { lockClass } = hold;
    const id = this.apart.idOf(hold);
    // No class has such a name, so another process takes the gate for none of its own.
    if (id !== undefined) return this.#gate(id, { id, name: `${lockClass.name}[${id}]` }, shared);
    const sole = soleLockOf(lockClass);
    return sole === undefined ? undefined : this.#gate(this.idOf(sole), sole, shared);
  }

  #gate(id: number, named: ClassName, shared: boolean): Gate {
    if (!this.#gates.has(id)) this.#gates.set(id, named);
    return gateOf(id, shared);
  }
}

/** Has it, or a class that it may be taken for, no lock at all yet? */
function isUnused(lockClass: LockClass): boolean {
  for (let at: LockClass | undefined = lockClass; at !== undefined; at = at.base) if (at.locks > 0) return false;
  return true;
}
