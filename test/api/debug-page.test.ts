import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { respond, type DebugRequest } from '../../src/api/debug-page.js';
import type { Lockdep } from '../../src/api/lockdep.js';
import { lockdepHandler } from '../../src/http.js';
import { createLockdep } from '../../src/testing.js';
import { settle } from '../support/harness.js';

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string | undefined;
}

function ask(lockdep: Lockdep, request: Partial<DebugRequest> = {}): Answer {
  let [status, headers, text]: [number, Record<string, string>, string | undefined] = [0, {}, undefined];
  respond(
    lockdep,
    { headers: {}, ...request },
    {
      writeHead: (code, fields) => ([status, headers] = [code, fields]),
      end: (body) => (text = body),
    },
  );
  return { status, headers, text };
}

describe('an answer about the locks of a process', () => {
  const { lockdep, Mutex } = createLockdep();
  const mutex = new Mutex({ class: 'accounts <b>"&' });
  const started = (async () => {
    void mutex.runExclusive(() => new Promise(() => {}));
    void mutex.runExclusive(() => undefined);
    await settle();
  })();

  for (const [situation, request, type, mark] of [
    ['text for a client that takes anything', { headers: { accept: '*/*' } }, 'text/plain', /^waiting accounts/m],
    [
      'a page for a browser',
      { headers: { accept: 'text/html,application/xml;q=0.9,*/*;q=0.8' } },
      'text/html',
      /<h2>By flow/,
    ],
    ['JSON for one that wants it', { headers: { accept: 'application/json' } }, 'application/json', /^\{"version":1/],
    [
      'what it likes best',
      { headers: { accept: 'text/html;q=0.1, application/json;q=0.5' } },
      'application/json',
      /^\{/,
    ],
    ['what the query says', { url: '/x?format=json', headers: { accept: 'text/html' } }, 'application/json', /^\{/],
    ['as many lines as the query says', { url: '/x?limit=1&group=false' }, 'text/plain', /^\.\.\. and 1 more$/m],
  ] as const) {
    it(`is ${situation}`, async () => {
      await started;
      const { status, headers, text } = ask(lockdep, request);
      assert.equal(status, 200);
      assert.equal(headers['content-type'], `${type}; charset=utf-8`);
      assert.equal(headers['cache-control'], 'no-store');
      assert.match(text ?? '', mark);
    });
  }
  it('has no mark-up of the program on the page, and no script', async () => {
    await started;
    const { headers, text = '' } = ask(lockdep, { url: '?format=html' });
    assert.match(text, /accounts &lt;b&gt;&quot;&amp;/);
    assert.doesNotMatch(text, /<b>|<script/);
    assert.match(headers['content-security-policy'] ?? '', /^default-src 'none'/);
  });
  it('is without a body for HEAD', () => {
    const { status, text } = ask(lockdep, { method: 'HEAD' });
    assert.deepEqual([status, text], [200, undefined]);
  });
  it('refuses what would change something', () => {
    const { status, headers } = ask(lockdep, { method: 'POST' });
    assert.deepEqual([status, headers['allow']], [405, 'GET, HEAD']);
  });
  for (const [query, complaint] of [
    ['format=xml', 'format must be text, json or html, got "xml"\n'],
    ['limit=0', 'limit must be a whole number from 1, got "0"\n'],
    ['limit=1e9', 'limit must be a whole number from 1, got "1e9"\n'],
    ['group=maybe', 'group must be true or false, got "maybe"\n'],
    ['format=constructor', 'format must be text, json or html, got "constructor"\n'],
  ] as const) {
    it(`says what is wrong with ?${query}`, () => {
      const { status, text } = ask(lockdep, { url: `/debug/lockdep?${query}` });
      assert.deepEqual([status, text], [400, complaint]);
    });
  }
  it('says that the mode is off', () => {
    const off = createLockdep({ mode: 'off' });
    assert.match(ask(off.lockdep).text ?? '', /mode off, .*\nlockdep is off: no lock is followed\n$/);
    assert.doesNotMatch(ask(off.lockdep, { url: '?format=html' }).text ?? '', /By flow/);
  });
  it('is an error of the response, and no failure of the server, where it can not be made', () => {
    const showAllLocks = (): never => {
      throw new Error('broken');
    };
    const broken = { mode: 'warn', showAllLocks, waits: () => ({ at: 0 }) } as unknown as Lockdep;
    const warned = once(process, 'warning');
    assert.equal(ask(broken).status, 500);
    return warned.then(([warning]) => assert.equal((warning as { code?: string }).code, 'LOCKDEP_HTTP_FAILED'));
  });
});

describe('lockdepHandler', () => {
  const server = createServer((request, response) => lockdepHandler(request, response));
  after(() => server.close());

  it('answers a request of a server of Node', async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const reply = await fetch(`http://127.0.0.1:${port}/debug/lockdep`, { headers: { accept: 'text/html' } });
    assert.equal(reply.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.match(await reply.text(), /^<!doctype html>/);
  });
});
