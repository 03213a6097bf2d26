import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Hono } from 'hono';
import { Hono as App } from 'hono';
import { type HttpError, problemHandler } from '#lib/http';
import { KubeError, Stalled } from '#lib/kube';
import { repositoryOf, SECRET, send, sign } from './intake.int-kit.ts';
import { Payloads } from './payloads.ts';
import { type IntakeOptions, intakeRoute } from './route.ts';

const payload = { zen: 'Speak like a human.', repository: { id: 5, full_name: 'acme/widgets' } };

const payloads = new Payloads();
after(() => payloads.close());

interface Stored {
  readonly rows: { id: string; event: string; headers: string; body: Buffer }[];
  readonly stored: () => number;
  readonly app: Hono;
}

/** The route over a database of one table that knows ids. */
function serve(change: Partial<IntakeOptions> = {}): Stored {
  const rows: Stored['rows'] = [];
  let told = 0;
  const query = async (_sql: string, [id, event, headers, body]: [string, string, string, Buffer]) => {
    const fresh = rows.every((row) => row.id !== id);
    if (fresh) rows.push({ id, event, headers, body });
    return { rowCount: fresh ? 1 : 0 };
  };
  const app = new App();
  app.onError(problemHandler());
  const options: IntakeOptions = {
    db: { query } as unknown as IntakeOptions['db'],
    repositories: () => [repositoryOf(5, 'acme/widgets')],
    webhookSecret: async () => SECRET,
    payloads,
    onStored: () => {
      told += 1;
    },
    now: () => 0,
    ...change,
  };
  app.post('/webhooks/github', intakeRoute(options));
  return { rows, stored: () => told, app };
}

async function refusal(answer: Response): Promise<[number, HttpError['reason']]> {
  const { reason, detail } = (await answer.json()) as { reason: string; detail: string };
  assert.match(detail, /^[A-Z].*\.$/s, 'one sentence');
  return [answer.status, reason];
}

test("the signature of GitHub's known answer is the one that is asked for", () => {
  const known = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
  assert.equal(sign('Hello, World!', "It's a Secret to Everybody"), known);
});

test('a delivery is stored byte for byte before it is answered with 202, and told of once', async () => {
  const { app, rows, stored } = serve();
  const body = `{"repository" :\t{"id":5,"full_name":"acme/widgets"},"text":"ünï\\u0000"}`;
  const answer = await send(app, 'push', body, { id: 'one', headers: { 'x-github-hook-id': '7', cookie: 'secret' } });
  assert.equal(answer.status, 202);
  assert.deepEqual(await answer.json(), { delivery: 'one', stored: true });
  assert.equal(rows[0]!.body.toString(), body);
  const headers = JSON.parse(rows[0]!.headers);
  assert.deepEqual(
    [headers['x-github-hook-id'], headers['rig-forge-host'], headers.cookie],
    ['7', 'api.github.com', undefined],
  );
  assert.equal(stored(), 1);
});

test('a delivery that comes before the Repositories are known is kept until they are, and refused with 503 where that takes too long', async () => {
  const starting = Promise.withResolvers<void>();
  let repositories: ReturnType<typeof repositoryOf>[] = [];
  const { app, rows } = serve({ repositories: () => repositories, known: () => starting.promise });
  const early = send(app, 'push', payload, { id: 'early' });
  repositories = [repositoryOf(5, 'acme/widgets')];
  starting.resolve();
  assert.equal((await early).status, 202);
  assert.deepEqual(
    rows.map(({ id }) => id),
    ['early'],
  );
  const never = serve({ repositories: () => [], known: () => Promise.reject(new Error('Aborted')) });
  assert.deepEqual(await refusal(await send(never.app, 'push', payload)), [503, 'NotKnownYet']);
});

test('a second delivery of one id is answered with 200 and told to nobody', async () => {
  const { app, rows, stored } = serve();
  assert.equal((await send(app, 'ping', payload, { id: 'one' })).status, 202);
  const again = await send(app, 'ping', { ...payload, zen: 'other' }, { id: 'one' });
  assert.equal(again.status, 200);
  assert.match(JSON.stringify(await again.json()), /stored already/);
  assert.equal(rows.length, 1);
  assert.equal(stored(), 1);
});

