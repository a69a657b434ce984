/** Where a module or a source lies. Cost: linear in its name, which may be as long as somebody makes it. */
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The path of a file, be it given as a path or as a `file:` URL, without query or fragment. Other schemes stay as they are. */
export function filePath(file: string): string {
  if (!file.startsWith('file:')) return isAbsolute(file) ? withoutQuery(file) : file;
  const bare = file.replace(/[?#].*$/s, '');
  try {
    return fileURLToPath(bare);
  } catch {
    return bare; // another host, or an escape that is not UTF-8
  }
}

/** Development servers put the same `?t=123` behind plain paths. In the name of a folder it is part of that. */
function withoutQuery(path: string): string {
  const name = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1;
  const query = path.slice(name).search(/\?[\w-]+=/);
  return query === -1 ? path : path.slice(0, name + query);
}
