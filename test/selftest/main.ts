/** `npm run selftest`: prints the table of the suite. Exit code 1 if a case fails. */
import { CASES, NOT_YET } from './cases.js';
import { runCase } from './run-case.js';
import { formatTable, type Verdict } from './table.js';

const verdicts: Verdict[] = [];
for (const one of CASES) verdicts.push({ case: one, passed: (await runCase(one)).passed });
const { text, failed } = formatTable(verdicts, NOT_YET);
process.stdout.write(`${text}\n`);
if (failed > 0) process.exitCode = 1;
