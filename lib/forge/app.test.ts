import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { Octokit } from '@octokit/core';
import { jwtVerify } from 'jose';
import { appTokens } from './app.ts';
import { json, scripted } from './doubles.ts';
import { ForgeError } from './error.ts';
import { createForge } from './github.ts';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const privateKey = pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const app = { appId: '12', privateKey, installationId: 345 };
const HOUR = 3_600_000;

function installation(token: string, expiresAt: number) {
  return json({ token, expires_at: new Date(expiresAt).toISOString(), permissions: { contents: 'write' } }, 201);
}

function setup(...steps: Parameters<typeof scripted>) {
  const clock = { now: Date.now() };
  const { fetch, asked } = scripted(...steps);
  const octokit = new Octokit({ baseUrl: 'http://forge.test', request: { fetch } });
  return { clock, asked, tokens: appTokens(app, octokit, () => clock.now) };
}

async function failure(promise: Promise<unknown>): Promise<ForgeError> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ForgeError, String(error));
  return error;
}

test('an installation token is asked for with a JWT of the App, once for all who ask at a time', async () => {
  const { tokens, asked, clock } = setup(() => installation('ghs_one', clock.now + HOUR));
  assert.deepEqual(await Promise.all([tokens.token(), tokens.token()]), ['ghs_one', 'ghs_one']);
  assert.equal(await tokens.token(), 'ghs_one');
  assert.equal(asked.length, 1);
  assert.equal(asked[0]?.url, 'http://forge.test/app/installations/345/access_tokens');
  const { payload } = await jwtVerify(asked[0]!.authorization!.replace('bearer ', ''), pair.publicKey);
  assert.equal(String(payload.iss), '12');
  assert.ok(payload.exp! - payload.iat! <= 600);
});

test('an installation token is renewed before its end, and one that still works outlives a forge that is away', async () => {
  const { tokens, clock, asked } = setup(
    () => installation('ghs_one', clock.now + HOUR),
    json({ message: 'down' }, 503),
    () => installation('ghs_two', clock.now + HOUR),
  );
  await tokens.token();
  clock.now += HOUR - 5 * 60_000 - 1;
  assert.equal(await tokens.token(), 'ghs_one');
  assert.equal(asked.length, 1);
  clock.now += 2;
  assert.equal(await tokens.token(), 'ghs_one', 'the forge is away, and the token has five minutes left');
  assert.equal(await tokens.token(), 'ghs_two');
  assert.equal(asked.length, 3);
});

test('a token that the forge no longer takes is asked for anew', async () => {
  const { tokens, clock, asked } = setup(() => installation('ghs_one', clock.now + HOUR));
  await tokens.token();
  tokens.forget();
  await tokens.token();
  assert.equal(asked.length, 2);
});

for (const [status, message, code, said] of [
  [404, 'Not Found', 'InstallationRemoved', /no installation 345 of the App 12: install the App again/],
  [403, 'This installation has been suspended', 'InstallationSuspended', /installation 345 .* has been suspended/],
  [401, 'A JSON web token could not be decoded', 'Unauthorized', /does not take the key of the App 12/],
  [503, 'boom', 'Unavailable', /answered 503/],
] as const)
  test(`an installation whose token is answered with ${status} is ${code}`, async () => {
    const error = await failure(setup(json({ message }, status)).tokens.token());
    assert.deepEqual([error.code, error.outcome], [code, 'definite']);
    assert.match(error.message, said);
    assert.ok(!JSON.stringify([error, error.stack, error.cause]).includes('PRIVATE KEY'));
  });

