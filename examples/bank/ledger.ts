import { createHash } from 'node:crypto';
import { Mutex } from 'async-mutex';
import type { Database, Query } from './db.js';

export type Kind = 'deposit' | 'transfer' | 'fee';

/** Money moved from one account to another, in cents. */
export interface Posting {
  readonly kind: Kind;
  readonly debit: string;
  readonly credit: string;
  readonly amount: number;
}

export interface Entry extends Posting {
  readonly seq: number;
  /** Digest of this entry and of the hash before it: a journal that was tampered with no longer adds up. */
  readonly hash: string;
}

/** What may be done with the journal while nobody else can post to it. */
export interface ClosedLedger {
  append(postings: readonly Posting[], alongside: (query: Query) => Promise<void>): Promise<number>;
  entries(): Promise<Entry[]>;
  transfersSinceSettlement(): Promise<{ account: string; transfers: number }[]>;
}

/** The journal: append-only, every entry chained to the one before it. */
export class Ledger {
  readonly #db: Database;
  /** Guards the end of the chain: two entries must never follow the same one. */
  readonly #ledgerLock = new Mutex();
  #last: { seq: number; hash: string } = { seq: 0, hash: '' };

  constructor(db: Database) {
    this.#db = db;
  }

  async create(): Promise<void> {
    await this.#db.query(`CREATE TABLE journal (
      seq integer PRIMARY KEY, kind text NOT NULL, debit text NOT NULL, credit text NOT NULL,
      amount integer NOT NULL CHECK (amount > 0), hash text NOT NULL)`);
    await this.#db.query('CREATE TABLE settlements (seq integer NOT NULL)');
  }

  /** Number of the newest entry. */
  get seq(): number {
    return this.#last.seq;
  }

  /** Writes the postings down and runs `alongside` in the same transaction. Resolves to the newest entry's number. */
  post(postings: readonly Posting[], alongside: (query: Query) => Promise<void>): Promise<number> {
    return this.#ledgerLock.runExclusive(() => this.#append(postings, alongside));
  }

  /** Holds back every posting until `work` is done with the journal. */
  async whileClosed<Result>(work: (books: ClosedLedger) => Promise<Result>): Promise<Result> {
    const reopen = await this.#ledgerLock.acquire();
    try {
      return await work({
        append: (postings, alongside) => this.#append(postings, alongside),
        entries: () => this.#db.query<Entry>('SELECT * FROM journal ORDER BY seq'),
        transfersSinceSettlement: () =>
          this.#db.query(`SELECT debit AS account, count(*) AS transfers FROM journal
            WHERE kind = 'transfer' AND seq > (SELECT coalesce(max(seq), 0) FROM settlements)
            GROUP BY debit ORDER BY debit`),
      });
    } finally {
      reopen();
    }
  }

  async #append(postings: readonly Posting[], alongside: (query: Query) => Promise<void>): Promise<number> {
    const entries = chain(this.#last, postings);
    await this.#db.transaction(async (query) => {
      for (const { seq, kind, debit, credit, amount, hash } of entries) {
        await query('INSERT INTO journal (seq, kind, debit, credit, amount, hash) VALUES ($1, $2, $3, $4, $5, $6)', [
          seq,
          kind,
          debit,
          credit,
          amount,
          hash,
        ]);
      }
      await alongside(query);
    });
    // Only now: had the transaction been rolled back, the chain would still end where it did.
    this.#last = entries.at(-1) ?? this.#last;
    return this.#last.seq;
  }
}

/** The postings as entries that continue the chain after `last`. */
export function chain(last: { seq: number; hash: string }, postings: readonly Posting[]): Entry[] {
  let { seq, hash } = last;
  return postings.map(({ kind, debit, credit, amount }) => {
    seq += 1;
    hash = createHash('sha256')
      .update(JSON.stringify([hash, seq, kind, debit, credit, amount]))
      .digest('hex');
    return { seq, kind, debit, credit, amount, hash };
  });
}
