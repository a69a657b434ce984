/** Attempts of flows on the class order, and random ones. */
import { vertexOfClass, type ClassOrder, type Lesson } from '../../src/order/class-order.js';
import { gateOf, gateSet, type Gate } from '../../src/order/gates.js';
import type { Attempt, Hold, Kind } from './naive-deadlocks.js';

export type TextOrder = ClassOrder<string, string>;

/** `attempt('a b(r)', 'c')`: wants c while it holds a, and b for reading. A capital letter: there is one such lock. */
export function attempt(holds: string, wanted: string): Attempt {
  const parsed = holds
    .split(' ')
    .filter((word) => word !== '')
    .map(parseHold);
  const [, name, mode] = /^(\w)(?:\((r|rr)\))?$/.exec(wanted) ?? [];
  const kinds: Readonly<Record<string, Kind>> = { r: 'fair-read', rr: 'recursive-read' };
  return { holds: parsed, wanted: classNamed(name), kind: kinds[mode ?? ''] ?? 'exclusive' };
}

function parseHold(text: string): Hold {
  return { lockClass: classNamed(text[0]), shared: text.endsWith('(r)') };
}

export function classNamed(name: string | undefined): number {
  return (name ?? '').charCodeAt(0);
}

export function className(lockClass: number): string {
  return String.fromCharCode(lockClass);
}

export const isSingle = (lockClass: number): boolean => className(lockClass) < 'a';

/** Teaches every order of the attempt; the lessons that found a cycle. */
export function learn(
  order: TextOrder,
  { holds, wanted, kind }: Attempt,
  single: (lockClass: number) => boolean = isSingle,
  more: readonly Gate[] = [],
): Lesson<string, string>[] {
  const own = holds.filter((hold) => single(hold.lockClass)).map((hold) => gateOf(hold.lockClass, hold.shared));
  const gates = gateSet([...own, ...more]);
  const found: Lesson<string, string>[] = [];
  for (const hold of holds) {
    const lesson = order.learn({
      held: vertexOfClass(hold.lockClass, hold.shared),
      wanted,
      strong: kind !== 'recursive-read',
      gates,
      facts: () => holds.map(holdText).join(' '),
    });
    if (lesson.cycle !== undefined) found.push(lesson);
  }
  return found;
}

export function holdText({ lockClass, shared }: Hold): string {
  return `${className(lockClass)}${shared ? '(r)' : ''}`;
}

/** `a -> b -> a`, a class that is held shared as `a(r)`. */
export function cycleText(lesson: Lesson<string, string> | undefined): string {
  const cycle = lesson?.cycle ?? [];
  const names = cycle.map(({ edge }) => holdText({ lockClass: edge.from >> 1, shared: (edge.from & 1) === 1 }));
  return [...names, ...names.slice(0, 1)].join(' -> ');
}

const KINDS: readonly Kind[] = ['exclusive', 'fair-read', 'recursive-read'];

/** What one flow does: takes locks of different classes and releases some, each acquisition an attempt. */
export function randomAttempts(random: (below: number) => number, classes: number, flows: number): Attempt[] {
  const attempts: Attempt[] = [];
  for (let flow = 0; flow < flows; flow++) {
    const holds: Hold[] = [];
    for (let step = 2 + random(4); step > 0; step--) {
      if (holds.length > 0 && random(5) === 0) holds.splice(random(holds.length), 1);
      const wanted = 1 + random(classes);
      if (holds.some(({ lockClass }) => lockClass === wanted)) continue;
      const kind = KINDS[random(3)] as Kind;
      // What was tried for is held without an attempt.
      if (holds.length > 0 && random(8) !== 0) attempts.push({ holds: [...holds], wanted, kind });
      holds.push({ lockClass: wanted, shared: kind !== 'exclusive' });
    }
  }
  return attempts;
}
