/**
 * Where the inspector of a process listens.
 *
 * Invariant: an answer has been asked for its process number, so it is of that very process. A port that no option of the process
 * tells is asked only where the process listens to it and nothing else has answered. Who answers may be anything: nothing but a
 * path is taken from it. Cost: one small request for each port.
 */
import { InspectorClient } from './inspector-client.js';
import { listenersOf, optionsOf, type Listener } from './proc.js';
import type { Target } from './target.js';

export const DEFAULT_PORT = 9229;

const ANSWER_TIMEOUT = 1000;

export interface FoundInspector {
  readonly client: InspectorClient;
  readonly listener: Listener;
}

/** Those that may be an inspector as the options of the process go. */
export function likelyListeners({ pid, hasProc }: Target): Listener[] {
  if (!hasProc) return [{ host: '127.0.0.1', port: DEFAULT_PORT }];
  const words = optionsOf(pid).filter((word) => /^--(inspect|debug)/.test(word));
  const ports = words.map((word) => Number(/(\d+)$/.exec(word)?.[1] ?? DEFAULT_PORT));
  const all = listenersOf(pid);
  return ports.includes(0) ? all : all.filter(({ port }) => port === DEFAULT_PORT || ports.includes(port));
}

/** The port that SIGUSR1 would open; 0 for any. The last option counts, as it does for Node. */
export function portToOpen(pid: number): number {
  const words = optionsOf(pid).join(' ');
  const ports = [...words.matchAll(/(?:^| )--(?:inspect|debug)(?:-brk|-wait)?(?:-port)?[= ](?:\S*:)?(\d+)(?= |$)/g)];
  return Number(ports.at(-1)?.[1] ?? DEFAULT_PORT);
}

/** The first of the listeners that is the inspector of this process. Throws an AttachError where that does not answer. */
export async function findInspector(
  target: Target,
  listeners: readonly Listener[],
): Promise<FoundInspector | undefined> {
  for (const listener of listeners) {
    const client = await connectTo(listener);
    if (client === undefined) continue;
    let isRight = false;
    try {
      isRight = (await client.evaluate('process.pid')).value === target.ownPid;
    } finally {
      if (!isRight) await client.close();
    }
    if (isRight) return { client, listener };
  }
  return undefined;
}

/** undefined where no inspector listens. */
export async function connectTo({ host, port }: Listener): Promise<InspectorClient | undefined> {
  let path: string;
  try {
    const reply = await fetch(`http://${host}:${port}/json/list`, {
      signal: AbortSignal.timeout(ANSWER_TIMEOUT),
      redirect: 'error',
    });
    const [first] = (await reply.json()) as { readonly webSocketDebuggerUrl: string }[];
    path = new URL(first?.webSocketDebuggerUrl ?? '').pathname;
  } catch {
    return undefined;
  }
  return InspectorClient.connect(`ws://${host}:${port}${path}`);
}
