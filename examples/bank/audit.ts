import { Mutex } from 'async-mutex';
import type { Account, Accounts } from './accounts.js';
import { chain, type Entry, type Ledger } from './ledger.js';

export interface AuditReport {
  /** Number of the newest entry that was audited. */
  readonly seq: number;
  readonly total: number;
  /** Every hash follows from the entry before it. */
  readonly chainIntact: boolean;
  /** Every balance is what the journal says it should be. */
  readonly balancesAgree: boolean;
}

export class Auditor {
  readonly #accounts: Accounts;
  readonly #ledger: Ledger;
  /** Many may ask for the report at once; one of them works it out. */
  readonly #reportLock = new Mutex();
  #report: AuditReport | undefined;

  constructor(accounts: Accounts, ledger: Ledger) {
    this.#accounts = accounts;
    this.#ledger = ledger;
  }

  report(): Promise<AuditReport> {
    return this.#reportLock.runExclusive(async () => {
      if (this.#report?.seq !== this.#ledger.seq) this.#report = await this.#audit();
      return this.#report;
    });
  }

  /** Balances and journal must be of the same moment, so both stand still. */
  #audit(): Promise<AuditReport> {
    return this.#accounts.whileFrozen(() =>
      this.#ledger.whileClosed(async (books) => {
        const accounts = await this.#accounts.list();
        const entries = await books.entries();
        return {
          seq: this.#ledger.seq,
          total: accounts.reduce((sum, { balance }) => sum + balance, 0),
          chainIntact: isIntact(entries),
          balancesAgree: agree(accounts, entries),
        };
      }),
    );
  }
}

function isIntact(entries: readonly Entry[]): boolean {
  const expected = chain({ seq: 0, hash: '' }, entries);
  return entries.every(({ seq, hash }, index) => seq === expected[index]?.seq && hash === expected[index].hash);
}

function agree(accounts: readonly Account[], entries: readonly Entry[]): boolean {
  const balances = new Map<string, number>();
  for (const { debit, credit, amount } of entries) {
    balances.set(debit, (balances.get(debit) ?? 0) - amount);
    balances.set(credit, (balances.get(credit) ?? 0) + amount);
  }
  return accounts.every(({ id, balance }) => balance === (balances.get(id) ?? 0));
}