test('an installation is the account that is called after its App, and sends its token and no JWT', async () => {
  const answers = (url: string) => {
    if (url.endsWith('/access_tokens')) return installation('ghs_one', Date.now() + HOUR);
    if (url.endsWith('/app')) return json({ id: 12, slug: 'rig-conductor' });
    return json({ id: 99, login: 'rig-conductor[bot]', type: 'Bot' });
  };
  const { fetch, asked } = scripted(({ url }) => answers(url));
  const forge = createForge({ baseURL: 'http://forge.test', app, fetch });
  assert.deepEqual(await forge.whoami(), { id: 99, login: 'rig-conductor[bot]', kind: 'bot' });
  const user = asked.find(({ url }) => url.includes('/users/'));
  assert.equal(user?.url, 'http://forge.test/users/rig-conductor%5Bbot%5D');
  assert.equal(user?.authorization, 'token ghs_one');
  const { headerValue } = await forge.gitAuthorization();
  assert.equal(Buffer.from(headerValue.slice(6), 'base64').toString(), 'x-access-token:ghs_one');
});

test('whether an installation may push is said by its token, not by what a repository says of accounts', async () => {
  const repository = (push: boolean) => ({
    id: 5,
    name: 'widgets',
    owner: { login: 'acme' },
    default_branch: 'main',
    permissions: { push },
  });
  const mayPush = async (permissions: object, push: boolean) => {
    const expires_at = new Date(Date.now() + HOUR).toISOString();
    const { fetch } = scripted(({ url }) =>
      url.endsWith('/access_tokens')
        ? json({ token: 'ghs_one', expires_at, permissions }, 201)
        : json(repository(push)),
    );
    const told = await createForge({ baseURL: 'http://forge.test', app, fetch }).repositoryIfChanged(5);
    return told.notModified ? undefined : told.value.mayPush;
  };
  assert.equal(await mayPush({ contents: 'write' }, false), true);
  assert.equal(await mayPush({ contents: 'read' }, true), false);
  assert.equal(await mayPush({}, true), false);
});

test("an installation's token is in no error's text, even where the forge sends it back", async () => {
  const { fetch } = scripted(({ url }) =>
    url.endsWith('/access_tokens')
      ? installation('ghs_asecretofthetests', Date.now() + HOUR)
      : json({ message: 'you sent ghs_asecretofthetests' }, 422),
  );
  const forge = createForge({ baseURL: 'http://forge.test', app, fetch });
  const error = await failure(forge.comment({ owner: 'ada', name: 'engine' }, 1, 'x'));
  assert.ok(!JSON.stringify([error, error.stack, error.cause]).includes('ghs_asecretofthetests'));
});

for (const [title, refusal, minting, code] of [
  ['removed', [401, 'Bad credentials'], [404, 'Not Found'], 'InstallationRemoved'],
  [
    'suspended',
    [403, 'This installation has been suspended'],
    [403, 'This installation has been suspended'],
    'InstallationSuspended',
  ],
] as const)
  test(`a call under an installation that was ${title} meanwhile says so, instead of speaking of credentials`, async () => {
    let minted = 0;
    const { fetch } = scripted(({ url }) => {
      if (!url.endsWith('/access_tokens')) return json({ message: refusal[1] }, refusal[0]);
      return ++minted === 1 ? installation('ghs_one', Date.now() + HOUR) : json({ message: minting[1] }, minting[0]);
    });
    const forge = createForge({ baseURL: 'http://forge.test', app, fetch });
    assert.equal((await failure(forge.issue({ owner: 'ada', name: 'engine' }, 1))).code, code);
  });

test('a call that an installation may not make is Forbidden, and asks for no other token', async () => {
  const { fetch, asked } = scripted(({ url }) =>
    url.endsWith('/access_tokens')
      ? installation('ghs_one', Date.now() + HOUR)
      : json({ message: 'Resource not accessible by integration' }, 403),
  );
  const forge = createForge({ baseURL: 'http://forge.test', app, fetch });
  assert.equal((await failure(forge.issue({ owner: 'ada', name: 'engine' }, 1))).code, 'Forbidden');
  assert.equal(asked.filter(({ url }) => url.endsWith('/access_tokens')).length, 1);
});
