import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { type Agent, annotations, labels, type Repository } from '#crds';
import { isKubeError, type KubeClient, KubeError, SECRETS, Stalled } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { credentialOf } from './credential.ts';
import { Forges, forgeHost } from './forges.ts';
import { readForgeSecret } from './secrets.ts';

const HOST = 'ghe.example:8443';

function repositoryAt(apiURL: string, cloneURL: string, change: Partial<Repository['spec']> = {}): Repository {
  const spec = { apiURL, cloneURL, credentialsSecretRef: { name: 'forge' }, ...change };
  return { metadata: { name: 'widgets', namespace: 'team' }, spec } as unknown as Repository;
}
const repository = repositoryAt(`https://${HOST}/api/v3`, `https://${HOST}/acme/widgets.git`);

interface Told {
  readonly labelled?: boolean;
  readonly host?: string | null;
  readonly data?: Record<string, string>;
}

/** Forges over Secrets in memory; the forge answers who a token belongs to. */
async function setUp(secrets: Record<string, Told> = { forge: {} }) {
  const client = new FakeClient(new FakeClock());
  const put = async (name: string, { labelled = true, host = HOST, data = { token: 'one' } }: Told) => {
    const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
    const metadata = {
      namespace: 'team',
      name,
      ...(labelled ? { labels: { [labels.forge]: 'true' } } : {}),
      ...(host === null ? {} : { annotations: { [annotations.forgeHost]: host } }),
    };
    await client.apply(SECRETS, { metadata, data: Object.fromEntries(encoded) } as never);
  };
  for (const [name, told] of Object.entries(secrets)) await put(name, told);
  const asked: string[] = [];
  let now = 0;
  const clock = {
    forward: (ms: number) => {
      now += ms;
    },
  };
  let down = false;
  let limits: Record<string, string> = {};
  const limit = (headers: Record<string, string>) => {
    limits = headers;
  };
  const answer = async (input: unknown, init?: RequestInit) => {
    const token = new Headers(init?.headers).get('authorization')?.split(' ')[1] ?? '';
    asked.push(`${new URL(String(input)).host} ${token}`);
    if (down) return new Response('{}', { status: 401 });
    return Response.json({ id: token.length, login: `owner-of-${token}`, type: 'User' }, { headers: limits });
  };
  const forges = new Forges(
    client as unknown as KubeClient,
    { fetch: answer as typeof fetch, identitiesMax: 5 },
    () => now,
  );
  const refuse = (value: boolean) => {
    down = value;
  };
  return { client: client as unknown as KubeClient & FakeClient, forges, put, asked, clock, refuse, limit };
}

const refusals: [string, Told | null, string, RegExp][] = [
  ['no Secret', null, 'SecretMissing', /^Secret team\/forge does not exist; create it with the key token\.$/],
  ['a Secret without the label', { labelled: false }, 'SecretNotAllowed', /does not carry the label .*\.$/],
  [
    'a Secret that names no host',
    { host: null },
    'SecretNotAllowed',
    /may be sent to no host, not to ghe\.example:8443; .*\.$/,
  ],
  ['a Secret of another host', { host: 'evil.example' }, 'SecretNotAllowed', /may be sent to evil\.example, not to/],
  [
    'a Secret of the host at another port',
    { host: 'ghe.example' },
    'SecretNotAllowed',
    /may be sent to ghe\.example, not to/,
  ],
  [
    'a Secret without the key',
    { data: { secret: 'x' } },
    'SecretMissing',
    /has no key token; add it, or for an App the keys appId, privateKey and installationId\.$/,
  ],
];
for (const [title, told, reason, says] of refusals)
  test(`${title}: ${reason}, and nothing is asked of the forge`, async () => {
    const { forges, asked } = await setUp(told === null ? {} : { forge: told });
    await assert.rejects(forges.forRepository(repository), (error) => {
      assert.ok(error instanceof Stalled);
      assert.equal(error.reason, reason);
      assert.match(error.message, says);
      return true;
    });
    assert.deepEqual(asked, []);
  });

