// Two locks in both orders, one flow after the other. They never collide, and lockdep reports that they could.
import { lockdep, Mutex } from 'lockdep';

// On without a word where NODE_ENV is development or test; elsewhere a program says so.
lockdep.configure({ mode: 'warn' });

const cache = new Mutex({ name: 'cache' });
const disk = new Mutex({ name: 'disk' });

async function save(): Promise<void> {
  await cache.runExclusive(() => disk.runExclusive(() => console.log('saved')));
}

async function load(): Promise<void> {
  await disk.runExclusive(() => cache.runExclusive(() => console.log('loaded')));
}

await save();
await load(); // The report is a process warning here, an exception with LOCKDEP=enforce.

for (const { kind, tier } of lockdep.reports()) console.log(`${tier} report: ${kind}`);
