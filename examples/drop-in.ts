// A module written for async-mutex: only the name that it imports from has changed.
import { Mutex, Semaphore, withTimeout } from 'lockdep/async-mutex';

const stock = new Mutex();
const connections = withTimeout(new Semaphore(2), 1_000);
let apples = 10;

async function sell(count: number): Promise<void> {
  const [free, hangUp] = await connections.acquire();
  try {
    await stock.runExclusive(async () => {
      const left = apples - count;
      await Promise.resolve(); // Without the mutex, another sale could happen here.
      apples = left;
    });
    console.log(`sold ${count}; the semaphore stood at ${free}`);
  } finally {
    hangUp();
  }
}

await Promise.all([sell(1), sell(2), sell(3)]);

const release = await stock.acquire();
console.log(`${apples} apples left`);
release();
