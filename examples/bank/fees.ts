import { FEES, moveMoney, type Accounts } from './accounts.js';
import type { ClosedLedger, Posting } from './ledger.js';

/** Cents for each transfer sent. */
const FEE = 2;

export interface Settlement {
  readonly accounts: number;
  readonly fees: number;
}

/** Charges every sender for the transfers since the last settlement. Balances are frozen and the books are closed. */
export async function chargeFees(accounts: Accounts, books: ClosedLedger): Promise<Settlement> {
  const balances = new Map((await accounts.list()).map(({ id, balance }) => [id, balance]));
  const fees: Posting[] = [];
  for (const { account, transfers } of await books.transfersSinceSettlement()) {
    // A customer is never overdrawn by a fee.
    const amount = Math.min(transfers * FEE, balances.get(account) ?? 0);
    if (amount > 0) fees.push({ kind: 'fee', debit: account, credit: FEES, amount });
  }
  await books.append(fees, async (query) => {
    await moveMoney(query, fees);
    await query('INSERT INTO settlements (seq) SELECT coalesce(max(seq), 0) FROM journal');
  });
  return { accounts: fees.length, fees: fees.reduce((sum, { amount }) => sum + amount, 0) };
}
