import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { join } from 'node:path';
import type { Logger } from '#lib/observe';

/** A kubelet brings a changed Secret within two minutes; a look is two small reads. */
const REREAD_MS = 10_000;

/**
 * Keeps a server's certificate as the files `tls.crt` and `tls.key` of `directory` are, which are replaced as they rotate. Until both
 * are there every handshake fails. They are looked at every `rereadMs` (default ten seconds). Resolves after the first look; ends with the returned function.
 */
export async function followCertificate(
  server: Server,
  directory: string,
  logger: Logger,
  rereadMs = REREAD_MS,
): Promise<() => void> {
  let served = '';
  const look = async () => {
    try {
      const [cert, key] = await Promise.all([
        readFile(join(directory, 'tls.crt'), 'utf8'),
        readFile(join(directory, 'tls.key'), 'utf8'),
      ]);
      if (cert + key === served) return;
      server.setSecureContext({ cert, key, minVersion: 'TLSv1.3' });
      served = cert + key;
      logger.info('serving webhooks with a new certificate');
    } catch (err) {
      // Missing until somebody makes it, or half replaced: the next look finds both.
      if ((err as NodeJS.ErrnoException).code !== 'ENOENT')
        logger.warn({ err }, 'the webhook certificate cannot be used');
    }
  };
  await look();
  const timer = setInterval(look, rereadMs);
  timer.unref();
  return () => clearInterval(timer);
}
