import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Accounts } from './accounts.js';
import { Auditor } from './audit.js';
import type { Database } from './db.js';
import type { Settlement } from './fees.js';
import { Ledger } from './ledger.js';
import { Refusal } from './refusal.js';

export interface BankOptions {
  readonly db: Database;
  readonly settle: (accounts: Accounts, ledger: Ledger) => Promise<Settlement>;
}

export interface Bank {
  readonly url: string;
  /** Finishes the requests under way, then stops. The database stays open: it is the caller's. */
  close(): Promise<void>;
}

/** Sets up an empty bank in `db` and serves it on a free port of the loopback interface. */
export async function startBank({ db, settle }: BankOptions): Promise<Bank> {
  for (const table of ['settlements', 'journal', 'accounts']) await db.query(`DROP TABLE IF EXISTS ${table}`);
  const ledger = new Ledger(db);
  const accounts = new Accounts(db, ledger);
  const auditor = new Auditor(accounts, ledger);
  await ledger.create();
  await accounts.create();

  async function route(request: IncomingMessage): Promise<unknown> {
    const { method, url = '' } = request;
    const [id] = /(?<=^\/accounts\/)[^/]+$/.exec(url) ?? [];
    if (method === 'GET' && url === '/accounts') return accounts.list();
    if (method === 'GET' && id !== undefined) return accounts.find(accountName(id));
    if (method === 'PUT' && id !== undefined) {
      const { deposit } = await readJson(request);
      return accounts.open(accountName(id), cents(deposit));
    }
    if (method === 'POST' && url === '/transfers') {
      const { from, to, amount } = await readJson(request);
      return { seq: await accounts.transfer(accountName(from), accountName(to), cents(amount)) };
    }
    if (method === 'GET' && url === '/audit') return auditor.report();
    if (method === 'POST' && url === '/admin/settlement') return settle(accounts, ledger);
    throw new Refusal(404, `no route ${method} ${url}`);
  }

  const server = createServer((request, response) => {
    void answer(route(request)).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(result: Promise<unknown>): Promise<{ status: number; body: unknown }> {
  try {
    return { status: 200, body: await result };
  } catch (error) {
    if (error instanceof Refusal) return { status: error.status, body: { error: error.message } };
    console.error(error);
    return { status: 500, body: { error: 'internal error' } };
  }
}

/** Characters. */
const MAX_BODY = 10_000;

type Fields = Readonly<Partial<Record<'deposit' | 'from' | 'to' | 'amount', unknown>>>;

async function readJson(request: IncomingMessage): Promise<Fields> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    // Read to the end all the same: a client that is still sending would not see the answer.
    if (text.length <= MAX_BODY) text += chunk;
  }
  if (text.length > MAX_BODY) throw new Refusal(413, 'the body is too long');
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) return body;
  } catch {
    // Not JSON: refused below, as JSON that is not an object is.
  }
  throw new Refusal(400, 'the body must be a JSON object');
}

function accountName(value: unknown): string {
  if (typeof value === 'string' && /^[a-z0-9-]{1,32}$/.test(value)) return value;
  throw new Refusal(400, 'an account is named by 1 to 32 of a-z, 0-9 and -');
}

function cents(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 1_000_000_00) return value;
  throw new Refusal(400, 'an amount is a whole number of cents, from 1 to 100000000');
}
