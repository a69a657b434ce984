// The bank and a client in one process: `node build/examples/bank/main.js [--fixed] [--collide]`.
import { openDatabase } from './db.js';
import { runLoad } from './load.js';
import { startBank } from './server.js';
import { settle } from './settlement.js';
import { settle as settleFixed } from './settlement-fixed.js';

/** EX_SOFTWARE of sysexits.h: not an exit code that Node itself or a tool around it would use. */
const LOAD_FAILED = 70;

const fixed = process.argv.includes('--fixed');
const db = await openDatabase();
const bank = await startBank({ db, settle: fixed ? settleFixed : settle });
console.log(`bank: ${fixed ? 'fixed settlement' : 'settlement as first written'}, ${db.engine}, ${bank.url}`);
try {
  const problems = await runLoad({
    url: bank.url,
    say: console.log,
    collide: process.argv.includes('--collide'),
  });
  for (const problem of problems) console.error(`bank: ${problem}`);
  if (problems.length > 0) process.exitCode = LOAD_FAILED;
  else console.log('bank: every request succeeded');
} catch (error) {
  // The service did not answer in time, or not at all.
  console.error(`bank: the load did not finish: ${String(error)}`);
  process.exitCode = LOAD_FAILED;
} finally {
  await bank.close();
  await db.close();
}
