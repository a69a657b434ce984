import type { Accounts } from './accounts.js';
import { chargeFees, type Settlement } from './fees.js';
import type { Ledger } from './ledger.js';

/** The nightly settlement: balances first, then the books, in the order in which a transfer takes them. */
export function settle(accounts: Accounts, ledger: Ledger): Promise<Settlement> {
  return accounts.whileFrozen(() => ledger.whileClosed((books) => chargeFees(accounts, books)));
}
