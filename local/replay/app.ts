import { type Context, Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { HttpError, readBounded } from '#lib/http';
import type { Replay } from './file.ts';
import { untilExists } from './hold.ts';
import { type Facts, factsOf, stepFor } from './match.ts';
import { isMessagesRequest, type MessagesRequest, messageOf, streamOf } from './wire.ts';

const MAX_BODY = 33_554_432;

export interface ReplayAppOptions {
  readonly replay: Replay;
  /** Where it was read from, for the sentence that says it ran dry. */
  readonly where: string;
  /** Told of each request: the step that answered, or undefined. */
  readonly onAnswer?: (kind: string | undefined, step: string | undefined) => void;
}

/** Answers the Anthropic Messages API, streamed or whole, from a replay. Every step is chosen by the request alone. */
export function replayApp({ replay, where, onAnswer }: ReplayAppOptions): Hono {
  const app = new Hono();
  app.get('/healthz', (c) => c.text('ok'));
  // Hono answers HEAD by its GET route; clients probe the root before their first call.
  app.get('/', (c) => c.text('ok'));
  app.post('/v1/messages', async (c) => {
    const request = await requestOf(c);
    if (request === undefined) return refused(c, 400, 'invalid_request_error', 'The request is no Messages request.');
    const facts = factsOf(request);
    const step = stepFor(replay, facts);
    onAnswer?.(facts.kind, step?.name);
    if (step === undefined) return refused(c, 400, 'replay_ran_dry', dry(facts, where));
    if (step.holdUntil !== undefined) await untilExists(step.holdUntil, c.req.raw.signal);
    const message = messageOf(step, request);
    c.header('request-id', `req_${message.id.slice(4)}`);
    if (!request.stream) return c.json(message);
    c.header('content-type', 'text/event-stream; charset=utf-8');
    return c.body([...streamOf(message)].join(''));
  });
  app.notFound((c) =>
    refused(c, 404, 'not_found_error', `The replay serves POST /v1/messages, not ${c.req.method} ${c.req.path}.`),
  );
  app.onError((error, c) =>
    error instanceof HttpError
      ? refused(c, error.status, 'request_too_large', error.message)
      : refused(c, 500, 'api_error', 'The replay failed to answer.'),
  );
  return app;
}

async function requestOf(c: Context): Promise<MessagesRequest | undefined> {
  const bytes = await readBounded(c.req.raw, MAX_BODY);
  try {
    const body: unknown = JSON.parse(bytes.toString());
    return isMessagesRequest(body) ? (body as MessagesRequest) : undefined;
  } catch {
    return undefined;
  }
}

function dry({ kind, lastTool, lastToolResult, text }: Facts, where: string): string {
  const last = (lastTool === 'none' ? text.slice(-300) : lastToolResult.slice(0, 300)).replace(/\s+/g, ' ').trim();
  const after = lastTool === 'none' ? 'a request without a tool result' : `the result of ${lastTool}`;
  return `replay ran dry: no step of ${where} fits a task of kind ${kind ?? 'unknown'} after ${after}: "${last}".`;
}

function refused(c: Context, status: ContentfulStatusCode, type: string, message: string): Response {
  return c.json({ type: 'error', error: { type, message } }, status);
}
