import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { buildReport } from '../../src/report/build-report.js';
import { Events, SUBSCRIBER_FAILED, type Channels, type LockdepEvent } from '../../src/report/channels.js';
import { violation } from './samples.js';

const MADE: LockdepEvent = { type: 'class', name: 'made' };

class FakeChannel {
  readonly messages: object[] = [];
  hasSubscribers = false;
  publish(message: object): void {
    this.messages.push(message);
  }
}

function fakeChannels(): Record<keyof Channels, FakeChannel> {
  return { report: new FakeChannel(), edge: new FakeChannel(), class: new FakeChannel() };
}

describe('events', () => {
  it('are wanted while somebody listens, and of a kind whose channel has a subscriber', () => {
    const channels = fakeChannels();
    const events = new Events(channels);
    const wanted = (): boolean[] => (['report', 'edge', 'class'] as const).map((type) => events.isWanted(type));
    assert.deepEqual(wanted(), [false, false, false]);
    channels.edge.hasSubscribers = true;
    assert.deepEqual(wanted(), [false, true, false]);
    channels.edge.hasSubscribers = false;
    const subscription = events.subscribe(() => undefined);
    assert.deepEqual(wanted(), [true, true, true]);
    subscription[Symbol.dispose]();
    subscription[Symbol.dispose]();
    assert.deepEqual(wanted(), [false, false, false]);
  });

  it('reach subscribers and their own channel as one object', () => {
    const channels = fakeChannels();
    for (const channel of Object.values(channels)) channel.hasSubscribers = true;
    const events = new Events(channels);
    const seen: object[] = [];
    events.subscribe((event) => seen.push(event));
    const event: LockdepEvent = { type: 'report', report: buildReport(violation(), 7) };
    events.tell(event);
    assert.equal(seen[0], event);
    assert.equal(channels.report.messages[0], event);
    assert.deepEqual([channels.edge.messages, channels.class.messages], [[], []]);
  });

  it('are not published on a channel that nobody has subscribed to', () => {
    const channels = fakeChannels();
    const events = new Events(channels);
    events.subscribe(() => undefined);
    events.tell(MADE);
    assert.deepEqual(channels.class.messages, []);
  });

  it('reach a function once for each of its subscriptions, each of which ends by itself', () => {
    const events = new Events();
    let calls = 0;
    const subscriber = (): void => void (calls += 1);
    const [first] = [events.subscribe(subscriber), events.subscribe(subscriber)];
    events.tell(MADE);
    assert.equal(calls, 2);
    first[Symbol.dispose]();
    events.tell(MADE);
    assert.equal(calls, 3);
  });

  it('do not reach who has unsubscribed meanwhile, nor who has subscribed meanwhile', () => {
    const events = new Events();
    const seen: string[] = [];
    events.subscribe(() => {
      seen.push('first');
      second[Symbol.dispose]();
      events.subscribe(() => seen.push('late'));
    });
    const second = events.subscribe(() => seen.push('second'));
    events.tell(MADE);
    assert.deepEqual(seen, ['first']);
  });
});

const FAILING: Record<string, () => unknown> = {
  throws: () => {
    throw new Error('the watcher is broken');
  },
  rejects: () => Promise.reject(new Error('the watcher is broken')),
};

for (const [what, subscriber] of Object.entries(FAILING)) {
  it(`a subscriber that ${what} is shown once, and the others hear of everything`, async (t) => {
    const emitted = t.mock.method(process, 'emitWarning', () => undefined);
    const events = new Events();
    let others = 0;
    events.subscribe(subscriber);
    events.subscribe(() => (others += 1));
    for (let i = 0; i < 3; i++) {
      events.tell(MADE);
      await nextTurn();
    }
    assert.equal(others, 3);
    const calls = emitted.mock.calls.map(({ arguments: given }) => given as unknown as [string, { code: string }]);
    assert.equal(calls.length, 1);
    assert.equal(calls[0]?.[1].code, SUBSCRIBER_FAILED);
    assert.match(calls[0]?.[0] ?? '', /^a subscriber failed, .*: Error: the watcher is broken/);
  });
}

/** What a program prints that has the index of this package as `lockdep` and what is beside it. */
function printedBy(prelude: string, body: string, ...flags: string[]): unknown {
  const index = new URL('../../src/index.js', import.meta.url).href;
  const program = `${prelude}
    const { lockdep, Mutex } = await import(${JSON.stringify(index)});
    const { channel } = await import('node:diagnostics_channel');
    const [a, b] = [new Mutex({ class: 'a' }), new Mutex({ class: 'b' })];
    const nest = (outer, inner) => outer.runExclusive(() => inner.runExclusive(() => 'done'));
    const out = [];
    ${body}
    console.log(JSON.stringify(out));`;
  const run = spawnSync(process.execPath, ['--no-warnings', ...flags, '--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout) as unknown;
}

const LISTEN = `for (const name of ['report', 'edge', 'class']) {
  channel('lockdep:' + name).subscribe((message, from) => {
    out.push([String(from), message.type, message.report?.kind ?? message.name ?? message.from + ' ' + message.to]);
  });
}`;

describe('the channels of the process', () => {
  it('carry each class, each new order and each new report, once', () => {
    const body = `${LISTEN} for (let i = 0; i < 3; i++) { await nest(a, b); await nest(b, a); }`;
    assert.deepEqual(printedBy('', body), [
      ['lockdep:class', 'class', 'a'],
      ['lockdep:class', 'class', 'b'],
      ['lockdep:edge', 'edge', 'a b'],
      ['lockdep:edge', 'edge', 'b a'],
      ['lockdep:report', 'report', 'circular-dependency'],
    ]);
  });

  it('carry nothing of isolated instances', () => {
    const testing = new URL('../../src/testing.js', import.meta.url).href;
    const body = `${LISTEN}
      const own = (await import(${JSON.stringify(testing)})).createLockdep();
      const [c, d] = [new own.Mutex(), new own.Mutex()];
      await nest(c, d);
      await nest(d, c);
      out.push(own.lockdep.reports().length);`;
    assert.deepEqual(printedBy('', body), [1]);
  });

  it('bring what a subscriber throws to the program, in a later turn, and the lock is granted', () => {
    const body = `
      process.on('uncaughtException', ({ message }) => out.push(message));
      channel('lockdep:report').subscribe(() => { throw new Error('a watcher'); });
      await nest(a, b);
      out.push(await nest(b, a));
      await new Promise((resolve) => setTimeout(resolve, 5));`;
    assert.deepEqual(printedBy('', body), ['done', 'a watcher']);
  });

  it('can not throw into a lock, whatever stands in for their publish', () => {
    const body = `
      const target = channel('lockdep:report');
      target.subscribe(() => undefined);
      Object.defineProperty(target, 'publish', { value: () => { throw new Error('replaced'); } });
      await nest(a, b);
      out.push(await nest(b, a), lockdep.reports().length);`;
    assert.deepEqual(printedBy('', body), ['done', 1]);
  });

  it('are not there on a runtime without that module, and all else is', () => {
    const body = `lockdep.subscribe(({ type }) => out.push(type)); await nest(a, b);`;
    const without = [
      'process.getBuiltinModule = () => undefined;',
      'Object.defineProperty(process, "getBuiltinModule", { value: undefined });',
    ];
    for (const prelude of without) assert.deepEqual(printedBy(prelude, body), ['class', 'class', 'edge']);
  });
});
