import assert from 'node:assert/strict';
import { fork, spawn, type ChildProcess, type SerializationType } from 'node:child_process';
import { once } from 'node:events';
import { createServer, connect, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { built, cleanEnvironment, Project } from '../adapters/project.js';

const main = fileURLToPath(new URL('cli/main.js', built));
/** `lockdep run` as a process manager starts it. */
function forked(script: string, serialization: SerializationType = 'json'): ChildProcess {
  const made = new Project({ 'main.mjs': script });
  const child = fork(main, ['run', '--', 'main.mjs'], {
    cwd: made.root,
    env: cleanEnvironment(),
    execArgv: [],
    serialization,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    timeout: 30_000,
  });
  child.stderr?.resume();
  return child;
}

/** All messages until the end, and how that was. */
async function outcome(child: ChildProcess): Promise<{ messages: unknown[]; end: unknown[] }> {
  const messages: unknown[] = [];
  child.on('message', (message) => messages.push(message));
  const [end] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')]);
  return { messages, end };
}

const echo = `process.on('message', (message) => message === 'end' ? setImmediate(() => process.disconnect()) : process.send({ echo: message }));`;

describe('the channel of a process that was forked', () => {
  it('messages go both ways in order, those sent at once included, and the program ends when it disconnects', async () => {
    const child = forked(`${echo} process.send('ready');`);
    for (let i = 0; i < 100; i++) child.send(i);
    child.send({ nested: ['x', { y: null }] });
    child.send('end');
    const { messages, end } = await outcome(child);
    const echoes = [...Array(100).keys(), { nested: ['x', { y: null }] }].map((message) => ({ echo: message }));
    assert.deepEqual(
      messages.filter((message) => message !== 'ready'),
      echoes,
    );
    assert.deepEqual(end, [0, null]);
  });

  it('what the program sends as it exits arrives, with its exit code', async () => {
    const child = forked(`for (let i = 0; i < 2000; i++) process.send({ i, pad: 'x'.repeat(100) });
      process.send('last', () => process.exit(7));`);
    const { messages, end } = await outcome(child);
    assert.equal(messages.length, 2001);
    assert.equal(messages.at(-1), 'last');
    assert.deepEqual(end, [7, null]);
  });

  it('disconnecting the other side reaches the program, which may go on', async () => {
    const child =
      forked(`process.once('disconnect', () => setTimeout(() => process.exit(process.connected ? 1 : 8), 50));
      process.on('message', () => {}); process.send('ready');`);
    await once(child, 'message');
    child.disconnect();
    assert.deepEqual(await once(child, 'exit'), [8, null]);
  });

  it('a program that listens lives as long as the channel, and one that does not ends by itself', async () => {
    const listening = forked(echo);
    listening.send('hello');
    assert.deepEqual(await once(listening, 'message'), [{ echo: 'hello' }, undefined]);
    listening.disconnect();
    assert.deepEqual(await once(listening, 'exit'), [0, null]);
    assert.deepEqual((await outcome(forked(`globalThis.nothing = 1;`))).end, [0, null]);
  });

  it('a signal ends a program with a channel', async () => {
    const child = forked(`${echo} process.send('ready');`);
    await once(child, 'message');
    child.kill('SIGTERM');
    assert.deepEqual((await outcome(child)).end, [null, 'SIGTERM']);
  });

  const told = `process.on('message', (message) => {
    process.send([message instanceof Map, typeof message?.when, message?.undefinedIsHere === undefined && 'undefinedIsHere' in message]);
    try { process.send({ f() {}, toJSON: () => 'as JSON' }); } catch (error) { process.send(/could not be cloned/.test(error.message)); }
    process.disconnect();
  }); process.send('ready');`;

  for (const [serialization, sent, expected] of [
    ['json', { when: new Date(0), undefinedIsHere: undefined }, [[false, 'string', false], 'as JSON']],
    ['advanced', { when: new Date(0), undefinedIsHere: undefined }, [[false, 'object', true], true]],
    ['advanced', new Map([[1, 2n]]), [[true, 'undefined', false], true]],
  ] as const) {
    it(`${serialization} messages are such ones for the program too`, async () => {
      const child = forked(told, serialization);
      await once(child, 'message');
      child.send(sent);
      const { messages } = await outcome(child);
      assert.deepEqual(messages, expected);
    });
  }

  it('sockets and servers are handed on', async () => {
    const child = forked(`process.on('message', (message, handle) => {
      if (message === 'socket') handle.end('from the program: ' + process.pid);
      else { handle.on('connection', (socket) => { socket.end('from its server'); handle.close(); process.disconnect(); }); process.send('serving'); }
    }); process.send('ready');`);
    await once(child, 'message');
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const read = async (): Promise<string> => {
      let text = '';
      for await (const part of connect(port, '127.0.0.1').setEncoding('utf8')) text += String(part);
      return text;
    };
    server.once('connection', (socket) => child.send('socket', socket));
    assert.match(await read(), /^from the program: \d+$/);
    child.send('server', server);
    await once(child, 'message');
    server.close();
    assert.equal(await read(), 'from its server');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });

  it("stdio: 'ipc' at any number is a channel", async () => {
    const made = new Project({ 'main.mjs': `${echo}` });
    const child = spawn(process.execPath, [main, 'run', 'main.mjs'], {
      cwd: made.root,
      env: cleanEnvironment(),
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'ipc'],
      timeout: 30_000,
    });
    child.send('x');
    assert.deepEqual(await once(child, 'message'), [{ echo: 'x' }, undefined]);
    child.send('end');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });

  it('without a channel there is none', async () => {
    const made = new Project({
      'main.mjs': `console.log(typeof process.send, process.connected === true, process.channel === undefined);`,
    });
    const { stdout } = await made.node([main, 'run', 'main.mjs']);
    assert.equal(stdout, 'undefined false true\n');
  });
});
