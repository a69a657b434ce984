/** Wait tables made by hand. */
import type { WaitTable, WaitTableHold, WaitTableWait } from '../../src/report/wait-data.js';

export const NOW = 1_000_000;

export interface MadeWait {
  readonly flow: number;
  readonly lock: string;
  /** The flows that hold it; those that do where it is not given. */
  readonly by?: readonly number[];
  readonly site?: string;
  readonly task?: string;
  readonly more?: Partial<WaitTableWait>;
}

/** `holds`: the locks of each flow. Each was asked for a second ago, and each wait half a second ago. */
export function tableOf(
  holds: Readonly<Record<number, readonly string[]>>,
  waits: readonly MadeWait[] = [],
  cycles: readonly (readonly number[])[] = [],
): WaitTable {
  const names = [...new Set([...Object.values(holds).flat(), ...waits.map(({ lock }) => lock)])];
  const row = (flow: number, lock: string, site: string, age: number): WaitTableHold => ({
    flow,
    task: 'main',
    lock: names.indexOf(lock) + 1,
    lockClass: lock,
    mode: 'exclusive',
    permits: 1,
    since: NOW - age,
    site,
    exact: true,
  });
  const holders = (lock: string): number[] =>
    Object.entries(holds).flatMap(([flow, locks]) => (locks.includes(lock) ? [Number(flow)] : []));
  const flows = new Set([...Object.keys(holds).map(Number), ...waits.map(({ flow }) => flow)]);
  const taskOf = (flow: number): string => waits.find((wait) => wait.flow === flow)?.task ?? 'main';
  return {
    version: 1,
    pid: 7,
    at: NOW,
    locks: names.map((lockClass, index) => ({ id: index + 1, lockClass, primitive: 'Mutex', capacity: 1 })),
    flows: [...flows].map((flow) => ({
      flow,
      task: taskOf(flow),
      holds: (holds[flow] ?? []).map((lock) => row(flow, lock, `${lock}.ts:1:1`, 1000)),
    })),
    waits: waits.map(
      ({ flow, lock, by = holders(lock), site = `${lock}.ts:2:2`, task = 'main', more = {} }, index) => ({
        ...row(flow, lock, site, 500),
        task,
        kind: 'lock',
        blockedBy: by,
        position: index + 1,
        ...more,
      }),
    ),
    cycles,
  };
}
