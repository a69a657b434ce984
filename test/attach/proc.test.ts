import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { describe, it } from 'node:test';
import {
  executableOf,
  hasProc,
  isTaken,
  listenersOf,
  optionsOf,
  sharesNetwork,
  statusOf,
} from '../../src/attach/proc.js';

async function listening(host: string): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

describe('what /proc says about this very process', { skip: !hasProc() }, () => {
  for (const [address, host] of [
    ['127.0.0.1', '127.0.0.1'],
    ['127.1.2.3', '127.1.2.3'],
    ['0.0.0.0', '127.0.0.1'],
  ] as const) {
    it(`has the ports that it listens to at ${address}, and not when they are closed`, async () => {
      const { server, port } = await listening(address);
      const found = (): boolean => listenersOf(process.pid).some((each) => each.host === host && each.port === port);
      assert.equal(found(), true);
      server.close();
      await once(server, 'close');
      assert.equal(found(), false);
    });
  }
  it('tells its own ports from those of others', async () => {
    const { server, port } = await listening('127.0.0.1');
    assert.equal(isTaken(process.pid, port), false);
    assert.equal(isTaken(process.ppid, port), true);
    server.close();
  });
  it('has its state, its number, its executable and its network', () => {
    const status = statusOf(process.pid);
    assert.match(status?.state ?? '', /^[RS]$/);
    assert.equal(status?.ownPid, process.pid);
    assert.equal(executableOf(process.pid), process.execPath);
    assert.equal(sharesNetwork(process.pid), true);
  });
  it('has the words of its command line', () => assert.equal(optionsOf(process.pid)[0], process.argv0));
  it('is empty for a process that is not there, without an error', () => {
    const gone = 0x3fffffff;
    assert.deepEqual([statusOf(gone), listenersOf(gone), executableOf(gone)], [undefined, [], '']);
  });
});
