import type { Account } from './accounts.js';
import type { AuditReport } from './audit.js';
import type { Settlement } from './fees.js';

const ACCOUNTS = 12;
const DEPOSIT = 100_00;
/** Requests under way at a time. */
const CLIENTS = 6;

export interface LoadOptions {
  readonly url: string;
  readonly say: (line: string) => void;
  /** Let customers pay during the settlement too. */
  readonly collide?: boolean;
}

/**
 * Two days in the life of the bank, over HTTP: customers pay each other by day, auditors come in the evening, and the
 * settlement runs at night, when nobody pays anybody. Resolves to what went wrong: nothing, one hopes.
 */
export async function runLoad({ url, say, collide = false }: LoadOptions): Promise<string[]> {
  const problems: string[] = [];
  let ok = 0;

  async function call<Body>(method: string, path: string, body?: object): Promise<Body> {
    const response = await fetch(url + path, {
      method,
      ...(body && { body: JSON.stringify(body) }),
      // No request takes this long. A service that hangs must not hang its client.
      signal: AbortSignal.timeout(5_000),
    });
    const answer = (await response.json()) as Body;
    if (response.status === 200) ok += 1;
    else problems.push(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Sends `count` requests from a handful of clients, then checks that no cent was lost. */
  async function phase(name: string, count: number, send: (index: number) => Promise<unknown>): Promise<void> {
    let next = 0;
    ok = 0;
    const client = async (): Promise<void> => {
      while (next < count) await send(next++);
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    const good = ok;

    const accounts = await call<Account[]>('GET', '/accounts');
    const total = accounts.reduce((sum, { balance }) => sum + balance, 0);
    if (total !== ACCOUNTS * DEPOSIT) problems.push(`after ${name} the total is ${total}`);
    say(`  ${name.padEnd(17)} ${String(count).padStart(4)} requests, ${good} ok, total of balances ${total}`);
  }

  const random = sequence(7);
  const pay = (): Promise<unknown> => {
    const from = random(ACCOUNTS);
    const to = (from + 1 + random(ACCOUNTS - 1)) % ACCOUNTS;
    return call('POST', '/transfers', { from: accountName(from), to: accountName(to), amount: 1 + random(50) });
  };
  const audit = async (): Promise<void> => {
    const { chainIntact, balancesAgree } = await call<AuditReport>('GET', '/audit');
    if (!chainIntact || !balancesAgree) problems.push('the audit found a discrepancy');
  };
  const settle = async (): Promise<void> => {
    const { fees } = await call<Settlement>('POST', '/admin/settlement');
    if (!(fees > 0)) problems.push('the settlement charged nothing');
  };

  await phase('accounts', ACCOUNTS, (index) => call('PUT', `/accounts/${accountName(index)}`, { deposit: DEPOSIT }));
  for (const day of ['Monday', 'Tuesday']) {
    await phase(`${day} payments`, 120, pay);
    await phase(`${day} audit`, 12, audit);
    if (collide) await phase(`${day} rush`, 40, (index) => (index === 20 ? settle() : pay()));
    else await phase(`${day} night`, 1, settle);
  }
  await phase('closing audit', 1, audit);
  return problems;
}

function accountName(index: number): string {
  return `customer-${index + 1}`;
}

/** Random-looking integers below a limit, the same in every run. */
function sequence(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % limit;
  };
}
