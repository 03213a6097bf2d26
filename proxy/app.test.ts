import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { ConductorError, type FenceResponse } from '#lib/conductor';
import { createProxy, type ProxyDeps } from './app.ts';
import { fenceCheck } from './fence.ts';
import type { UsageRecord } from './usage.ts';
import { verifier } from './verify.ts';

const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'EdDSA' }] });

const sign = (more: { audience?: string; issuer?: string; expires?: string; sub?: string; fence?: string } = {}) =>
  new SignJWT({ uid: 'uid-1', fence: more.fence ?? '1.7', agent: 'dev-e', issue: 'i7' })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'k1' })
    .setIssuer(more.issuer ?? 'rig-conductor')
    .setAudience(more.audience ?? 'rig-proxy')
    .setSubject(more.sub ?? 'team-a/i7-implement')
    .setExpirationTime(more.expires ?? '10m')
    .sign(privateKey);

const STREAM = [
  {
    type: 'message_start',
    message: {
      id: 'msg_1',
      model: 'm-served',
      usage: { input_tokens: 10, output_tokens: 1, cache_read_input_tokens: 4 },
    },
  },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'héllo' } },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 25 } },
  { type: 'message_stop' },
].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);

const streamed = () =>
  new Response(STREAM.join(''), {
    headers: { 'content-type': 'text/event-stream', 'request-id': 'req_1', 'set-cookie': 'a=b' },
  });

interface Set {
  upstream?: (url: string, init: RequestInit) => Promise<Response> | Response;
  key?: string;
  fence?: () => Promise<FenceResponse>;
  record?: ProxyDeps['record'];
}

function set({ upstream = streamed, key, fence = async () => ({ live: true, fence: '1.7' }), record }: Set = {}) {
  const sent: { url: string; init: RequestInit }[] = [];
  const recorded: UsageRecord[] = [];
  const clock = { at: 0 };
  let asked = 0;
  const proxy = createProxy({
    verify: verifier(keys),
    checkFence: fenceCheck(
      {
        fence: async () => {
          asked++;
          return fence();
        },
      },
      { now: () => clock.at },
    ),
    upstream: {
      url: 'http://upstream.test',
      key: () => key,
      fetch: (async (url: string, init: RequestInit) => {
        sent.push({ url, init });
        return upstream(url, init);
      }) as unknown as typeof fetch,
    },
    provider: 'anthropic',
    record: record ?? (async (usage) => void recorded.push(usage)),
    ready: async () => {},
  });
  const post = async (headers: Record<string, string>, body = '{"model":"m"}', path = '/v1/messages') =>
    proxy.app.request(path, { method: 'POST', headers, body });
  return { proxy, post, sent, recorded, clock, asked: () => asked };
}

const bearer = async (more: Parameters<typeof sign>[0] = {}) => ({ authorization: `Bearer ${await sign(more)}` });
const errorOf = async (response: Response) => ((await response.json()) as { error: { type: string } }).error.type;

test('the answer passes byte for byte and its usage is recorded with the task it belongs to', async () => {
  const { post, recorded } = set();
  const response = await post(await bearer());
  assert.equal(await response.text(), STREAM.join(''));
  assert.equal(response.headers.get('set-cookie'), null);
  assert.deepEqual(recorded, [
    {
      namespace: 'team-a',
      task: 'i7-implement',
      taskUid: 'uid-1',
      agent: 'dev-e',
      issue: 'i7',
      model: 'm-served',
      asked: 'm',
      provider: 'anthropic',
      tokens: { input: 10, output: 25, cacheRead: 4, cacheWrite: 0 },
      requestId: 'req_1',
    },
  ]);
});

test('the request body goes out unchanged, the task token never, and the provider key in the header the client used', async () => {
  const body = '{"model":"m",  "odd": "\\u00e9" }';
  for (const header of ['x-api-key', 'authorization']) {
    const { post, sent } = set({ key: 'provider-key' });
    const token = await sign();
    await (
      await post(
        { [header]: header === 'x-api-key' ? token : `Bearer ${token}`, 'anthropic-beta': 'b', cookie: 'c' },
        body,
        '/v1/messages?beta=true',
      )
    ).text();
    const headers = new Headers(sent[0]?.init.headers);
    assert.equal(sent[0]?.url, 'http://upstream.test/v1/messages?beta=true');
    assert.equal(Buffer.from(sent[0]?.init.body as Uint8Array).toString(), body);
    assert.equal(headers.get(header), header === 'x-api-key' ? 'provider-key' : 'Bearer provider-key');
    assert.deepEqual([headers.get('anthropic-beta'), headers.get('cookie')], ['b', null]);
    assert.ok(![...headers.values()].some((value) => value.includes(token)));
  }
});

test('no key goes to an upstream that asks for none', async () => {
  const { post, sent } = set();
  await (await post(await bearer())).text();
  const headers = new Headers(sent[0]?.init.headers);
  assert.deepEqual([headers.get('authorization'), headers.get('x-api-key')], [null, null]);
});

