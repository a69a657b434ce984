import type { Accounts } from './accounts.js';
import { chargeFees, type Settlement } from './fees.js';
import type { Ledger } from './ledger.js';

/** The nightly settlement: close the books, so that the day stands still while it is added up, then charge the fees. */
export function settle(accounts: Accounts, ledger: Ledger): Promise<Settlement> {
  return ledger.whileClosed((books) => accounts.whileFrozen(() => chargeFees(accounts, books)));
}
