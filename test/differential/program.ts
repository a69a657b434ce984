import * as fc from 'fast-check';

/** How a lock is reached: itself, through withTimeout, or through tryAcquire. */
export type View = 'plain' | 'timed' | 'try';

export interface LockSpec {
  readonly kind: 'mutex' | 'semaphore';
  /** Start value of a semaphore. */
  readonly value: number;
  /** Whether it is constructed with an error of its own for cancelled requests. */
  readonly ownCancelError: boolean;
  /** Whether its decorators reject with errors of their own. */
  readonly ownTimeoutError: boolean;
  /** In milliseconds, of its withTimeout decoration. */
  readonly timeout: number;
}

/** Where a request goes and what it asks for. A mutex ignores the weight. */
export interface Request {
  readonly lock: number;
  readonly view: View;
  readonly weight: number | undefined;
  readonly priority: number | undefined;
}

export type Operation =
  | ({ readonly do: 'acquire'; readonly awaited: boolean } & Request)
  | ({ readonly do: 'runExclusive'; readonly body: 'returns' | 'throws' | 'goes on' } & Request)
  | ({ readonly do: 'waitForUnlock'; readonly awaited: boolean } & Request)
  /** Calls a releaser that was handed out: the `pick`-th not yet called, or any at all. */
  | { readonly do: 'call releaser'; readonly pick: number; readonly maybeAgain: boolean }
  /** Ends the innermost runExclusive callback that the flow is in. */
  | { readonly do: 'leave'; readonly by: 'returning' | 'throwing' }
  | { readonly do: 'release'; readonly lock: number; readonly view: View; readonly weight: number | undefined }
  | { readonly do: 'setValue'; readonly lock: number; readonly view: View; readonly value: number }
  | { readonly do: 'cancel'; readonly lock: number; readonly view: View };

export interface FlowStep {
  readonly flow: number;
  readonly operation: Operation;
}

/** Everything in a step happens in one synchronous turn; between steps everything settles. */
export type Step = { readonly together: readonly FlowStep[] } | { readonly advance: number };

export interface Program {
  readonly locks: readonly LockSpec[];
  readonly steps: readonly Step[];
}

export const FLOWS = 4;
export const MAX_LOCKS = 3;

const chance = (percent: number): fc.Arbitrary<boolean> =>
  fc.integer({ min: 0, max: 99 }).map((n) => n >= 100 - percent);

/** Numbers that a program may use as values and weights. Fractions exclude waitForUnlock (deviations.ts). */
interface Numbers {
  readonly fractional: boolean;
  readonly startValue: fc.Arbitrary<number>;
  readonly weight: fc.Arbitrary<number | undefined>;
  readonly setValue: fc.Arbitrary<number>;
}

const INTEGERS: Numbers = {
  fractional: false,
  startValue: fc.constantFrom(1, 2, 3, 0, -1),
  weight: fc.constantFrom(undefined, undefined, 1, 1, 2, 2, 3, 0, -1),
  setValue: fc.integer({ min: -2, max: 5 }),
};

const FRACTIONS: Numbers = {
  fractional: true,
  startValue: fc.constantFrom(1, 1.5, 2.5),
  weight: fc.constantFrom(undefined, 1, 0.5, 1.5, 2, -0.5),
  setValue: fc.constantFrom(-0.5, 0, 0.5, 1, 2.5, 4),
};

const priority = fc.constantFrom(undefined, undefined, 0, 1, 2, -1, 0.5);
const view: fc.Arbitrary<View> = fc.constantFrom('plain', 'plain', 'plain', 'plain', 'timed', 'timed', 'try');

export function lockSpec(startValue: fc.Arbitrary<number>): fc.Arbitrary<LockSpec> {
  return fc.record({
    kind: fc.constantFrom('mutex', 'semaphore', 'semaphore'),
    value: startValue,
    ownCancelError: chance(50),
    ownTimeoutError: chance(50),
    timeout: fc.constantFrom(20, 5, 50, 0),
  });
}

