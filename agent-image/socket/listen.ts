import { lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';

/**
 * Listens on a Unix socket that whoever reaches its folder may connect to. The socket of a process that is gone is replaced; one
 * that answers, or anything that is no socket, is left alone and throws.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  await removeStale(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The two sides have different uids; a mode set afterwards by path could be led astray by a link.
    const before = process.umask(0);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} is there and is no socket; remove it.`);
  if (await answers(path)) throw new Error(`Somebody listens on ${path} already; stop it first.`);
  await unlink(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
