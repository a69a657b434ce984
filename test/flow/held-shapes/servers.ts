/** Servers: keep-alive connections, concurrent requests, raw sockets. */
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import { connect, createServer as createSocketServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { deferred, shape, turn, turns, type HeldShape, type World } from './world.js';

type Handler = (path: string) => Promise<unknown>;

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function get(port: number, path: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path, agent }, (response) => {
      response.resume();
      response.on('end', () => resolve());
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** `handler` replies when it settles, unless it has called `reply` before. */
async function serve(
  handler: (path: string, reply: () => void) => Promise<unknown>,
  client: (send: Handler) => Promise<unknown>,
): Promise<void> {
  const working: Promise<unknown>[] = [];
  const server = createServer((message, response) => {
    const reply = (): void => void (response.writableEnded || response.end());
    const handled = handler(message.url ?? '', reply);
    working.push(handled);
    void handled.then(reply);
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const port = await listen(server);
  await client((path) => get(port, path, agent));
  await Promise.all(working);
  agent.destroy();
  await new Promise((resolve) => server.close(resolve));
}

async function holding({ a, probe }: World, before?: () => void): Promise<void> {
  before?.();
  const release = await a.acquire();
  probe.held(a, 'in the handler');
  await turn();
  probe.held(a, 'in the handler, later');
  release();
}

async function inScope({ a, probe }: World): Promise<void> {
  await a.runExclusive(async () => {
    await turn();
    probe.scoped(a, 'in the handler');
  });
}

async function inTurn(send: Handler): Promise<void> {
  for (let i = 0; i < 3; i++) await send(`/${i}`);
}

function atOnce(send: Handler): Promise<unknown> {
  return Promise.all([send('/0'), send('/1'), send('/2')]);
}

export const servers: readonly HeldShape[] = [
  shape(
    'http, one keep-alive connection',
    (world) => serve(() => holding(world), inTurn),
    (world) =>
      serve(
        () => holding(world, () => world.probe.not(world.a, 'at the start of a request')),
        async (send) => {
          await inTurn(send);
          world.probe.not(world.a, 'the client');
        },
      ),
  ),
  shape(
    'http, concurrent requests',
    (world) => serve(() => holding(world), atOnce),
    (world) =>
      serve(async (path) => {
        const { a, probe } = world;
        if (path === '/0') await a.runExclusive(() => turns(3));
        else probe.not(a, 'another request holds it');
        await turn();
        probe.not(a, 'later');
      }, atOnce),
  ),
  shape(
    'http, scopes',
    (world) => serve(() => inScope(world), atOnce),
    (world) =>
      serve(async () => {
        await inScope(world);
        world.probe.not(world.a, 'after the scope');
      }, inTurn),
  ),
  shape(
    'http, the handler holds on after its reply',
    (world) =>
      serve(async (_path, reply) => {
        const release = await world.a.acquire();
        reply();
        await turns(3);
        world.probe.held(world.a, 'after the reply');
        release();
      }, inTurn),
    (world) =>
      serve(async (path, reply) => {
        const { a, probe } = world;
        probe.not(a, 'at the start of a request');
        if (path !== '/0') return;
        const release = await a.acquire();
        reply();
        await turns(6);
        release();
      }, inTurn),
  ),
  shape(
    'http, a request sent under the lock',
    (world) =>
      serve(
        async () => {
          await turn();
        },
        async (send) => {
          const release = await world.a.acquire();
          await send('/0');
          world.probe.held(world.a, 'after the response');
          release();
        },
      ),
    (world) =>
      serve(
        async () => {
          await turn();
        },
        async (send) => {
          const { a, probe } = world;
          await a.runExclusive(() => undefined);
          await send('/0');
          probe.not(a, 'after the response');
        },
      ),
  ),
  shape(
    'sockets, a handler per message',
    (world) => overSocket(world, true),
    (world) => overSocket(world, false),
  ),
  shape(
    'a connection with a lock for each message',
    async (world) => {
      const { a, b, probe } = world;
      const server = createSocketServer((socket) => {
        socket.on('data', () => {
          world.background(
            (async () => {
              const release = await a.acquire();
              await turn();
              probe.held(a, 'in the handler');
              socket.write('y');
              release();
            })(),
          );
        });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      const release = await b.acquire();
      socket.write('x');
      await once(socket, 'data');
      probe.held(b, 'of the client');
      release();
      socket.destroy();
      server.close();
    },
    async (world) => {
      const { a, b, probe } = world;
      const server = createSocketServer((socket) => {
        socket.on('data', () => {
          probe.not(a, 'at the start of the handler');
          probe.not(b, 'of the client, in the handler');
          world.background(
            (async () => {
              const release = await a.acquire();
              socket.write('y');
              await turn();
              release();
            })(),
          );
        });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      for (let i = 0; i < 2; i++) {
        const release = await b.acquire();
        socket.write('x');
        await once(socket, 'data');
        probe.not(a, 'of the server, in the client');
        release();
      }
      socket.destroy();
      server.close();
    },
  ),
];

async function overSocket(world: World, look: boolean): Promise<void> {
  const { a, probe } = world;
  const server = createSocketServer((socket: Socket) => {
    socket.on('data', () => {
      if (!look) probe.not(a, 'at the start of a message');
      void (async () => {
        const release = await a.acquire();
        await turn();
        if (look) probe.held(a, 'in the handler');
        release();
        if (!look) probe.not(a, 'after the release');
        socket.write('.');
      })();
    });
    socket.on('end', () => socket.end());
  });
  const port = await listen(server);
  const socket = connect(port, '127.0.0.1');
  const closed = deferred();
  let left = 3;
  socket.on('data', () => (left-- > 0 ? socket.write('.') : socket.end()));
  socket.on('close', () => closed.resolve());
  socket.write('.');
  await closed.promise;
  await new Promise((resolve) => server.close(resolve));
}