/** `alone`: it has its step to itself, so it may release some turns after the step began (stage.ts, on turns). */
function operations(numbers: Numbers, lockCount: number, alone: boolean): fc.Arbitrary<Operation> {
  const lock = fc.nat({ max: lockCount - 1 });
  const request = { lock, view, weight: numbers.weight, priority };
  const acquire = fc.record({ do: fc.constant('acquire' as const), awaited: chance(80), ...request });
  const waitForUnlock = fc.record({ do: fc.constant('waitForUnlock' as const), awaited: chance(50), ...request });
  const release = fc.record({ do: fc.constant('release' as const), lock, view, weight: numbers.weight });
  const setValue = fc.record({ do: fc.constant('setValue' as const), lock, view, value: numbers.setValue });
  const cancel = fc.record({ do: fc.constant('cancel' as const), lock, view });
  const releaser = fc.record({
    do: fc.constant('call releaser' as const),
    pick: fc.nat({ max: 5 }),
    maybeAgain: chance(15),
  });
  const leave = fc.record({
    do: fc.constant('leave' as const),
    by: fc.constantFrom('returning' as const, 'throwing' as const),
  });
  return fc.oneof(
    { weight: 30, arbitrary: acquire },
    { weight: 25, arbitrary: releaser },
    { weight: 20, arbitrary: runExclusives(request, alone) },
    { weight: numbers.fractional ? 0 : 8, arbitrary: waitForUnlock },
    { weight: alone ? 12 : 0, arbitrary: leave },
    { weight: 5, arbitrary: release },
    { weight: 4, arbitrary: setValue },
    { weight: 4, arbitrary: cancel },
  );
}

function runExclusives(
  request: { [K in keyof Request]: fc.Arbitrary<Request[K]> },
  alone: boolean,
): fc.Arbitrary<Operation> {
  const [goesOn, returns, throws] = ['goes on' as const, 'returns' as const, 'throws' as const];
  const body = alone ? fc.constantFrom(goesOn, goesOn, returns, throws) : fc.constant(goesOn);
  return fc
    .record({ do: fc.constant('runExclusive' as const), body, ...request })
    .map((operation) => (operation.view === 'plain' ? operation : { ...operation, body: goesOn }));
}

function programOver(numbers: Numbers, lockCount: number): fc.Arbitrary<Program> {
  const flow = fc.nat({ max: FLOWS - 1 });
  const alone = fc.record({ flow, operation: operations(numbers, lockCount, true) });
  const shared = fc.record({ flow, operation: operations(numbers, lockCount, false) });
  const step = fc.oneof(
    { weight: 70, arbitrary: alone.map((only): Step => ({ together: [only] })) },
    {
      weight: 20,
      arbitrary: fc
        .uniqueArray(shared, { minLength: 2, maxLength: FLOWS, selector: (flowStep) => flowStep.flow })
        .map((together): Step => ({ together })),
    },
    { weight: 10, arbitrary: fc.constantFrom(1, 5, 20, 60).map((advance): Step => ({ advance })) },
  );
  return fc.record({
    locks: fc.array(lockSpec(numbers.startValue), { minLength: lockCount, maxLength: lockCount }),
    steps: fc.array(step, { maxLength: 30, size: 'max' }),
  });
}

/** Programs in which anything goes: misuse, hand-offs, invalid weights. Most use few locks, so that flows meet. */
export const programs: fc.Arbitrary<Program> = fc.oneof(
  { weight: 5, arbitrary: programOver(INTEGERS, 1) },
  { weight: 3, arbitrary: programOver(INTEGERS, 2) },
  { weight: 1, arbitrary: programOver(INTEGERS, MAX_LOCKS) },
  { weight: 2, arbitrary: programOver(FRACTIONS, 1) },
);
