/** What a program says of its order of classes by itself: that it is so, or that it need not be. */
import type { Below } from '../platform/below.js';
import { lockClass } from '../model/find-class.js';
import { LockClass } from '../model/lock-class.js';
import { describe, mistyped } from '../platform/describe.js';
import { siteOf } from '../report/stack-text.js';
import { captureFrames } from '../platform/captured-frame.js';
import type { EdgeFacts } from '../validator/edge-facts.js';
import { DeclaredOrderError } from '../errors.js';
import type { Runtime } from '../validator/runtime.js';

/** All or nothing: where one pair is known the other way round, no pair is declared. */
export function declareOrder(runtime: Runtime, given: readonly unknown[], below: Below): void {
  if (given.length < 2) throw new RangeError(`declareOrder needs at least two classes, got ${given.length}`);
  const classes = given.map((each, index) => checkedClass(each, `class ${index + 1}`));
  for (const each of classes) runtime.reportAll(runtime.validator.bind(each));
  const twice = classes.find((each, index) => classes.indexOf(each) !== index);
  if (twice !== undefined) throw new RangeError(`declareOrder was given class ${twice.name} twice`);
  const { dependencies } = runtime.validator;
  for (const [index, later] of classes.entries()) {
    for (const earlier of classes.slice(0, index)) {
      const chain = dependencies.chain(later, earlier);
      if (chain !== undefined) throw new DeclaredOrderError(conflict(earlier, later, chain));
    }
  }
  const stack = captureFrames(below);
  for (const [index, to] of classes.entries()) {
    const from = classes[index - 1];
    if (from !== undefined) runtime.reportAll(dependencies.declare(from, to, stack));
  }
}

function conflict(earlier: LockClass, later: LockClass, chain: readonly EdgeFacts[]): string {
  const links = chain.map(({ held, wanted, origin }) => {
    const site = wanted.site ?? siteOf(wanted.frames);
    const how = origin === 'declared' ? 'declared' : 'learned';
    return `${wanted.lockClass.name} after ${held.lockClass.name}, ${how} at ${site === '' ? 'an unknown place' : site}`;
  });
  return `cannot declare ${earlier.name} before ${later.name}: the reverse is known already (${links.join('; ')})`;
}

export function bless(runtime: Runtime, first: unknown, second: unknown, reason: unknown): void {
  const [a, b] = [checkedClass(first, 'a'), checkedClass(second, 'b')];
  if (a === b) throw new RangeError(`a and b must be two classes, got ${a.name} twice`);
  if (typeof reason !== 'string') throw mistyped('reason', 'a string', reason);
  if (reason.trim() === '') throw new RangeError(`reason must not be empty, got ${describe(reason)}`);
  for (const each of [a, b]) runtime.reportAll(runtime.validator.bind(each));
  runtime.validator.bless(a, b, reason);
}

function checkedClass(given: unknown, what: string): LockClass {
  if (typeof given === 'string' && given !== '') return lockClass(given);
  if (given instanceof LockClass) return given;
  throw mistyped(what, 'a LockClass or the name of one', given);
}
