import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VISITS } from '../../src/attach/visit.js';

interface Visits {
  enter(visit: string, isOurs: boolean, isShared?: boolean): number;
  beat(visit: string, silence: number): number;
  end(visit: string): number;
}

/** A process with timers that a test turns, and an inspector that says whether it is open. */
class FakeProcess {
  isOpen = true;
  readonly #timers = new Set<() => void>();
  readonly inspector: { [key: symbol]: unknown; close(): void } = { close: () => (this.isOpen = false) };

  get visits(): Visits {
    const timer = (run: () => void): object => {
      this.#timers.add(run);
      return { unref: () => run };
    };
    const timers = {
      setInterval: timer,
      setTimeout: timer,
      clearInterval: (run: () => void) => this.#timers.delete(run),
      clearTimeout: (run: () => void) => this.#timers.delete(run),
    };
    // oxlint-disable-next-line no-implied-eval, typescript/no-implied-eval -- it is the text that a process evaluates
    const make = new Function(`return ${VISITS}`)() as (load: (name: string) => unknown) => Visits;
    return make((name) => (name === 'node:inspector' ? this.inspector : timers));
  }

  get isClean(): boolean {
    return Object.getOwnPropertySymbols(this.inspector).length === 0;
  }

  /** So many turns of every timer. */
  turn(count = 1): void {
    for (let turn = 0; turn < count; turn++) {
      const due = [...this.#timers];
      for (const run of due) run();
    }
  }
}

describe('visits to a process', () => {
  it('close the inspector that one of them opened, when the last one has left', () => {
    const target = new FakeProcess();
    assert.equal(target.visits.enter('one', true), 0);
    assert.equal(target.visits.enter('two', false), 1, 'the second one is in line');
    assert.equal(target.visits.end('one'), 1);
    target.turn();
    assert.equal(target.isOpen, true);
    assert.equal(target.visits.beat('two', 0), 0, 'its turn has come');
    assert.equal(target.visits.end('two'), -1);
    target.turn();
    assert.deepEqual([target.isOpen, target.isClean], [false, true]);
  });
  it('leave an inspector open that none of them opened, and nothing else', () => {
    const target = new FakeProcess();
    target.visits.enter('one', false);
    assert.equal(target.visits.end('one'), 0);
    target.turn();
    assert.deepEqual([target.isOpen, target.isClean], [true, true]);
  });
  it('that take no time keep no other one from its turn', () => {
    const target = new FakeProcess();
    target.visits.enter('one', true);
    assert.equal(target.visits.enter('top', false, true), 1);
    target.visits.end('one');
    assert.equal(target.visits.enter('two', false), 0);
    assert.equal(target.visits.end('two'), 1);
    assert.equal(target.visits.end('top'), -1);
  });
  it('do not close it below one that comes while it is about to be closed', () => {
    const target = new FakeProcess();
    target.visits.enter('one', true);
    target.visits.end('one');
    assert.equal(target.visits.enter('two', false), 0);
    target.turn();
    assert.equal(target.isOpen, true);
    assert.equal(target.visits.end('two'), -1);
    target.turn();
    assert.equal(target.isOpen, false);
  });
});

describe('a visit whose command was killed', () => {
  it('is taken to have left when nothing was heard of it for a while, and the inspector is closed', () => {
    const target = new FakeProcess();
    target.visits.enter('killed', true);
    target.turn(5);
    assert.equal(target.isOpen, true);
    target.turn(2);
    assert.deepEqual([target.isOpen, target.isClean], [false, true]);
  });
  it('makes way for the next one, which is heard of', () => {
    const target = new FakeProcess();
    target.visits.enter('killed', true);
    target.visits.enter('next', false);
    for (let turn = 0; turn < 20; turn++) {
      target.turn();
      target.visits.beat('next', 0);
    }
    assert.equal(target.visits.beat('next', 0), 0);
    assert.equal(target.visits.beat('killed', 0), -1, 'it is not known any more');
    assert.equal(target.isOpen, true);
  });
  it('is waited for where it said before that nothing would be heard of it', () => {
    const target = new FakeProcess();
    target.visits.enter('busy', true);
    target.visits.beat('busy', 30);
    target.turn(35);
    assert.equal(target.isOpen, true);
    target.turn(2);
    assert.equal(target.isOpen, false);
  });
});
