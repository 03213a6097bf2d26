import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModel, ModelError, type ModelErrorCode, type ModelOptions } from './index.ts';

const REQUEST = { system: [], tools: [], messages: [{ role: 'user' as const, content: 'hello' }] };
const live = () => new AbortController().signal;

function streamed(): Response {
  const events = [
    {
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'm-1',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 5, output_tokens: 1 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hi' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 9 } },
    { type: 'message_stop' },
  ];
  const body = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

const refused = (status: number, type: string, message: string, headers: Record<string, string> = {}) =>
  Response.json({ type: 'error', error: { type, message } }, { status, headers });

function model(answer: (request: Request) => Response | Promise<Response>, options: Partial<ModelOptions> = {}) {
  const fake = async (input: unknown, init?: unknown) => answer(new Request(input as string, init as RequestInit));
  return createModel({
    baseURL: 'http://proxy.test',
    apiKey: () => 'task-token',
    model: 'm',
    fetch: fake as typeof fetch,
    ...options,
  });
}

test('a streamed answer is put together with its usage, and the key goes out as bearer', async () => {
  let sent: Request | undefined;
  const turn = await model((request) => {
    sent = request;
    return streamed();
  }).send(REQUEST, live());
  assert.equal(sent?.url, 'http://proxy.test/v1/messages');
  assert.equal(sent?.headers.get('authorization'), 'Bearer task-token');
  assert.equal((turn.content[0] as { text: string }).text, 'hi');
  assert.deepEqual(turn.tokens, { input: 5, output: 9, cacheRead: 0, cacheWrite: 0 });
  assert.equal(turn.model, 'm-1');
});

test('every refusal has its own code and none is retried by the client', async () => {
  const cases: [number, string, ModelErrorCode][] = [
    [402, 'budget_exceeded', 'BudgetExceeded'],
    [409, 'dead_fence', 'DeadFence'],
    [401, 'authentication_error', 'Unauthenticated'],
    [400, 'invalid_request_error', 'Refused'],
    [400, 'replay_ran_dry', 'ReplayDry'],
    [429, 'rate_limit_error', 'Overloaded'],
    [529, 'overloaded_error', 'Overloaded'],
    [502, 'api_error', 'Unavailable'],
  ];
  for (const [status, type, code] of cases) {
    let calls = 0;
    const failing = model(() => {
      calls++;
      return refused(status, type, `said ${status}`);
    });
    await assert.rejects(failing.send(REQUEST, live()), (error: unknown) => {
      assert.ok(error instanceof ModelError);
      assert.deepEqual([error.code, error.message, calls], [code, `said ${status}`, 1]);
      return true;
    });
  }
});

test('retry-after is handed on in milliseconds', async () => {
  const busy = model(() => refused(429, 'rate_limit_error', 'slow down', { 'retry-after': '3' }));
  await assert.rejects(
    busy.send(REQUEST, live()),
    (error: unknown) => error instanceof ModelError && error.retryable && error.retryAfterMs === 3_000,
  );
});

test('no connection and a stream cut short are Unavailable', async () => {
  const unreachable = model(() => Promise.reject(new TypeError('refused')));
  const isUnavailable = (error: unknown) => error instanceof ModelError && error.code === 'Unavailable';
  await assert.rejects(unreachable.send(REQUEST, live()), isUnavailable);
  const cut = model(() => new Response('event: ping\ndata: {"type":"ping"}\n\n'));
  await assert.rejects(cut.send(REQUEST, live()), isUnavailable);
});

test('a model that does not take a temperature is asked again without it, and it is told once', async () => {
  const dropped: string[] = [];
  const bodies: { temperature?: number }[] = [];
  const picky = model(
    async (request) => {
      const body = (await request.json()) as { temperature?: number };
      bodies.push(body);
      return body.temperature === undefined
        ? streamed()
        : refused(400, 'invalid_request_error', 'temperature: not supported');
    },
    { temperature: 0.1, onDropped: (parameter) => dropped.push(parameter) },
  );
  await picky.send(REQUEST, live());
  await picky.send(REQUEST, live());
  assert.deepEqual(
    bodies.map((body) => body.temperature),
    [0.1, undefined, undefined],
  );
  assert.deepEqual(dropped, ['temperature']);
});

test('an aborted call throws the reason of its signal', async () => {
  const stop = new AbortController();
  const hanging = model((request) => {
    stop.abort(new Error('fence is dead'));
    return new Promise((_, reject) => {
      if (request.signal.aborted) reject(request.signal.reason);
      request.signal.addEventListener('abort', () => reject(request.signal.reason));
    });
  });
  await assert.rejects(hanging.send(REQUEST, stop.signal), /fence is dead/);
});