test('an API server that does not answer is passed on as it is, not taken for a missing Secret', async () => {
  const { client, forges } = await setUp();
  client.fault = () => {
    throw new KubeError('Unavailable', 'no answer');
  };
  await assert.rejects(forges.forRepository(repository), (error) => isKubeError(error, 'Unavailable'));
});

test('a value is read without the line end that people leave in it', async () => {
  const { client } = await setUp({ forge: { data: { token: ' one\n' } } });
  assert.equal(await readForgeSecret(client, { namespace: 'team', name: 'forge' }, 'token', HOST), 'one');
});

for (const [api, clone, allowed] of [
  ['https://api.github.com', 'https://github.com/acme/widgets.git', true],
  ['https://ghe.example/api/v3', 'https://ghe.example/acme/widgets.git', true],
  ['http://127.0.0.1:3000/api/v3', 'http://127.0.0.1:3000/acme/widgets.git', true],
  ['https://api.github.com', 'https://evil.example/acme/widgets.git', false],
  ['https://api.github.com', 'https://api.github.com.evil.example/acme/widgets.git', false],
  ['http://127.0.0.1:3000/api/v3', 'http://127.0.0.1:4000/acme/widgets.git', false],
] as const)
  test(`credentials for ${api} ${allowed ? 'go' : 'do not go'} to git at ${clone}`, async () => {
    const pair = repositoryAt(api, clone);
    const { forges, asked } = await setUp({ forge: { host: forgeHost(pair) } });
    if (allowed) return void assert.equal((await forges.forRepository(pair)).actor.login, 'owner-of-one');
    await assert.rejects(forges.forRepository(pair), { name: 'Stalled', reason: 'SecretNotAllowed' });
    assert.deepEqual(asked, []);
  });

test('who the account is, is asked once; a rotated token takes over within 30 seconds', async () => {
  const { forges, put, asked, clock } = await setUp();
  const first = await forges.forRepository(repository);
  await put('forge', { data: { token: 'second' } });
  clock.forward(29_999);
  assert.equal(await forges.forRepository(repository), first);
  clock.forward(1);
  assert.equal((await forges.forRepository(repository)).actor.login, 'owner-of-second');
  assert.deepEqual(asked, [`${HOST} one`, `${HOST} second`]);
});

test('a refused credential is asked for again the next time', async () => {
  const { forges, refuse } = await setUp();
  refuse(true);
  await assert.rejects(forges.forRepository(repository), { name: 'ForgeError', code: 'Unauthorized' });
  refuse(false);
  assert.equal((await forges.forRepository(repository)).actor.login, 'owner-of-one');
});

test('an Agent acts under its own identity, and one without says what is missing', async () => {
  const { forges } = await setUp({ forge: {}, dev: { data: { token: 'dev-token' } } });
  const agent = (ref?: { name: string }) =>
    ({ metadata: { name: 'dev-e' }, spec: { forgeCredentialsSecretRef: ref } }) as Agent;
  assert.equal((await forges.forAgent(agent({ name: 'dev' }), repository)).actor.login, 'owner-of-dev-token');
  const refusal = { reason: 'SecretMissing', message: /^Agent dev-e has no forge identity; set .*\.$/ };
  await assert.rejects(forges.forAgent(agent(), repository), refusal);
});

test('the webhook secret comes under the same rules, and is null where none is named', async () => {
  const { forges } = await setUp({ hook: { data: { secret: 's3cret' } }, other: { host: 'evil.example' } });
  assert.equal(await forges.webhookSecret(repository), null);
  const hooked = (name: string) =>
    ({ ...repository, spec: { ...repository.spec, webhookSecretRef: { name } } }) as Repository;
  assert.equal(await forges.webhookSecret(hooked('hook')), 's3cret');
  await assert.rejects(forges.webhookSecret(hooked('other')), { reason: 'SecretNotAllowed' });
});

