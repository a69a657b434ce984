/**
 * The answer to a request for `/debug/lockdep`: the waits of the process as text, JSON or a page.
 *
 * Invariant: only reading methods are answered, nothing is stored by anybody on the way, and the page runs no script and loads nothing. A
 * wrong word in the query is told with 400; what fails is told with 500 and a warning, and is no failure of the server. Cost: that of the table.
 */
import { isoTime } from '../platform/clock.js';
import { describe } from '../platform/describe.js';
import { plain } from '../platform/plain-text.js';
import { errorText, showWarning } from '../platform/warnings.js';
import { waitTree } from '../report/wait-tree.js';
import { waitTreeText } from '../report/wait-tree-text.js';
import type { Lockdep } from './lockdep.js';

/** What is read of a request: that of `node:http` has it. */
export interface DebugRequest {
  /** Its verb: GET and HEAD are answered, another one is refused. */
  readonly method?: string | undefined;
  /** Path and query. */
  readonly url?: string | undefined;
  /** Of which `accept` counts. */
  readonly headers: { readonly accept?: string | readonly string[] | undefined };
}

/** What is done with a response: that of `node:http` can do it. */
export interface DebugResponse {
  /** Begins the response. */
  writeHead(status: number, headers: Record<string, string>): unknown;
  /** Ends it with this text. */
  end(text?: string): unknown;
}

type Format = 'text' | 'json' | 'html';

const TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain',
  json: 'application/json',
  html: 'text/html',
};

/** The page has one style sheet of its own, and nothing else. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const DEFAULT_LIMIT = 200;

interface Query {
  readonly format: Format;
  readonly group: boolean;
  readonly limit: number;
}

export function respond(lockdep: Lockdep, request: DebugRequest, response: DebugResponse): void {
  const isHead = request.method === 'HEAD';
  const send = (status: number, format: Format, text: string, more: Record<string, string> = {}): void => {
    response.writeHead(status, {
      'content-type': `${TYPES[format]}; charset=utf-8`,
      'content-security-policy': POLICY,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      vary: 'accept',
      ...more,
    });
    response.end(isHead ? undefined : text);
  };
  if (!isHead && (request.method ?? 'GET') !== 'GET') {
    send(405, 'text', 'GET or HEAD\n', { allow: 'GET, HEAD' });
    return;
  }
  let query: Query;
  try {
    query = queryOf(request);
  } catch (error) {
    send(400, 'text', `${plain((error as Error).message)}\n`);
    return;
  }
  let text: string;
  try {
    text = bodyOf(lockdep, query);
  } catch (error) {
    showWarning(`the waits could not be told to a client: ${errorText(error)}`, 'LOCKDEP_HTTP_FAILED');
    send(500, 'text', 'the waits could not be told; the process has a warning about it\n');
    return;
  }
  send(200, query.format, text);
}

/** @throws {RangeError} for a word that makes no sense */
function queryOf({ url = '', headers }: DebugRequest): Query {
  const query = new URLSearchParams(url.split('?').slice(1).join('?'));
  const format = query.get('format') ?? preferred(String(headers.accept ?? ''));
  if (!Object.hasOwn(TYPES, format)) throw new RangeError(`format must be text, json or html, got ${describe(format)}`);
  const group = query.get('group') ?? 'true';
  if (group !== 'true' && group !== 'false')
    throw new RangeError(`group must be true or false, got ${describe(group)}`);
  const limit = query.get('limit') ?? String(DEFAULT_LIMIT);
  if (!/^[1-9]\d{0,8}$/.test(limit))
    throw new RangeError(`limit must be a whole number from 1, got ${describe(limit)}`);
  return { format: format as Format, group: group === 'true', limit: Number(limit) };
}

/** What the client likes best; text where it takes anything, as curl does. */
function preferred(accept: string): Format {
  const ranges = accept.split(',').map((each) => {
    const [type = '', ...parameters] = each.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    return { type, quality: quality === undefined ? 1 : Number(quality) || 0 };
  });
  const likes = (format: Format): number => ranges.find(({ type }) => type === TYPES[format])?.quality ?? 0;
  const formats: readonly Format[] = ['text', 'html', 'json'];
  return formats.reduce((best, format) => (likes(format) > likes(best) ? format : best));
}

function bodyOf(lockdep: Lockdep, { format, group, limit }: Query): string {
  if (format === 'json') return JSON.stringify(lockdep.waits());
  const all = lockdep.showAllLocks({ group, limit });
  if (format === 'text') return `${headOf(lockdep)}\n${all}\n`;
  return pageOf(headOf(lockdep), lockdep.mode === 'off' ? '' : waitTreeText(waitTree(lockdep.waits()), limit), all);
}

function headOf(lockdep: Lockdep): string {
  const at = isoTime(lockdep.waits().at);
  const reports = lockdep.mode === 'off' ? 0 : lockdep.reports().length;
  return `process ${process.pid} at ${at}: mode ${lockdep.mode}, tracking ${lockdep.tracking}, ${reports} report${reports === 1 ? '' : 's'}`;
}

function pageOf(head: string, tree: string, all: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>lockdep: who waits for whom</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { margin: 2em auto; max-width: 80em; padding: 0 1em }
pre { overflow: auto; padding: 1em; border: 1px solid; font: 13px/1.5 ui-monospace, monospace }
</style>
</head>
<body>
<h1>Who waits for whom</h1>
<p>${escaped(head)}</p>
${tree === '' ? '' : `<h2>By flow</h2>\n<pre tabindex="0">${escaped(tree)}</pre>\n`}<h2>By lock</h2>
<pre tabindex="0">${escaped(all)}</pre>
<p>As <a href="?format=text">text</a>, as <a href="?format=json">JSON</a></p>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] as string);
}