test('a missing, foreign, expired, or malformed token is refused with 401 before anything is asked', async () => {
  const { post, sent, asked } = set();
  const wrong = [
    {},
    { authorization: 'Bearer nonsense' },
    await bearer({ audience: 'rig-conductor' }),
    await bearer({ issuer: 'someone' }),
    await bearer({ expires: '-1m' }),
    await bearer({ sub: 'no-namespace' }),
  ];
  for (const headers of wrong) {
    const response = await post(headers as Record<string, string>);
    assert.deepEqual([response.status, await errorOf(response)], [401, 'authentication_error']);
  }
  assert.deepEqual([sent.length, asked()], [0, 0]);
});

test('a dead claim, a claim of a newer fence, and an unknown task are refused with 409 dead_fence', async () => {
  const dead = [
    async () => ({ live: false, fence: '1.7' }),
    async () => ({ live: true, fence: '1.8' }),
    () => Promise.reject(new ConductorError('NotFound', 'gone')),
    () => Promise.reject(new ConductorError('DeadFence', 'dead')),
  ];
  for (const fence of dead) {
    const { post, sent } = set({ fence });
    const response = await post(await bearer());
    assert.deepEqual([response.status, await errorOf(response), sent.length], [409, 'dead_fence', 0]);
    assert.equal(response.headers.get('x-should-retry'), 'false');
  }
});

test('a conductor that does not answer: 503, nothing is served, and the failure is not kept', async () => {
  let fails = true;
  const { post, sent } = set({
    fence: async () => {
      if (fails) throw new ConductorError('Unavailable', 'down');
      return { live: true, fence: '1.7' };
    },
  });
  assert.equal((await post(await bearer())).status, 503);
  assert.equal(sent.length, 0);
  fails = false;
  assert.equal((await post(await bearer())).status, 200);
});

test('an answer about the fence is kept for two seconds and no longer', async () => {
  const { post, clock, asked } = set();
  for (const at of [0, 1_999, 2_000, 3_999]) {
    clock.at = at;
    await (await post(await bearer())).text();
  }
  assert.equal(asked(), 2);
});

test('a client that hangs up: the answer is read to its end and its usage recorded', async () => {
  const pieces = STREAM.map((text) => Buffer.from(text));
  let pulled = 0;
  const upstream = () =>
    new Response(
      new ReadableStream(
        { pull: (c) => (pulled < pieces.length ? c.enqueue(pieces[pulled++] as Buffer) : c.close()) },
        { highWaterMark: 0 },
      ),
      { headers: { 'content-type': 'text/event-stream' } },
    );
  const { post, recorded, proxy } = set({ upstream });
  const response = await post(await bearer());
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await proxy.idle();
  assert.equal(pulled, pieces.length);
  assert.deepEqual([recorded[0]?.tokens.output, recorded[0]?.requestId], [25, 'msg_1']);
});

test('a refusal of the provider passes with its status and body, and costs nothing', async () => {
  const upstream = () =>
    Response.json(
      { type: 'error', error: { type: 'overloaded_error', message: 'busy' } },
      { status: 529, headers: { 'retry-after': '3' } },
    );
  const { post, recorded } = set({ upstream });
  const response = await post(await bearer());
  assert.deepEqual(
    [response.status, response.headers.get('retry-after'), await errorOf(response)],
    [529, '3', 'overloaded_error'],
  );
  assert.deepEqual(recorded, []);
});

test('a whole answer is recorded as well as a streamed one', async () => {
  const message = { type: 'message', id: 'msg_2', model: 'm', usage: { input_tokens: 3, output_tokens: 4 } };
  const { post, recorded } = set({ upstream: () => Response.json(message) });
  assert.deepEqual(await (await post(await bearer())).json(), message);
  assert.deepEqual(recorded[0]?.tokens, { input: 3, output: 4, cacheRead: 0, cacheWrite: 0 });
});

test('a provider that cannot be reached is a 502 in the shape of the API', async () => {
  const { post } = set({ upstream: () => Promise.reject(new TypeError('refused')) });
  const response = await post(await bearer());
  assert.deepEqual([response.status, await errorOf(response)], [502, 'upstream_unreachable']);
});

test('usage that cannot be recorded does not take the answer away', async () => {
  const { post } = set({ record: () => Promise.reject(new Error('database is down')) });
  assert.equal(await (await post(await bearer())).text(), STREAM.join(''));
});

test('a body over 32 MiB is refused with 413', async () => {
  const { post, sent } = set();
  const response = await post({ ...(await bearer()), 'content-length': String(33_554_433) }, 'x');
  assert.deepEqual([response.status, sent.length], [413, 0]);
});

test('the root answers HEAD, other paths 404 in the shape of the API', async () => {
  const { proxy } = set();
  assert.equal((await proxy.app.request('/', { method: 'HEAD' })).status, 200);
  const other = await proxy.app.request('/v1/models');
  assert.deepEqual([other.status, await errorOf(other)], [404, 'not_found_error']);
});
