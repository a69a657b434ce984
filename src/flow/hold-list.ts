/**
 * Lists of holds: what a flow holds, from its innermost cell outwards (hold.ts).
 *
 * Invariant: a hold that was released is in no list any more for whoever walks here: its cells are passed over, and cut out
 * of the list on the way. Cost: a step per cell; each released one is passed once, or a few times where lists fork.
 */
import { HELD, Hold, type ListCell } from '../model/hold.js';
import { MAX_KNOWN_HOLDS } from './owner.js';

/** Another list cell for the hold of `node`, on top of `parent`. */
export function linked(node: Hold, parent: Hold | undefined): Hold {
  if (parent !== undefined) outerHeld(parent);
  const { lock, lockClass, kind, wait, task, since } = node;
  const link = new Hold(lock, lockClass, kind, wait, parent, parent?.task ?? task, since);
  link.target = node.target;
  return link;
}

/** The innermost hold of the list that is still held. Released ones outside of the first cell are cut out of the list. */
export function nearestHeld(cell: ListCell | undefined): Hold | undefined {
  if (cell === undefined || cell.target.state === HELD) return cell as Hold | undefined;
  const { parent } = cell;
  const isNext = parent === undefined || parent.target.state === HELD;
  return isNext && !isBranch(cell) ? parent : passReleased(cell as Hold);
}

/** The same, for a cell of a released hold. The next one takes over the branch that it stands for. */
function passReleased(cell: Hold): Hold | undefined {
  let branch = isBranch(cell) ? cell : undefined;
  let held = cell.parent;
  for (; held !== undefined && held.target.state !== HELD; held = held.parent) if (isBranch(held)) branch = held;
  if (branch !== undefined && held !== undefined) {
    const { asked } = branch;
    if (held.asked.branch !== asked.branch) held = branched(held, asked.branch, asked.branchOf);
  }
  cell.parent = held;
  return held;
}

function isBranch(cell: ListCell): boolean {
  return cell instanceof Hold && cell.asked.branch !== 0;
}

/** In place of `cell`, one that stands for that branch of the turn whose first cell was `turn`; the same one where it is older. */
export function branched(cell: Hold, branch: number, turn: number): Hold {
  if (cell.born < turn) return cell;
  const link = linked(cell.target, outerHeld(cell));
  const asked = link.ask();
  link.born = cell.born;
  link.chain = cell.chain;
  asked.vouched = cell.asked.vouched;
  asked.branch = branch;
  asked.branchOf = turn;
  return link;
}

/** The next hold outwards that is still held, past released ones, which are cut out of the list. */
export function outerHeld(cell: Hold): Hold | undefined {
  const { parent } = cell;
  if (parent === undefined || parent.target.state === HELD) return parent;
  const held = nearestHeld(parent);
  cell.parent = held;
  cell.chain = undefined;
  return held;
}

/** Cuts the released holds right outside of the cell out of its list: each keeps those that were outside of it. */
export function cutReleased(cell: Hold): void {
  const { parent } = cell;
  if (parent !== undefined && parent.target.state !== HELD) cell.parent = nearestHeld(parent);
}

/** Is `node` among the holds of the list? Cost: a walk over what was entered since `node` was wanted. */
export function isListed(list: Hold | undefined, node: Hold): boolean {
  return find(list, node, Infinity) === true;
}

/** The same; also true of a list that is longer than any whose order is checked: there it does not matter. */
export function mayBeListed(list: Hold | undefined, node: Hold): boolean {
  return find(list, node, MAX_KNOWN_HOLDS) !== false;
}

/** undefined: not among the innermost `most`, and there are more. */
function find(list: Hold | undefined, node: Hold, most: number): boolean | undefined {
  let left = most;
  for (let cell = nearestHeld(list); cell !== undefined && cell.born >= node.born; cell = outerHeld(cell)) {
    if (cell.target === node) return true;
    left -= 1;
    if (left < 0) return undefined;
  }
  return false;
}

/** A list cell for `node` with `list` as its outer holds: the node itself where it already continues that list. */
export function cellUnder(node: Hold, list: Hold | undefined): Hold {
  const outer = outerHeld(node);
  if (outer === list) return node;
  if (!isSameList(outer, list)) return linked(node, list);
  node.parent = list;
  return node;
}

/** Are the same holds in both? */
function isSameList(one: Hold | undefined, other: Hold | undefined): boolean {
  while (one !== undefined && other !== undefined && one !== other) {
    if (one.target !== other.target || one.asked.vouched !== other.asked.vouched) return false;
    one = outerHeld(one);
    other = outerHeld(other);
  }
  return one === other;
}

/**
 * Cuts a list of very many holds short: what its flow took so long ago that it is listed weakly alone (live-holds.ts) is no
 * more known as its own, as where each round of a loop abandons a lock. Their order is not checked long before that.
 */
export function forgetAged(node: Hold): void {
  let known = 0;
  for (let cell = node; ; known++) {
    const outer = outerHeld(cell);
    if (outer === undefined) return;
    if (known >= MAX_KNOWN_HOLDS && outer.target.asked.aged !== undefined) {
      cell.parent = undefined;
      return;
    }
    cell = outer;
  }
}

/** The hold and all that it is nested in, innermost first, or as many of them. */
export function listHolds(cell: Hold | undefined, most: number = Infinity): Hold[] {
  const holds: Hold[] = [];
  for (let inner = cell; inner !== undefined && holds.length < most; inner = outerHeld(inner)) {
    if (inner.target.state === HELD) holds.push(inner.target);
  }
  return holds;
}

/** The innermost one of the same that is meant. Makes no list of them. */
export function findHold(cell: Hold | undefined, test: (hold: Hold) => boolean): Hold | undefined {
  for (let inner = cell; inner !== undefined; inner = outerHeld(inner)) {
    if (inner.target.state === HELD && test(inner.target)) return inner.target;
  }
  return undefined;
}

/** Is there one? */
export function someHold(cell: Hold | undefined, test: (hold: Hold) => boolean): boolean {
  return findHold(cell, test) !== undefined;
}

/** Those of the holds that a `structured` around the flow vouches for; of the innermost `most`, where that is given. */
export function vouchedHolds(cell: Hold | undefined, most: number = Infinity): Hold[] {
  let inner = cell;
  let left = most;
  for (; inner !== undefined && left > 0 && !inner.asked.vouched; left--) inner = outerHeld(inner);
  return left > 0 ? listHolds(inner, left) : [];
}
