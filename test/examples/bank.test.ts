import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openDatabase, type Database } from '../../examples/bank/db.js';
import { runLoad } from '../../examples/bank/load.js';
import { startBank, type BankOptions } from '../../examples/bank/server.js';
import { settle } from '../../examples/bank/settlement.js';
import { settle as settleFixed } from '../../examples/bank/settlement-fixed.js';

interface Answer {
  status: number;
  body: unknown;
}

describe('the bank example', () => {
  let db: Database;
  // One engine for all tests, since starting it is the slow part. Every bank starts with empty tables of its own.
  before(async () => {
    db = await openDatabase();
  });
  after(() => db.close());

  type Call = (method: string, path: string, body?: unknown) => Promise<Answer>;

  async function withBank(settlement: BankOptions['settle'], use: (call: Call, url: string) => Promise<void>) {
    const bank = await startBank({ db, settle: settlement });
    try {
      await use(async (method, path, body) => {
        const signal = AbortSignal.timeout(5_000);
        const init = body === undefined ? { method, signal } : { method, signal, body: JSON.stringify(body) };
        const response = await fetch(bank.url + path, init);
        return { status: response.status, body: await response.json() };
      }, bank.url);
    } finally {
      await bank.close();
    }
  }

  async function openThree(call: Call) {
    for (const id of ['ann', 'bob', 'eve']) {
      assert.deepEqual(await call('PUT', `/accounts/${id}`, { deposit: 1_000 }), {
        status: 200,
        body: { id, balance: 1_000 },
      });
    }
  }

  async function balances(call: Call): Promise<Record<string, number>> {
    const { body } = await call('GET', '/accounts');
    return Object.fromEntries((body as { id: string; balance: number }[]).map(({ id, balance }) => [id, balance]));
  }

  for (const [name, settlement] of [
    ['settlement as first written', settle],
    ['fixed settlement', settleFixed],
  ] as const) {
    describe(name, () => {
      it('moves money by transfers, charges the senders at night, and passes the audit', () =>
        withBank(settlement, async (call) => {
          await openThree(call);
          assert.deepEqual(await call('POST', '/transfers', { from: 'ann', to: 'bob', amount: 250 }), {
            status: 200,
            body: { seq: 4 },
          });
          await call('POST', '/transfers', { from: 'ann', to: 'eve', amount: 50 });
          await call('POST', '/transfers', { from: 'bob', to: 'ann', amount: 1 });
          assert.deepEqual(await balances(call), { '@fees': 0, ann: 701, bob: 1_249, eve: 1_050 });

          assert.deepEqual(await call('POST', '/admin/settlement'), { status: 200, body: { accounts: 2, fees: 6 } });
          assert.deepEqual(await balances(call), { '@fees': 6, ann: 697, bob: 1_247, eve: 1_050 });
          assert.deepEqual(await call('GET', '/audit'), {
            status: 200,
            body: { seq: 8, total: 3_000, chainIntact: true, balancesAgree: true },
          });

          // A transfer is charged for once.
          assert.deepEqual(await call('POST', '/admin/settlement'), { status: 200, body: { accounts: 0, fees: 0 } });
        }));

      it('does not overdraw an account by a fee', () =>
        withBank(settlement, async (call) => {
          await openThree(call);
          await call('POST', '/transfers', { from: 'ann', to: 'bob', amount: 999 });
          await call('POST', '/admin/settlement');
          assert.deepEqual(await balances(call), { '@fees': 1, ann: 0, bob: 1_999, eve: 1_000 });
        }));

      it('serves its load without a failed request', () =>
        withBank(settlement, async (_call, url) => {
          const lines: string[] = [];
          assert.deepEqual(await runLoad({ url, say: (line) => lines.push(line) }), []);
          assert.equal(lines.length, 8);
        }));
    });
  }

  it('answers settlements, audits and transfers at the same time once the settlement is fixed', () =>
    withBank(settleFixed, async (call) => {
      await openThree(call);
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, index) => {
          if (index % 10 === 4) return call('POST', '/admin/settlement');
          if (index % 10 === 9) return call('GET', '/audit');
          return call('POST', '/transfers', { from: index % 2 ? 'ann' : 'bob', to: 'eve', amount: 3 });
        }),
      );
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
      const total = Object.values(await balances(call)).reduce((sum, balance) => sum + balance);
      assert.equal(total, 3_000);
    }));

  it('refuses what it cannot do, and changes nothing', () =>
    withBank(settle, async (call) => {
      await openThree(call);
      for (const [status, method, path, body] of [
        [409, 'POST', '/transfers', { from: 'ann', to: 'bob', amount: 1_001 }],
        [404, 'POST', '/transfers', { from: 'ann', to: 'nobody', amount: 1 }],
        [404, 'POST', '/transfers', { from: 'nobody', to: 'ann', amount: 1 }],
        [400, 'POST', '/transfers', { from: 'ann', to: 'bob', amount: -1 }],
        [400, 'POST', '/transfers', { from: 'ann', to: 'bob', amount: 0.5 }],
        [400, 'POST', '/transfers', { from: 'ann', to: '@fees', amount: 1 }],
        [400, 'POST', '/transfers', { to: 'bob', amount: 1 }],
        [400, 'POST', '/transfers', 'money'],
        [400, 'POST', '/transfers', undefined],
        [413, 'POST', '/transfers', { from: 'ann', to: 'bob', amount: 1, note: '.'.repeat(100_000) }],
        [409, 'PUT', '/accounts/ann', { deposit: 5 }],
        [400, 'PUT', '/accounts/Ann', { deposit: 5 }],
        [404, 'GET', '/accounts/nobody', undefined],
        [404, 'GET', '/vault', undefined],
      ] as const) {
        const answer = await call(method, path, body);
        assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(body)?.slice(0, 80)}`);
        assert.equal(typeof (answer.body as { error?: unknown }).error, 'string');
      }
      assert.deepEqual(await balances(call), { '@fees': 0, ann: 1_000, bob: 1_000, eve: 1_000 });
      const { body } = await call('GET', '/audit');
      assert.deepEqual(body, { seq: 3, total: 3_000, chainIntact: true, balancesAgree: true });
    }));

  it('sees in the audit that the tables were tampered with', () =>
    withBank(settle, async (call) => {
      await openThree(call);
      await db.query(`UPDATE accounts SET balance = balance + 1 WHERE id = 'eve'`);
      await db.query('UPDATE journal SET amount = amount + 1 WHERE seq = 2');
      const { body } = await call('GET', '/audit');
      assert.deepEqual(body, { seq: 3, total: 3_001, chainIntact: false, balancesAgree: false });
    }));

  it('rolls a failed transaction back, and the connection stays usable', async () => {
    await db.query('DROP TABLE IF EXISTS scratch');
    await db.query('CREATE TABLE scratch (n integer NOT NULL)');
    await assert.rejects(
      db.transaction(async (query) => {
        await query('INSERT INTO scratch (n) VALUES ($1)', [1]);
        await query('INSERT INTO scratch (n) VALUES ($1)', [null]);
      }),
      /null/i,
    );
    assert.equal((await db.query('SELECT n FROM scratch')).length, 0);
    await db.query('DROP TABLE scratch');
  });
});
