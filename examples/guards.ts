// lock() resolves to a guard, for `using` or for try and finally, and can be given up.
import { setTimeout } from 'node:timers/promises';
import { Mutex } from 'lockdep';

const printer = new Mutex({ name: 'printer' });

async function print(page: string): Promise<void> {
  using _guard = await printer.lock(); // Released at the end of the block, also when it throws.
  await setTimeout(50);
  console.log(`printed ${page}`);
}

async function clean(): Promise<void> {
  const guard = await printer.lock();
  try {
    console.log('cleaning');
  } finally {
    guard.release();
  }
}

/** Prints now or not at all. */
async function printIfIdle(page: string): Promise<void> {
  using guard = printer.tryLock();
  console.log(guard ? `printed ${page} at once` : `${page}: the printer is busy`);
}

const printing = print('page 1');
await printIfIdle('page 2');

// Waiting has an end: a timeout in milliseconds, or any AbortSignal, whose reason comes back as it is.
await printer.lock({ timeout: 10 }).catch((error: { code?: string }) => console.log(`timeout: ${error.code}`));
const user = new AbortController();
const wanted = printer.lock({ signal: user.signal });
user.abort('changed my mind');
await wanted.catch((reason: unknown) => console.log(`aborted: ${String(reason)}`));

await printing;
await clean();
