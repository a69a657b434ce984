/** The project's documents, as the tests of them read them. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** From build/test/docs/ up to the project. */
export const projectUrl: URL = new URL('../../../', import.meta.url);

export interface Document {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export function readDocument(path: string): Document {
  return { path, text: readFileSync(new URL(path, projectUrl), 'utf8') };
}

/** README.md and everything under docs/. */
export function documents(): Document[] {
  const names = readdirSync(fileURLToPath(new URL('docs/', projectUrl)), { recursive: true, encoding: 'utf8' });
  const paths = names.map((name) => `docs/${name.replaceAll('\\', '/')}`).filter((path) => path.endsWith('.md'));
  return ['README.md', ...paths.sort()].map(readDocument);
}

/** A fenced block: what stands behind its fence, and its lines. */
export interface Fence {
  readonly info: string;
  readonly text: string;
  /** The line that it begins on, from 1. */
  readonly line: number;
}

export function fences(text: string): Fence[] {
  const found: Fence[] = [];
  let open: { info: string; lines: string[]; line: number } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined) open = { info: (fence[1] ?? '').trim(), lines: [], line: index + 1 };
    else {
      found.push({ info: open.info, text: open.lines.join('\n'), line: open.line });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`the block that begins on line ${open.line} has no end`);
  return found;
}

/** The text without its fenced blocks, in which nothing is a link or a heading. Lines keep their numbers. */
export function proseOf(text: string): string {
  return text.replace(/^```[^]*?^```$/gm, (block) => block.replace(/[^\n]/g, ''));
}

/** The part under the heading `## name`, up to the next heading of that level. */
export function sectionOf({ path, text }: Document, name: string): string {
  const sections = proseOf(text).split(/^## /m);
  const found = sections.find((section) => section.split('\n', 1)[0] === name);
  if (found === undefined) throw new Error(`${path} has no section ${name}`);
  return found;
}

/** The names of the headings as links to them spell those. */
export function anchors(text: string): string[] {
  const headings = proseOf(text).matchAll(/^#{1,6} (.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}
