import { relative } from 'node:path';

/**
 * The shorter way to write `path` from the working directory: a Unix socket's path has at most 103 bytes, and those of a pod's
 * volumes may be longer on a node that cannot mount them. Programs that use sockets change into the folder that holds them.
 */
export function near(path: string, cwd: string = process.cwd()): string {
  const way = relative(cwd, path);
  return Buffer.byteLength(way) < Buffer.byteLength(path) ? way : path;
}
