import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  foldAwaits,
  MAX_STACK,
  type AwaitTree,
  type StackNode,
  type TreeFunction,
} from '../../src/attach/await-tree.js';

interface Made extends Partial<
  Pick<TreeFunction, 'functionLabel' | 'isRead' | 'isHidden' | 'isTied' | 'waitsFor' | 'lock'>
> {
  readonly label: string;
  /** Indices of those that it awaits. */
  readonly awaits?: readonly number[];
}

function fold(made: readonly Made[]): AwaitTree {
  const awaiters: number[][] = made.map(() => []);
  for (const [index, { awaits = [] }] of made.entries()) for (const each of awaits) awaiters[each]?.push(index);
  return foldAwaits(
    made.map(({ awaits = [], ...each }, index) => ({
      functionLabel: each.label,
      isRead: true,
      isHidden: false,
      isTied: true,
      waitsFor: '',
      lock: '',
      ...each,
      awaited: awaits,
      awaiters: awaiters[index] ?? [],
    })),
  );
}

/** `count waitsFor: a < b < [2 c, d]` of every group. */
function shown(made: readonly Made[]): string[] {
  const text = ({ example, count, awaitedBy }: StackNode): string => {
    const own = `${count === 1 ? '' : `${count} `}${made[example]?.label}`;
    const branches = awaitedBy.map(text);
    return [own, ...(branches.length > 1 ? [`[${branches.join(', ')}]`] : branches)].join(' < ');
  };
  return fold(made).groups.map(({ waitsFor, stack }) => `${waitsFor}: ${text(stack)}`);
}

describe('the folded await tree', () => {
  it('says of none who is seen to wait for something else that it waits for the lock of its line', () => {
    const scope = { label: '', isHidden: true };
    const job = { label: 'job', lock: 'lock pool' };
    assert.deepEqual(
      shown([
        { ...scope, waitsFor: 'PermitWaiter.resolve' },
        { ...job, awaits: [0] },
        { ...scope, waitsFor: 'Timeout._onTimeout' },
        { ...job, awaits: [2] },
      ]),
      ['lock pool: job', 'Timeout._onTimeout: job'],
    );
    // Nothing is seen of the queues of other packages.
    assert.deepEqual(
      shown([
        { ...scope, waitsFor: 'Deferred.done' },
        { ...job, awaits: [0] },
      ]),
      ['lock pool: job'],
    );
  });

  it('folds equal stacks, the most frequent first', () => {
    assert.deepEqual(
      shown([
        { label: 'other' },
        { label: 'pay' },
        { label: 'handler', awaits: [1] },
        { label: 'pay' },
        { label: 'handler', awaits: [3] },
      ]),
      [': 2 pay < handler', ': other'],
    );
  });
  it('tells apart stacks that differ in who awaits them, or in what they wait for', () => {
    assert.deepEqual(
      shown([
        { label: 'pay' },
        { label: 'pay', waitsFor: 'Timeout' },
        { label: 'pay' },
        { label: 'cron', awaits: [2] },
      ]),
      [': pay', 'Timeout: pay', ': pay < cron'],
    );
  });
  it('branches where several functions await one', () => {
    assert.deepEqual(
      shown([
        { label: 'load' },
        { label: 'get', awaits: [0] },
        { label: 'get', awaits: [0] },
        { label: 'warm', awaits: [0] },
      ]),
      [': load < [2 get, warm]'],
    );
  });
  it('begins a stack at each of the functions that one waits for together', () => {
    assert.deepEqual(shown([{ label: 'a' }, { label: 'b' }, { label: 'all', awaits: [0, 1] }]), [
      ': a < all',
      ': b < all',
    ]);
  });
  it('leaves out hidden functions, and says of an innermost one that it is waited for', () => {
    assert.deepEqual(
      shown([
        { label: 'sleep of node:timers', isHidden: true, waitsFor: 'Timeout' },
        { label: 'retry', awaits: [0] },
        { label: 'scope', awaits: [1], isHidden: true },
        { label: 'main', awaits: [2] },
      ]),
      ['sleep of node:timers, Timeout: retry < main'],
    );
  });
  it('says nothing of an innermost hidden function that has no label', () => {
    assert.deepEqual(
      shown([
        { label: '', isHidden: true, waitsFor: 'Queue.items' },
        { label: 'pay', awaits: [0] },
      ]),
      ['Queue.items: pay'],
    );
  });
  it('counts stacks of hidden functions alone', () => {
    const tree = fold([
      { label: 'a', isHidden: true },
      { label: 'b', isHidden: true, awaits: [0] },
    ]);
    assert.deepEqual([tree.groups, tree.hidden], [[], 1]);
  });
  it('prefers the lock of the program to what keeps the promise, also below a hidden function', () => {
    assert.deepEqual(
      shown([
        { label: 'acquire', isHidden: true, waitsFor: 'Queue.items' },
        { label: 'pay', awaits: [0], lock: 'lock accounts' },
      ]),
      ['lock accounts: pay'],
    );
  });
  it('lists generators that no promise waits for, and begins no stack with them', () => {
    const tree = fold([{ label: 'rows', isTied: false }]);
    assert.deepEqual([tree.groups, tree.untied], [[], [0]]);
  });
});

