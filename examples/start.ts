// `npm start`: runs the bank as its author would, then under lockdep, then the bank with the fix under lockdep.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = new URL('.', import.meta.resolve('lockdep/package.json'));
const cli = fileURLToPath(new URL('dist/cli/main.js', root));
const bank = fileURLToPath(new URL('build/examples/bank/main.js', root));
// Some versions of Node warn that their node:sqlite is experimental, which is not the subject here.
const env = {
  ...process.env,
  NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --disable-warning=ExperimentalWarning`,
};
const underLockdep = [cli, 'run', '--', bank];

console.log('A bank served over HTTP, with its locks from plain async-mutex. Its client checks every answer.');
await step('The bank by itself:', [bank], 0);
say('Every request succeeded, nothing hung, and the exit code was 0. A test suite would be content.');

await step('The same program under `lockdep run`, not edited:', underLockdep, 1);
say(
  'Every request succeeded again, but the exit code was 1: a transfer takes the accounts lock and then the ledger',
  'lock, the settlement takes them the other way round, and one night the two will meet. The report shows where.',
);

await step('The bank with the settlement fixed, under `lockdep run`:', [...underLockdep, '--fixed'], 0);
say('One order everywhere: nothing to report, and the exit code was 0.');

/** Runs node on `args`; ends this process with code 1 if it does not exit with the expected code. */
async function step(title: string, args: string[], expected: number): Promise<void> {
  console.log(`\n--- ${title}\n`);
  const child = spawn(process.execPath, args, { stdio: 'inherit', timeout: 30_000, env });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (code === expected) return;
  console.error(`\nnpm start: expected exit code ${expected}, got ${code ?? signal}. Was the package built?`);
  process.exit(1);
}

function say(...lines: string[]): void {
  console.log(`\n${lines.join('\n')}`);
}