const refused: [string, [number, string], Parameters<typeof send>[1], unknown, Parameters<typeof send>[3]?][] = [
  ['a signature by another secret', [401, 'BadSignature'], 'ping', payload, { secret: 'guess' }],
  ['no signature', [401, 'BadSignature'], 'ping', payload, { headers: { 'x-hub-signature-256': '' } }],
  [
    'a signature of the older kind',
    [401, 'BadSignature'],
    'ping',
    payload,
    { headers: { 'x-hub-signature-256': 'sha1=00' } },
  ],
  [
    'a repository nobody follows',
    [404, 'UnknownRepository'],
    'ping',
    { repository: { id: 6, full_name: 'acme/other' } },
  ],
  ['a body that is no JSON', [400, 'NotJSON'], 'ping', 'payload=%7B%7D'],
  ['an empty body', [400, 'NotJSON'], 'ping', ''],
  ['a JSON body that is no object', [400, 'NotJSON'], 'ping', 'null'],
  ['a JSON body that is a list', [400, 'NotJSON'], 'ping', '[{"repository":{}}]'],
  ['a repository without an id', [400, 'NoRepository'], 'ping', { repository: { full_name: 'acme/widgets' } }],
  ['a form', [400, 'NotJSON'], 'ping', payload, { headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
  ['no delivery id', [400, 'NotADelivery'], 'ping', payload, { id: '' }],
  ['a delivery id with a path in it', [400, 'NotADelivery'], 'ping', payload, { id: '../one' }],
  ['an event that is none', [400, 'NotADelivery'], 'Ping!', payload],
];
for (const [title, expected, event, body, options] of refused)
  test(`${title}: ${expected.join(' ')}, and nothing is stored`, async () => {
    const { app, rows, stored } = serve();
    assert.deepEqual(await refusal(await send(app, event, body, options)), expected);
    assert.equal(rows.length + stored(), 0);
  });

test('what nobody here signed is not parsed, whatever it is: 401', async (t) => {
  const { app } = serve();
  const parse = t.mock.method(JSON, 'parse');
  const bomb = `{"repository":{"id":5,"full_name":"acme/widgets"},"x":[${'[],'.repeat(1_000)}0]}`;
  for (const body of [bomb, 'no JSON', JSON.stringify({ repository: { id: 6, full_name: 'acme/other' } })])
    assert.equal((await send(app, 'ping', body, { secret: 'guess' })).status, 401);
  assert.equal(parse.mock.callCount(), 0);
});

test('a hook that says whose it is costs the secret of no other; one that says nothing finds its own among all', async () => {
  const asked: string[] = [];
  const { app } = serve({
    repositories: () => [repositoryOf(4, 'acme/gears'), repositoryOf(5, 'acme/widgets')],
    webhookSecret: async ({ metadata }) => {
      asked.push(metadata.name!);
      if (metadata.name === 'repo-4') throw new KubeError('Forbidden', 'no such right');
      return SECRET;
    },
  });
  const target = {
    'x-github-hook-installation-target-type': 'repository',
    'x-github-hook-installation-target-id': '5',
  };
  assert.equal((await send(app, 'ping', payload, { headers: target })).status, 202);
  assert.deepEqual(asked.splice(0), ['repo-5']);
  assert.equal((await send(app, 'ping', payload)).status, 202);
  assert.deepEqual(asked, ['repo-4', 'repo-5']);
});

test('a body over 25 MiB is 413, declared or not, and one of 25 MiB is stored', async () => {
  const { app, rows } = serve();
  const limit = 25 * 1024 * 1024;
  const empty = JSON.stringify({ ...payload, zen: '' });
  const whole = JSON.stringify({ ...payload, zen: 'z'.repeat(limit - empty.length) });
  assert.deepEqual(await refusal(await send(app, 'ping', `${whole} `)), [413, 'BodyTooLarge']);
  const lied = await send(app, 'ping', `${whole} `, { headers: { 'content-length': '10' } });
  assert.deepEqual(await refusal(lied), [413, 'BodyTooLarge']);
  assert.equal(rows.length, 0);
  assert.equal((await send(app, 'ping', whole)).status, 202);
});

test('a database that fails is a 5xx: nothing is acknowledged, nobody is told', async () => {
  const query = async () => Promise.reject(new Error('no disk'));
  const { app, stored } = serve({ db: { query } as unknown as IntakeOptions['db'] });
  const answer = await send(app, 'ping', payload);
  assert.equal(answer.status, 500);
  assert.doesNotMatch(await answer.text(), /no disk/);
  assert.equal(stored(), 0);
});

test('a Secret that may not be read verifies nothing; one that cannot be read now is a 5xx, so that the forge comes again', async () => {
  const stalled = serve({ webhookSecret: async () => Promise.reject(new Stalled('SecretMissing', 'No such Secret.')) });
  assert.equal((await send(stalled.app, 'ping', payload)).status, 401);
  const none = serve({ webhookSecret: async () => null });
  assert.equal((await send(none.app, 'ping', payload, { secret: '' })).status, 401);
  const away = serve({ webhookSecret: async () => Promise.reject(new KubeError('Unavailable', 'no answer')) });
  assert.equal((await send(away.app, 'ping', payload)).status, 500);
});

test('of two Repositories of one forge repository only the older speaks for it', async () => {
  const elder = repositoryOf(5, 'acme/widgets', { name: 'elder', creationTimestamp: '2026-01-01T00:00:00Z' as never });
  const younger = repositoryOf(5, 'acme/widgets', {
    name: 'younger',
    creationTimestamp: '2026-01-02T00:00:00Z' as never,
  });
  const webhookSecret: IntakeOptions['webhookSecret'] = async ({ metadata }) => `secret of ${metadata.name}`;
  const { app } = serve({ repositories: () => [younger, elder], webhookSecret });
  assert.equal((await send(app, 'ping', payload, { secret: 'secret of younger' })).status, 401);
  assert.equal((await send(app, 'ping', payload, { secret: 'secret of elder' })).status, 202);
});

test('one id at two forges: each signs with its own secret, and the delivery keeps which it was', async () => {
  const here = repositoryOf(5, 'acme/widgets');
  const there = { ...here, spec: { ...here.spec, apiURL: 'https://ghe.example:8443/api/v3' } };
  const webhookSecret: IntakeOptions['webhookSecret'] = async ({ spec }) => `secret of ${new URL(spec.apiURL).host}`;
  const { app, rows } = serve({ repositories: () => [here, there], webhookSecret });
  assert.equal((await send(app, 'ping', payload, { secret: 'secret of ghe.example:8443' })).status, 202);
  assert.equal(JSON.parse(rows[0]!.headers)['rig-forge-host'], 'ghe.example:8443');
});

test('a name is for anybody to write down: only the forge id that was read counts, under whatever name', async () => {
  const statusOf = async (repository: unknown) =>
    (await send(serve({ repositories: () => [repository as never] }).app, 'ping', payload)).status;
  assert.equal(await statusOf({ ...repositoryOf(5, 'acme/widgets'), status: undefined }), 404);
  assert.equal(await statusOf(repositoryOf(6, 'acme/widgets')), 404);
  assert.equal(await statusOf(repositoryOf(5, 'acme/former-name')), 202);
});

test('a Repository that is Stalled speaks for nothing', async () => {
  const repository = repositoryOf(5, 'acme/widgets');
  const conditions = [{ type: 'Stalled', status: 'True', reason: 'DuplicateRepository' }];
  const stalled = { ...repository, status: { ...repository.status, conditions } };
  const { app } = serve({ repositories: () => [stalled as never] });
  assert.equal((await send(app, 'ping', payload)).status, 404);
});
