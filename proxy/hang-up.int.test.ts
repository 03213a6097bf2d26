import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { listen } from '#lib/http';
import { createProxy } from './app.ts';
import type { UsageRecord } from './usage.ts';

const caller = { namespace: 'a', task: 't', uid: 'u', fence: '1.1', agent: 'dev', issue: null, token: 'x' };

test('over real sockets: a client that hangs up in the middle of a stream is still charged for all of it', async (t) => {
  const clientIsGone = Promise.withResolvers<void>();
  const provider = new Hono();
  provider.post('/v1/messages', (c) =>
    streamSSE(c, async (stream) => {
      const usage = { input_tokens: 5, output_tokens: 1 };
      await stream.writeSSE({
        data: JSON.stringify({ type: 'message_start', message: { id: 'm', model: 'm', usage } }),
      });
      await clientIsGone.promise;
      await stream.writeSSE({ data: JSON.stringify({ type: 'message_delta', usage: { output_tokens: 99 } }) });
    }),
  );
  const upstream = await listen(provider);
  const recorded = Promise.withResolvers<UsageRecord>();
  const proxy = createProxy({
    verify: async () => caller,
    checkFence: async () => {},
    upstream: { url: upstream.url, key: () => undefined },
    provider: 'anthropic',
    record: async (usage) => recorded.resolve(usage),
    ready: async () => {},
  });
  const server = await listen(proxy.app);
  t.after(() => Promise.all([server.close(0), upstream.close(0)]));
  const hangUp = new AbortController();
  const response = await fetch(`${server.url}/v1/messages`, { method: 'POST', body: '{}', signal: hangUp.signal });
  await response.body?.getReader().read();
  hangUp.abort();
  clientIsGone.resolve();
  assert.equal((await recorded.promise).tokens.output, 99);
});
