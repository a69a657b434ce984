/** What the types of the package let a program write, and what not: checked as the code of a user, as strictly as the compiler can. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { InstalledPackage } from './installed.js';

let installed: InstalledPackage;
before(() => {
  installed = new InstalledPackage();
});
after(() => installed.remove());

/** Programs by what they show. A line that must be wrong is marked with `@ts-expect-error`, which fails where it is right. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'locks of this package go where those of async-mutex are wanted, and the other way round': `
    import * as original from 'async-mutex';
    import { Mutex, Semaphore, tryAcquire, withTimeout, type MutexInterface, type Releaser } from 'lockdep';
    import * as standIn from 'lockdep/async-mutex';
    const mutexes: original.MutexInterface[] = [new Mutex(), new standIn.Mutex(), new original.Mutex()];
    const ours: MutexInterface[] = mutexes;
    const semaphores: original.SemaphoreInterface[] = [new Semaphore(1), new standIn.Semaphore(1)];
    const same: [Mutex, standIn.Mutex] = [new standIn.Mutex(), new Mutex()];
    const decorated = [original.withTimeout(new Mutex(), 10), withTimeout(new original.Mutex(), 10), tryAcquire(new Mutex())];
    const theirs: original.MutexInterface.Releaser = await new Mutex().acquire();
    const [, permit]: [number, original.SemaphoreInterface.Releaser] = await new Semaphore(1).acquire();
    let release: Releaser = await new original.Mutex().acquire();
    release = await new Mutex().acquire();
    release = () => undefined;
    class Session {
      release: standIn.MutexInterface.Releaser = () => {};
      async open(mutex: standIn.Mutex): Promise<void> {
        this.release = await mutex.acquire();
      }
    }
    console.log(ours, semaphores, same, decorated, theirs, permit, release, new Session());`,

  'releasers can be disposed of': `
    import { lockdep, Mutex, RWSemaphore, Semaphore, type DisposableReleaser } from 'lockdep';
    const [mutex, semaphore, shared] = [new Mutex(), new Semaphore(2), new RWSemaphore()];
    {
      using release = await mutex.acquire();
      using tried = mutex.tryAcquire();
      using permit = semaphore.tryAcquire();
      using reading = await shared.acquireRead();
      const [, freed] = await semaphore.acquire();
      using permits = freed;
      const plain: () => void = release;
      const kept: DisposableReleaser = release;
      lockdep.adopt(plain);
      lockdep.adopt(kept);
    }
    // @ts-expect-error a value is not disposable
    using value = semaphore.getValue();`,

  'codes, kinds and evidence are unions of literals': `
    import {
      DeadlockError, DeclaredOrderError, LockdepError, LockTimeoutError, NotHeldError, QueueClosedError,
      type Evidence, type HeldLock, type HoldMode, type HoldState, type LockdepErrorCode, type ReportKind,
    } from 'lockdep';
    type Spelled<Kind> = Kind extends string ? \`ERR_LOCKDEP_\${Uppercase<Kind>}\` : never;
    const ofOneWord: Record<Spelled<'deadlock' | 'stall' | 'assertion' | 'limit'>, LockdepErrorCode> = {
      ERR_LOCKDEP_DEADLOCK: 'ERR_LOCKDEP_DEADLOCK',
      ERR_LOCKDEP_STALL: 'ERR_LOCKDEP_STALL',
      ERR_LOCKDEP_ASSERTION: 'ERR_LOCKDEP_ASSERTION',
      ERR_LOCKDEP_LIMIT: 'ERR_LOCKDEP_LIMIT',
    };
    function advice(error: LockdepError): string {
      switch (error.code) {
        case 'ERR_LOCKDEP_TIMEOUT':
        case 'ERR_LOCKDEP_NOT_HELD':
        case 'ERR_LOCKDEP_CLOSED':
        case 'ERR_LOCKDEP_DECLARED_ORDER':
        case 'ERR_LOCKDEP_NEST_LOCK_NOT_HELD':
        case 'ERR_LOCKDEP_INVALID_WAIT_CONTEXT':
          return 'known';
        // @ts-expect-error no kind of report is spelled so
        case 'ERR_LOCKDEP_CIRCULAR':
          return 'unknown';
        default:
          return error.report?.kind ?? error.code;
      }
    }
    const codes: [
      'ERR_LOCKDEP_TIMEOUT', 'ERR_LOCKDEP_NOT_HELD', 'ERR_LOCKDEP_DECLARED_ORDER', 'ERR_LOCKDEP_CLOSED',
    ] = [
      new LockTimeoutError(1).code, new NotHeldError().code, new DeclaredOrderError('').code, new QueueClosedError().code,
    ];
    const ofClass: ['ERR_LOCKDEP_TIMEOUT', 'ERR_LOCKDEP_DEADLOCK'] = [LockTimeoutError.CODE, new DeadlockError('').code];
    const { queueLength, site }: { queueLength?: number, site?: string } = new LockTimeoutError(1);
    const line = ({ mode, state, evidence }: HeldLock): [HoldMode, HoldState, Evidence] => [mode, state, evidence];
    const modes: HoldMode[] = ['exclusive', 'shared'];
    const states: HoldState[] = ['held', 'waiting'];
    const all: Evidence[] = ['own', 'proven', 'suspected'];
    // @ts-expect-error there is no such evidence
    const none: Evidence = 'certain';
    const kind: ReportKind = 'stall';
    console.log(ofOneWord, advice, codes, ofClass, queueLength, site, line, modes, states, all, none, kind);`,

  'a class knows the type of its locks': `
    import { LockClass, lockClass, Mutex, RWSemaphore, type AnyLock, type LockClassOptions } from 'lockdep';
    type Account = Mutex & { readonly id: number };
    const accounts = new LockClass<Account>('accounts', { order: (held, wanted) => held.id - wanted.id });
    const sub: LockClass<Account> = accounts.subclass('child');
    const found = lockClass<Account>('accounts', { order: (held, wanted) => held.id - wanted.id });
    const annotated = new LockClass('by id', { order: (held: Account, wanted: Account) => held.id - wanted.id });
    const options: LockClassOptions = { order: (held: { rank: number }, wanted: { rank: number }) => held.rank - wanted.rank };
    const ranked = new LockClass('by rank', options);
    const numbers = new Map<unknown, number>();
    const plain = new LockClass('plain', { order: (held, wanted) => (numbers.get(held) ?? 0) - (numbers.get(wanted) ?? 0) });
    const named = new LockClass('named', { order: (held, wanted) => held.lockClass.name.localeCompare(wanted.lockClass.name) });
    // @ts-expect-error accounts have no rank
    new LockClass<Account>('by rank', { order: (held, wanted) => held.rank - wanted.rank });
    // @ts-expect-error what is known of any lock is no id
    new LockClass('by id', { order: (held, wanted) => held.id - wanted.id });
    const any: LockClass[] = [accounts, sub, found, annotated, ranked, plain, named];
    const back: LockClass<Account> = new LockClass('any');
    const locks: AnyLock[] = [...any.map((each) => new Mutex({ class: each })), new RWSemaphore({ class: accounts })];
    locks[0]?.setClass(accounts);
    console.log(back, locks[0]?.lockClass === accounts);`,

  'an option may be undefined': `
    import { Completion, LockClass, lockdep, Mutex, PseudoLock, RWSemaphore, Semaphore, WorkItem, WorkQueue } from 'lockdep';
    import type { AcquireOptions, RunOptions, WaitOptions, WeightedAcquireOptions } from 'lockdep';
    import { createLockdep } from 'lockdep/testing';
    const none = undefined;
    const lock = { class: none, name: none, cancelError: none };
    const acquire: AcquireOptions = { priority: none, signal: none, timeout: none, subclass: none, nestLock: none };
    const weighted: WeightedAcquireOptions = { ...acquire, weight: none };
    const wait: WaitOptions = { signal: none, timeout: none };
    const run: RunOptions = { class: none, name: none, priority: none, signal: none, delay: none };
    await new Mutex(lock).acquire(acquire);
    await new Semaphore(1, lock).lock(weighted);
    await new RWSemaphore({ ...lock, fairness: none }).lockRead(acquire);
    new PseudoLock({ ...lock, shared: none }).touch();
    new Completion(lock).wait(wait).catch(console.error);
    const queue = new WorkQueue({ ...lock, concurrency: none, onError: none });
    queue.enqueue(new WorkItem(() => undefined, lock));
    await queue.run(() => undefined, run);
    await queue.flush(wait);
    new LockClass('a', { order: none, validate: none, track: none, nest: none });
    lockdep.configure({ mode: none, tracking: none, onReport: none, stackDepth: none });
    lockdep.reset({ graph: none });
    createLockdep({ mode: none });
    // @ts-expect-error no class of blocking locks can be taken again by its holder
    new LockClass('b', { reentrant: true });
    // @ts-expect-error a priority is a number
    await new Mutex().acquire({ priority: 'high' });`,
};

describe('the types of the package', () => {
  for (const [index, [situation, program]] of Object.entries(PROGRAMS).entries()) {
    it(`say that ${situation}`, () => {
      installed.write(`types-${index}.mts`, `${program}\n`);
      assert.equal(installed.check(`types-${index}`, [`types-${index}.mts`], { skipLibCheck: false }), '');
    });
  }
});