test('what one identity may ask is counted once, whichever Secret and Repository it comes by', async () => {
  const { forges, limit, asked, clock } = await setUp({ forge: {}, same: {}, other: { data: { token: 'second' } } });
  const by = (name: string) =>
    ({ ...repository, spec: { ...repository.spec, credentialsSecretRef: { name } } }) as Repository;
  const [first, same, other] = [
    await forges.forRepository(by('forge')),
    await forges.forRepository(by('same')),
    await forges.forRepository(by('other')),
  ];
  limit({ 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '60' });
  await first.forge.issue({ owner: 'acme', name: 'widgets' }, 1).catch(() => undefined);
  const sent = asked.length;
  const refusal = { code: 'RateLimited', message: "It waits for the forge's rate limit until 1970-01-01T00:01:00Z." };
  await assert.rejects(same.forge.issue({ owner: 'acme', name: 'widgets' }, 1), refusal);
  assert.equal(asked.length, sent, 'nothing is sent in vain');
  assert.deepEqual(same.waiting(), { limit: 'primary', until: 60_000 });
  assert.equal(other.waiting(), null);
  clock.forward(60_000);
  assert.equal(same.waiting(), null);
});

test('one tenant that changes its token more often than identities are remembered makes nobody else forget a limit', async () => {
  const { forges, limit, clock, put } = await setUp({ forge: {}, restless: { data: { token: 'r' } } });
  const by = (name: string) =>
    ({ ...repository, spec: { ...repository.spec, credentialsSecretRef: { name } } }) as Repository;
  const first = await forges.forRepository(by('forge'));
  limit({ 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '3600' });
  await first.forge.issue({ owner: 'acme', name: 'widgets' }, 1).catch(() => undefined);
  limit({});
  for (let n = 0; n < 6; n += 1) {
    await put('restless', { data: { token: `r-${n}` } });
    clock.forward(30_001);
    await forges.forRepository(by('restless'));
  }
  await put('again', { data: { token: 'one' } });
  const again = await forges.forRepository(by('again')).catch((error: { code: string }) => error.code);
  assert.equal(again, 'RateLimited');
});

const pem = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const whole = { appId: '12', privateKey: pem, installationId: '345' };

for (const [title, data, reason, says] of [
  [
    'a token beside an App',
    { ...whole, token: 'x' },
    'SecretInvalid',
    /has a token and the key appId of an App; keep one/,
  ],
  ['a token of two lines', { token: 'one\ntwo' }, 'SecretInvalid', /key token of Secret team\/forge is no token/],
  [
    'an App without its key',
    { appId: '12', installationId: '345' },
    'SecretMissing',
    /has no key privateKey; an App needs/,
  ],
  [
    'an App whose id is no id',
    { ...whole, appId: 'a b' },
    'SecretInvalid',
    /key appId of Secret team\/forge is no App id/,
  ],
  [
    'an installation that is no number',
    { ...whole, installationId: 'x' },
    'SecretInvalid',
    /installationId .* no whole number/,
  ],
  [
    'a key that is no key',
    { ...whole, privateKey: 'secret words' },
    'SecretInvalid',
    /privateKey .* no RSA key in PEM/,
  ],
  ['a key of another kind', { ...whole, privateKey: elliptic }, 'SecretInvalid', /privateKey .* no RSA key in PEM/],
] as const)
  test(`${title} in a Secret is ${reason}, says which key, and shows nothing of it`, () => {
    assert.throws(
      () => credentialOf(data as Record<string, string>, 'Secret team/forge'),
      (error) => {
        assert.ok(error instanceof Stalled && error.reason === reason, String(error));
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /secret words|PRIVATE|one\ntwo/);
        return true;
      },
    );
  });

test('an App in a Secret is read whole, also a key whose line ends are written out', () => {
  const app = { appId: '12', privateKey: pem.trim(), installationId: 345 };
  assert.deepEqual(credentialOf({ ...whole, privateKey: pem.trim() }, 'S'), { kind: 'app', app });
  const flat = pem.trim().replaceAll('\n', '\\n');
  assert.deepEqual(credentialOf({ ...whole, privateKey: flat }, 'S'), { kind: 'app', app });
});
