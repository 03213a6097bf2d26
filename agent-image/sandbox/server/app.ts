import { Readable } from 'node:stream';
import { Hono } from 'hono';
import { readBounded } from '#lib/http';
import type { Logger } from '#lib/observe';
import { GitFailure, type GitStream } from '../../git/index.ts';
import { BundleAsk, CALLS, type CallName, MAX_ASK, parsed, type Refusal } from '../protocol/index.ts';
import { callsOf, Desk } from './calls.ts';
import { Refused } from './refused.ts';
import type { Place } from './settings.ts';

/** The calls of the protocol over HTTP. A caller that goes away ends what it asked for. */
export function sandboxApp(place: Place, logger: Logger): Hono {
  const app = new Hono();
  const desk = new Desk();
  const calls = callsOf(place, desk);
  for (const name of Object.keys(CALLS) as CallName[])
    app.post(`/v1/${name}`, async (c) => {
      const ask = asked(CALLS[name].ask, await readBounded(c.req.raw, MAX_ASK));
      const answer = await calls[name](ask as never, c.req.raw.signal);
      return c.json(answer);
    });
  app.post('/v1/bundle', async (c) => {
    const { head, have } = asked<BundleAsk>(BundleAsk, await readBounded(c.req.raw, MAX_ASK));
    const { signal } = c.req.raw;
    if ((await desk.worktree.head(signal)) !== head) throw new Refused(`${head} is no longer checked out.`);
    const whole = Readable.toWeb(Readable.from(output(desk.worktree.bundle(have, signal)))) as ReadableStream;
    return c.body(whole, 200, { 'content-type': 'application/x-git-bundle' });
  });
  app.onError((error, c) => {
    if (error instanceof Refused || error instanceof GitFailure) return c.json(refusal(error), 422);
    if (c.req.raw.signal.aborted) return c.body(null, 503);
    logger.error({ err: error, path: c.req.path }, 'call failed');
    return c.json(refusal(new Refused(`The sandbox failed: ${error.message}`)), 422);
  });
  return app;
}

/** Ends well only where git did: a bundle that git gives up on is cut off, so that nobody takes it for whole. */
async function* output({ stdout, ended, kill }: GitStream): AsyncGenerator<Buffer> {
  try {
    yield* stdout as AsyncIterable<Buffer>;
    await ended;
  } finally {
    kill();
  }
}

function asked<T>(schema: Parameters<typeof parsed>[0], bytes: Buffer): T {
  try {
    return parsed<T>(schema, bytes);
  } catch (error) {
    throw new Refused(`The call cannot be read: ${(error as Error).message}.`);
  }
}

function refusal(error: Error): Refusal {
  const reason = error instanceof GitFailure ? 'GitFailed' : 'Refused';
  return { reason, detail: (error.message || 'no reason given').slice(0, 4_000) };
}