describe('a stack with a function whose position was not read', () => {
  const pay = (line: string): Made => ({ label: `pay:${line}`, functionLabel: 'pay', isRead: line !== '?' });
  const counts = (made: readonly Made[]): string[] =>
    fold(made).groups.map(({ count, stack, unread }) => `${count} ${made[stack.example]?.label} +${unread}`);

  it('is counted beside those of the same functions that were read, and has no line of theirs', () => {
    assert.deepEqual(counts([pay('?'), pay('3'), pay('?'), pay('3'), pay('4'), { label: 'settle' }]), [
      '2 pay:3 +0',
      '1 pay:4 +2',
      '1 settle +0',
    ]);
  });
  it('is one of its own where none of the same functions was read', () => {
    assert.deepEqual(counts([pay('?'), pay('?'), { label: 'settle' }]), ['2 pay:? +0', '1 settle +0']);
  });
  it('is none of those that are awaited by other functions', () => {
    assert.deepEqual(counts([pay('3'), pay('?'), { label: 'cron', awaits: [1] }]), ['1 pay:3 +0', '1 pay:? +0']);
  });
  it('is not read whole where one of those that await it is not', () => {
    const handler = (line: string, awaits: number): Made => ({
      ...pay(line),
      label: `handler:${line}`,
      awaits: [awaits],
    });
    assert.deepEqual(counts([pay('3'), handler('9', 0), pay('3'), handler('?', 2)]), ['1 pay:3 +1']);
  });
});

describe('a circle of awaits', () => {
  it('is told with those that wait for it, and is in no stack', () => {
    const tree = fold([
      { label: 'a', awaits: [1] },
      { label: 'b', awaits: [2] },
      { label: 'c', awaits: [0] },
      { label: 'first', awaits: [0] },
      { label: 'second', awaits: [3] },
    ]);
    assert.deepEqual(tree.groups, []);
    assert.deepEqual(tree.circles, [{ functions: [0, 1, 2], waiting: 2 }]);
  });
  it('can be of one function', () => {
    assert.deepEqual(fold([{ label: 'a', awaits: [0] }]).circles, [{ functions: [0], waiting: 0 }]);
  });
  it('is no circle where a function outside can still settle what is waited for', () => {
    const tree = fold([{ label: 'a', awaits: [1] }, { label: 'b', awaits: [0, 2] }, { label: 'leaf' }]);
    assert.deepEqual(tree.circles, []);
    assert.equal(tree.groups.length, 1);
  });
});

describe('the size of a folded stack', () => {
  const chain = (length: number): Made[] =>
    Array.from({ length }, (_, index) => ({ label: `f${index}`, awaits: index === 0 ? [] : [index - 1] }));
  const size = ({ awaitedBy }: StackNode): number => awaitedBy.reduce((sum, each) => sum + size(each), 1);

  it('is bounded for a chain of 20,000 functions', () => {
    const stack = fold(chain(20_000)).groups[0]?.stack as StackNode;
    assert.equal(size(stack), MAX_STACK);
  });
  it('is bounded where branches meet again and again', () => {
    const ladder: Made[] = [{ label: 'leaf' }];
    for (let step = 0; step < 60; step++) {
      const from = ladder.length - (step === 0 ? 1 : 2);
      const awaits = step === 0 ? [0] : [from, from + 1];
      ladder.push({ label: `left${step}`, awaits }, { label: `right${step}`, awaits });
    }
    assert.equal(size(fold(ladder).groups[0]?.stack as StackNode), MAX_STACK);
  });
});
