/** The part of `lockdep ps`, `pstree` and `top` that is loaded only for them: the ways to ask, and the texts. */
import { asking, type Ask, type AskOptions } from '../attach/ask.js';
import { readAbout, readTable, type About } from '../attach/diagnosis.js';
import type { WaitTable } from '../report/wait-data.js';
import { waitTree } from '../report/wait-tree.js';
import { waitTreeText } from '../report/wait-tree-text.js';
import { psText, summaryText } from './ps-text.js';

export { asking };

export interface Seen {
  readonly table: WaitTable;
  readonly about: About;
}

export interface Shown {
  readonly json: boolean;
  readonly limit: number;
}

/** Throws an AttachError where the process can not be asked. */
export function look(pid: number, options: AskOptions): Promise<Seen> {
  return asking(pid, options, ask);
}

export async function ask(question: Ask): Promise<Seen> {
  return { about: readAbout(await question('about')), table: readTable(await question('waits')) };
}

export function showTable({ table, about }: Seen, { json, limit }: Shown): string {
  return json ? `${JSON.stringify(table)}\n` : psText(table, about, limit);
}

export function showTree({ table, about }: Seen, { json, limit }: Shown): string {
  const tree = waitTree(table);
  if (json) return `${JSON.stringify(tree)}\n`;
  return `process ${table.pid}: ${summaryText(table, about)}\n${waitTreeText(tree, limit)}\n`;
}
