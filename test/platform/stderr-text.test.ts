import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { built } from '../adapters/project.js';

const LINES = 20_000;
const program = `
  import { Socket } from 'node:net';
  import { writeToStderr } from '${new URL('platform/stderr-text.js', built).href}';
  // As whoever shares the pipe may have made it.
  const socket = new Socket({ fd: 2, readable: false });
  socket.on('error', () => {});
  socket._handle.setBlocking?.(false);
  const text = Array.from({ length: ${LINES} }, (_, at) => 'line ' + at).join('\\n') + '\\n';
  const began = performance.now();
  console.log(writeToStderr(text), performance.now() - began < 5000);
  process.exit(0);`;

/** What it prints, and what `reader` does, a command of the shell at the other end of its stderr. */
async function readBy(reader: string): Promise<{ verdict: string; read: string }> {
  const words = [
    '-c',
    `{ "$0" --input-type=module -e "$1" 2>&1 >&3 | { ${reader}; }; } 3>&2`,
    process.execPath,
    program,
  ];
  const child = spawn('sh', words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
  const [read, verdict] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  return { verdict, read };
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const part of stream) text += String(part);
  return text;
}

describe('text for a stderr that is a pipe which does not block', { skip: process.platform === 'win32' }, () => {
  it('is written whole where its reader is late', async () => {
    const { verdict, read } = await readBy('sleep 0.5; wc -l');
    assert.deepEqual([verdict, Number(read)], ['true true\n', LINES]);
  });

  for (const reader of ['sleep 3', 'true']) {
    it(`is given up where nobody takes it: ${reader}`, async () => {
      assert.equal((await readBy(reader)).verdict, 'false true\n');
    });
  }
});
