/** Options that locks know, for whoever tells of others. The locks themselves carry no list of them, to be small. */
import type { Takers } from '../../platform/unknown-options-told.js';

const OF_LOCK = ['class', 'name', 'cancelError'];
const OF_ACQUISITION = ['priority', 'signal', 'timeout', 'subclass', 'nestLock', 'parked'];

const constructorOf = (kind: string, ...others: string[]): Takers => ({
  [kind]: { title: `the constructor of ${kind}`, known: [...OF_LOCK, ...others] },
});

export const KNOWN_OPTIONS: Takers = {
  ...constructorOf('Mutex'),
  ...constructorOf('Semaphore'),
  ...constructorOf('RWSemaphore', 'fairness'),
  ...constructorOf('Completion'),
  ...constructorOf('PseudoLock', 'shared'),
  ...constructorOf('WorkItem'),
  ...constructorOf('WorkQueue', 'concurrency', 'onError'),
  lock: { title: 'an acquisition', known: OF_ACQUISITION },
  permits: { title: 'an acquisition', known: [...OF_ACQUISITION, 'weight'] },
};
