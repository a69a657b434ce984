/** The text of locks that are released by another flow than the one that acquired them. */
import type { Handoff } from './program.js';
import { callback, declareChild, declareLock, inside, type Context } from './writer.js';

export function emitHandoff({ how, lock, body, after }: Handoff, cx: Context): string[] {
  const id = cx.out.id();
  const transfers = how.startsWith('transfer');
  const lines = [
    ...declareLock(lock, id, id, `handoff ${how}`),
    `T.attempt(me, h${id});`,
    `const r${id} = ${cx.await} l${id}.lock();`,
    `T.got(me, h${id});`,
    ...(transfers ? [`T.transferred(h${id});`, `r${id}.transfer();`] : [`T.handedOver(h${id});`]),
    declareChild(id, 'other flow'),
  ];
  const end = [`T.release(c${id}, h${id});`, `r${id}.release();`, `T.end(c${id});`];
  return [...lines, ...otherFlow(how, id, end, cx.block(after, callback(cx)), cx), ...cx.block(body, inside(cx))];
}

function otherFlow(
  how: Handoff['how'],
  id: number,
  end: readonly string[],
  work: readonly string[],
  cx: Context,
): string[] {
  switch (how) {
    case 'variable':
    case 'transfer':
      return ['void (async () => {', 'await R.turn();', 'await R.turn();', ...end, '})();'];
    case 'timer':
    case 'transferTimer':
      return ['setTimeout(() => {', ...end, '}, 1);'];
    case 'give':
    case 'transferGive':
      cx.out.declarations.push(
        [`async function q${id}(me, r${id}, h${id}, k, d, z) {`, `const c${id} = me;`, ...work, ...end, '}'].join('\n'),
      );
      return [`void q${id}(c${id}, r${id}, h${id}, k, d, z);`];
  }
}
