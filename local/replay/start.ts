import { readFile } from 'node:fs/promises';
import { listen } from '#lib/http';
import { type Logger, silentLogger } from '#lib/observe';
import { replayApp } from './app.ts';
import { ReplayError, readReplay } from './file.ts';

export interface StartReplayOptions {
  /** A YAML file of steps. */
  readonly file: string;
  /** Default a free one. */
  readonly port?: number;
  readonly logger?: Logger;
}

export interface RunningReplay {
  /** Loopback root to use as the provider's base URL. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Serves a replay on loopback. Throws {@link ReplayError} where the file cannot be read or is wrong. */
export async function startReplay({ file, port, logger = silentLogger }: StartReplayOptions): Promise<RunningReplay> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new ReplayError(
      `The replay ${file} cannot be read (${(cause as NodeJS.ErrnoException).code}); name an existing file.`,
      { cause },
    );
  });
  const replay = readReplay(text, file);
  const app = replayApp({
    replay,
    where: file,
    onAnswer: (kind, step) =>
      step === undefined ? logger.warn({ kind }, 'no step fits') : logger.info({ kind, step }, 'answered'),
  });
  const server = await listen(app, port === undefined ? {} : { port });
  return { url: server.url, port: server.port, close: () => server.close(1_000) };
}
