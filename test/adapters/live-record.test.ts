import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { LiveRecord } from '../../src/adapters/live-record.js';

/** A record that `waiting` flows are in; each write takes `cost` milliseconds. */
function recordOf(cost = 0): { live: LiveRecord; seen: { waiting: number; writes: number; spent: number } } {
  const seen = { waiting: 1, writes: 0, spent: 0 };
  const live = new LiveRecord(() => {
    const began = performance.now();
    while (performance.now() - began < cost);
    seen.writes += 1;
    seen.spent += performance.now() - began;
    return seen.waiting;
  });
  return { live, seen };
}

describe('the record of a running program', () => {
  it('is written before the next callback where waits begin, once for all of them', async () => {
    const { live, seen } = recordOf();
    for (let waiter = 0; waiter < 100; waiter++) live.waitBegins();
    assert.equal(seen.writes, 0);
    await nextTurn();
    assert.equal(seen.writes, 1);
    live.stop();
  });

  it('is written in the very call where a report is made', () => {
    const { live, seen } = recordOf();
    live.changed();
    assert.equal(seen.writes, 1);
  });

  it('is renewed while somebody waits, and left alone from then on', async () => {
    const { live, seen } = recordOf();
    live.waitBegins();
    await sleep(400);
    assert.ok(seen.writes >= 2, String(seen.writes));
    seen.waiting = 0;
    await sleep(1100);
    const { writes } = seen;
    await sleep(1200);
    assert.equal(seen.writes, writes);
  });

  it('takes a twentieth of the time, but for the half second that it may take at first', async () => {
    const { live, seen } = recordOf(60);
    const end = performance.now() + 2000;
    while (performance.now() < end) {
      live.waitBegins();
      await sleep(5);
    }
    live.stop();
    // The last write may overdraw it.
    assert.ok(seen.spent < 500 + 2000 / 20 + 120, `${seen.spent} ms in ${seen.writes} writes`);
  });

  it('is written no more once that is over', async () => {
    const { live, seen } = recordOf();
    live.waitBegins();
    live.stop();
    live.waitBegins();
    live.changed();
    await sleep(100);
    assert.equal(seen.writes, 0);
  });
});
