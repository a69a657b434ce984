// Order is learnt by class, not by lock: what was seen with two accounts holds for all of them.
import { LockClass, lockClass, lockdep, Mutex } from 'lockdep';

// On without a word where NODE_ENV is development or test; elsewhere a program says so.
lockdep.configure({ mode: 'warn' });

// Two locks of one class may be nested if the class says in which order.
const numbers = new Map<unknown, number>();
const accountClass = new LockClass('account', {
  order: (held, wanted) => numbers.get(held)! - numbers.get(wanted)!,
});

function openAccount(number: number): Mutex {
  const account = new Mutex({ class: accountClass, name: `account ${number}` });
  numbers.set(account, number);
  return account;
}

const [first, second] = [openAccount(1), openAccount(2)];
await first.runExclusive(() => second.runExclusive(() => console.log('accounts: 1, then 2')));

// Or if the inner one is taken as a subclass: a directory, then a directory in it.
const home = new Mutex({ class: 'directory', name: '/home' });
const user = new Mutex({ class: 'directory', name: '/home/user' });
const outer = await home.lock();
const inner = await user.lock({ subclass: 'child' });
console.log(`directories: ${home.lockClass.name}, then ${lockClass('directory').subclass('child').name}`);
inner.release();
outer.release();

console.log(`reports: ${lockdep.reports().length}`);
