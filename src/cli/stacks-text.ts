/** The text of `lockdep stacks`: groups of equal stacks like those of a goroutine dump, then what could not be told. */
import { SAMPLES } from '../attach/positions.js';
import type { LookedAtProcess } from '../attach/look.js';
import type { StackFrame, StackOf, StacksData } from '../attach/stacks-data.js';

/** Untied generators that are listed by name. */
const MAX_UNTIED = 5;

export function stacksText(title: string, data: StacksData): string {
  const { suspended, groups, circles, process } = data;
  const version = process === undefined ? '' : `, Node ${process.version}`;
  const blocks = [
    [`${title}${version}: ${amount(suspended, 'suspended function')}`],
    ...circles.map(({ functions, waiting }) => [
      `${functions.length === 1 ? 'awaits itself' : 'await each other in a circle'}${waiting > 0 ? `, and ${waiting} more wait for that` : ''}:`,
      ...functions.map((frame) => `    ${frameText(frame)}`),
    ]),
    ...groups.map(({ count, waitsFor, stack, unread }) => [
      `${amount(count, 'time')}${waitsFor === '' ? '' : `, waiting for ${waitsFor}`}:`,
      ...stackLines(stack, '    '),
      ...(unread > 0 ? ['', `${unread} more of the same functions, positions not read`] : []),
    ]),
    notes(data),
  ];
  return blocks.map((lines) => `${lines.join('\n')}\n`).join('\n');
}

/** Innermost first. Where several functions await one, each of their stacks stands further in. */
function stackLines(stack: StackOf, indent: string): string[] {
  const lines = [`${indent}${frameText(stack)}`];
  const [only, ...others] = stack.awaitedBy;
  if (only !== undefined && others.length === 0 && only.count === 1)
    return [...lines, ...stackLines(only, indent), ...cut(stack, indent)];
  for (const branch of stack.awaitedBy) {
    lines.push(`${indent}  awaited by ${branch.count}:`, ...stackLines(branch, `${indent}    `));
  }
  return [...lines, ...cut(stack, indent)];
}

const cut = ({ isCut }: StackOf, indent: string): string[] => (isCut === true ? [`${indent}... and more`] : []);

function frameText({ function: name, file, line, column, isAwait }: StackFrame): string {
  if (file === '' || line === 0) return `${name} ${file || '(unknown file)'}`;
  return `${name} ${file}:${line}:${column}${isAwait ? '' : ' (where the function begins)'}`;
}

function notes(data: StacksData): string[] {
  const { untied, hidden, hasTies, suspended, process } = data;
  const lines: string[] = [];
  if (!hasTies) {
    lines.push(
      `not tied together: all ${suspended}; the heap of this V8 is not as known, so who awaits whom can not be told`,
    );
  }
  const generators = untied.reduce((sum, { count }) => sum + count, 0);
  if (generators > 0) {
    const list = untied.slice(0, MAX_UNTIED).map((frame) => `${frame.count} ${frameText(frame)}`);
    lines.push(
      `not tied together: ${amount(generators, 'generator')} (plain ones, or functions compiled to them): ` +
        `${list.join(', ')}${untied.length > list.length ? ', ...' : ''}`,
    );
  }
  if (hidden > 0) lines.push(`not shown: ${amount(hidden, 'stack')} of Node's own functions`);
  if (process === undefined) {
    lines.push('a file tells where functions begin, not at which await they stand');
    return lines;
  }
  if (process.workers !== 0) {
    const which =
      process.workers === undefined ? 'worker threads, if there are any' : amount(process.workers, 'worker thread');
    lines.push(`not looked into: ${which}`);
  }
  lines.push(...positionNotes(data, process));
  return lines;
}

function positionNotes(data: StacksData, process: LookedAtProcess): string[] {
  const { positionsRead: read, positionsUnread: unread, isCut } = data;
  const left = isCut
    ? `; ${unread} not read: the time for it was over (--read-time gives more)`
    : unread > 0
      ? `; ${unread} not read: ${SAMPLES} are read where stacks are alike, or a function has gone on`
      : '';
  return [
    `positions: ${read} read, in ${ms(process.reading)} of at most ${ms(process.readTime)}${left}`,
    `paused the process for ${ms(process.paused)} (heap ${Math.round(process.heapBytes / 1e6)} MB), ` +
      `and in ${amount(read, 'piece')} to read positions`,
  ];
}

const ms = (time: number): string => `${Math.round(time)} ms`;
const amount = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
