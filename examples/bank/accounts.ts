import { Mutex } from 'async-mutex';
import type { Database, Query } from './db.js';
import type { Ledger, Posting } from './ledger.js';
import { Refusal } from './refusal.js';

export interface Account {
  readonly id: string;
  readonly balance: number;
}

/** Where fees go. Customers cannot open it: their account names have no `@`. */
export const FEES = '@fees';
/** Where deposits come from: a name for the journal, not an account. */
const OUTSIDE = '@outside';

export class Accounts {
  readonly #db: Database;
  readonly #ledger: Ledger;
  /** Guards balances: a balance that was checked must still be the balance when the money moves. */
  readonly #accountsLock = new Mutex();

  constructor(db: Database, ledger: Ledger) {
    this.#db = db;
    this.#ledger = ledger;
  }

  async create(): Promise<void> {
    await this.#db.query('CREATE TABLE accounts (id text PRIMARY KEY, balance integer NOT NULL CHECK (balance >= 0))');
    await this.#db.query('INSERT INTO accounts (id, balance) VALUES ($1, 0)', [FEES]);
  }

  list(): Promise<Account[]> {
    return this.#db.query('SELECT id, balance FROM accounts ORDER BY id');
  }

  async find(id: string): Promise<Account> {
    const [account] = await this.#db.query<Account>('SELECT id, balance FROM accounts WHERE id = $1', [id]);
    if (account === undefined) throw new Refusal(404, `no account ${id}`);
    return account;
  }

  /** Opens an account with a first deposit. */
  open(id: string, amount: number): Promise<Account> {
    return this.#accountsLock.runExclusive(async () => {
      const taken = await this.#db.query('SELECT id FROM accounts WHERE id = $1', [id]);
      if (taken.length > 0) throw new Refusal(409, `account ${id} exists`);
      const deposit: Posting = { kind: 'deposit', debit: OUTSIDE, credit: id, amount };
      await this.#ledger.post([deposit], async (query) => {
        await query('INSERT INTO accounts (id, balance) VALUES ($1, 0)', [id]);
        await moveMoney(query, [deposit]);
      });
      return this.find(id);
    });
  }

  /** Resolves to the number of the journal entry. */
  transfer(from: string, to: string, amount: number): Promise<number> {
    return this.#accountsLock.runExclusive(async () => {
      const { balance } = await this.find(from);
      await this.find(to);
      if (balance < amount) throw new Refusal(409, `account ${from} has ${balance}, not ${amount}`);
      const transfer: Posting = { kind: 'transfer', debit: from, credit: to, amount };
      return this.#ledger.post([transfer], (query) => moveMoney(query, [transfer]));
    });
  }

  /** Holds every balance where it is until `work` is done. */
  async whileFrozen<Result>(work: () => Promise<Result>): Promise<Result> {
    const thaw = await this.#accountsLock.acquire();
    try {
      return await work();
    } finally {
      thaw();
    }
  }
}

/** Applies postings to the balances, within the transaction that writes them to the journal. */
export async function moveMoney(query: Query, postings: readonly Posting[]): Promise<void> {
  for (const { debit, credit, amount } of postings) {
    await query('UPDATE accounts SET balance = balance - $2 WHERE id = $1', [debit, amount]);
    await query('UPDATE accounts SET balance = balance + $2 WHERE id = $1', [credit, amount]);
  }
}
