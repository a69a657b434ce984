import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type Mutex } from '../../src/index.js';
import { isolated, seen } from '../support/harness.js';

async function nest(outer: Mutex, inner: Mutex): Promise<void> {
  await outer.runExclusive(() => inner.runExclusive(() => undefined));
}

describe('the audit of splits', () => {
  it('lists a cycle that a private subclass hides, with the sites of both sides', async () => {
    await isolated(async (instance) => {
      const [map, file] = [new LockClass('split.map'), new LockClass('split.file')];
      const driver = new instance.Mutex({ class: map.subclass('driver') });
      const user = new instance.Mutex({ class: map });
      const inode = new instance.Mutex({ class: file });
      await nest(user, inode);
      await nest(inode, driver);
      assert.deepEqual(seen(instance), []);
      const [split, ...others] = instance.lockdep.splits();
      assert.ok(split !== undefined && others.length === 0);
      assert.equal(split.tier, 'strict');
      assert.deepEqual(
        split.steps.flat().map(({ from, to }) => [from, to]),
        [
          ['split.file', 'split.map/driver'],
          ['split.map', 'split.file'],
        ],
      );
      for (const site of split.steps.flat().flatMap(({ sites }) => sites))
        assert.match(site, /splits\.test\.ts:\d+:\d+$/);
    });
  });

  it('lists nothing of hand-over-hand locking, nor of private hierarchies in one order', async () => {
    await isolated(async (instance) => {
      const [dir, file] = [new LockClass('split.dir'), new LockClass('split.leaf')];
      const [parent, child] = [new instance.Mutex({ class: dir }), new instance.Mutex({ class: dir.subclass(1) })];
      const leaf = new instance.Mutex({ class: file });
      await nest(parent, child);
      await nest(parent, leaf);
      await nest(child, leaf);
      assert.deepEqual(instance.lockdep.splits(), []);
    });
  });

  it('a cycle that is reported as it is, is not listed again', async () => {
    await isolated(async (instance) => {
      const [one, two] = [new LockClass('split.one'), new LockClass('split.two')];
      const [a, b] = [new instance.Mutex({ class: one.subclass(1) }), new instance.Mutex({ class: two })];
      await nest(a, b);
      await nest(b, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      assert.deepEqual(instance.lockdep.splits(), []);
    });
  });
});
