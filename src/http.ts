/** A page of a program's own server about its locks: `lockdepHandler`. */
import { lockdep } from './index.js';
import { respond, type DebugRequest, type DebugResponse } from './api/debug-page.js';

export type { DebugRequest, DebugResponse } from './api/debug-page.js';

/**
 * Answers a request of a server of Node's (or of Express and the like) with who holds what and who waits for whom in this process, as text, as
 * JSON (`lockdep.waits()`), or as a small page: whichever of these the client accepts, or `?format=text|json|html` says. `?limit=50` and
 * `?group=false` are those of `lockdep.showAllLocks`. It looks at no path, and asks nobody for a password: mount it where only you come.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 *
 * const server = createServer((request, response) => {
 *   if (request.url?.startsWith('/debug/lockdep')) lockdepHandler(request, response);
 *   else response.end('hello');
 * });
 * server.close();
 * ```
 */
export function lockdepHandler(request: DebugRequest, response: DebugResponse): void {
  respond(lockdep, request, response);
}
