/**
 * Source maps of scripts whose code is on no disk: what a loader compiled as it was loaded (tsx, ts-node).
 *
 * Invariant: the debugger of the process is enabled only where such a script is among those asked for, and disabled at the end. It
 * skips all pauses meanwhile, so that no `debugger` statement stops the process. Cost: one event for each script of the process.
 */
import { filePath } from '../platform/file-path.js';
import { addSourceMap } from '../platform/source-map.js';
import type { InspectorClient } from './inspector-client.js';

/** Node runs these as they are; a map of theirs is named in the file itself. */
const PLAIN = /\.[cm]?js$/;

interface Script {
  readonly url: string;
  readonly sourceMapURL?: string;
}

/** Adds the maps of these scripts to those that positions are looked up in. */
export async function addScriptMaps(client: InspectorClient, files: Iterable<string>): Promise<void> {
  const compiled = [...new Set(files)].filter(
    (file) => file !== '' && !file.startsWith('node:') && !PLAIN.test(filePath(file)),
  );
  if (compiled.length === 0) return;
  const scripts: Script[] = [];
  client.on('Debugger.scriptParsed', (params) => scripts.push(params as Script));
  client.on('Debugger.paused', () => client.send('Debugger.resume', {}));
  const enabled = client.call('Debugger.enable');
  client.send('Debugger.setSkipAllPauses', { skip: true });
  await enabled;
  await client.call('Debugger.disable');
  const urls = new Map(scripts.map(({ url, sourceMapURL = '' }) => [filePath(url), sourceMapURL]));
  for (const file of compiled) {
    const url = urls.get(filePath(file)) ?? '';
    if (url !== '') addSourceMap(file, url);
  }
}
