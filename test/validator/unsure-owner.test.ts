/** Who holds a lock may be in doubt. Then nothing that rests on it is strict. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Mutex } from '../../src/index.js';
import { runtimeOf } from '../../src/api/isolated-lockdep.js';
import { isolated, nextTurn } from '../support/harness.js';

it('one function runs twice at once: what one instance takes is not nested in what the other one holds', () =>
  isolated(async (instance) => {
    const a = new instance.Mutex({ class: 'unsure.a' });
    const b = new instance.Mutex({ class: 'unsure.b' });
    const nest = (x: Mutex, y: Mutex): Promise<void> => x.runExclusive(() => y.runExclusive(() => undefined));
    await nest(b, a);
    (await a.acquire())();
    const visit = async (kind: 'root' | 'child'): Promise<void> => {
      if (kind === 'child') {
        const release = a.tryAcquire();
        await nextTurn();
        release?.();
        return;
      }
      await nextTurn();
      void visit('child');
      // Holds nothing: the child does.
      (await b.acquire())();
    };
    await visit('root');
    await nextTurn();
    const strict = [...runtimeOf(instance).validator.dependencies.edges()].filter(({ tier }) => tier === 'strict');
    assert.deepEqual(
      strict.map(({ from, to }) => `${from} -> ${to}`),
      [`${b.lockClass.name} -> ${a.lockClass.name}`],
    );
    assert.deepEqual(
      instance.lockdep.reports().filter(({ tier }) => tier === 'strict'),
      [],
    );
  }));
