import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type Agent, apiVersion, resources } from '#crds';
import { type GrantDocument, grantStatement } from '#domain';
import { realClock } from '#lib/kube';
import { createTerminal, ExitCode, ExitError } from '#lib/terminal';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { runCLI } from '../cli.ts';
import type { Tenant } from '../cluster.ts';
import { checkBundle, grantTo, renderGrant } from './trust-grant.ts';

const document: GrantDocument = {
  clusterUID: 'uid-of-the-cluster',
  namespace: 'tenant-a',
  agent: { name: 'dev-e', uid: 'uid-e' },
  taskClass: 'bugfix',
  model: 'model-1',
  tier: 'T1',
  nonce: 'nonce-0001',
};
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const bundleOf = (signed: GrantDocument) => {
  const payload = Buffer.from(JSON.stringify(grantStatement(signed, sha256))).toString('base64');
  return JSON.stringify({ dsseEnvelope: { payload } });
};

test('whoever signs a grant sees all of it, and no words of others move the cursor', () => {
  const shown = renderGrant({ ...document, model: 'model-1\u001b[2J' });
  for (const part of ['dev-e', 'tenant-a', 'T1', 'bugfix', 'model-1', 'uid-e', 'uid-of-the-cluster'])
    assert.ok(shown.includes(part), part);
  assert.ok(!shown.includes('\u001b'));
});

test('a bundle that cosign made is filed for the grant that it signs, and for no other', () => {
  checkBundle(bundleOf({ ...document, nonce: 'of-cosigns-own' }), document);
  const refused = (bundle: string, why: RegExp) =>
    assert.throws(
      () => checkBundle(bundle, document),
      (error) => error instanceof ExitError && why.test(error.message),
    );
  refused(bundleOf({ ...document, tier: 'T2' }), /signs something else: .*"tier":"T2"/);
  refused(bundleOf({ ...document, agent: { name: 'dev-f', uid: 'uid-f' } }), /signs something else/);
  for (const text of ['', '{}', '{"dsseEnvelope":{"payload":"e30="}}'])
    refused(text, /holds no signed grant|signs something else/);
});

/** Grants to an Agent of a tenant as the command does, with this said on the command line; nobody signs. */
async function granting(said: { readonly taskClass?: string; readonly model?: string; readonly clusterUid?: string }) {
  const client = new FakeClient(realClock);
  const spec = { role: 'developer', models: { default: { model: 'model-1' } } };
  const metadata = { namespace: 'tenant-a', name: 'dev-e' };
  await client.create(resources.Agent, { apiVersion, kind: 'Agent', metadata, spec } as unknown as Agent);
  const shown: string[] = [];
  const stream = { write: (text: string) => shown.push(text) > 0 };
  const { taskClass = 'bugfix', ...options } = said;
  const signing = { clusterUid: 'uid-of-the-cluster', ...options, signIn: 'local', yes: true } as const;
  const terminal = createTerminal({ stdout: stream, stderr: stream });
  const tenant = { client, namespace: 'tenant-a', rig: null } as unknown as Tenant;
  const error: unknown = await grantTo(tenant, { name: 'dev-e', taskClass, tier: 'T1' }, signing, terminal).catch(
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ExitError && error.code === ExitCode.Usage, String(error));
  return { shown, message: error.message };
}

for (const [what, said, why] of [
  [
    'a class that is none',
    { taskClass: 'Bug_Fix' },
    /^Bug_Fix is no class of work: lower-case letters, digits and dashes, at most 63\.$/,
  ],
  ['a class that is too long', { taskClass: 'a'.repeat(64) }, /^a{64} is no class of work/],
  ['an empty model', { model: '' }, /^--model is no id of a model: it has 1 to 128 characters, and no line break\.$/],
  ['a model of two lines', { model: 'a\rb' }, /^--model is no id of a model/],
  ['an empty uid', { clusterUid: '' }, /^--cluster-uid is no uid: it has 1 to 253 characters, and no line break\.$/],
] as const)
  test(`a grant for ${what} is a wrong command line before anything is shown or signed`, async () => {
    const { shown, message } = await granting(said);
    assert.match(message, why);
    assert.deepEqual(shown, []);
  });

test('a grant that can be signed is shown before somebody signs in', async () => {
  const { shown, message } = await granting({});
  assert.match(shown.join(''), /You grant dev-e of tenant-a a start at T1/);
  assert.match(message, /has a sign-in code; sign in with browser or device/);
});

test('rig trust grant: a note that is too long is a wrong command line, before anything is asked of a cluster', async () => {
  const told: string[] = [];
  const write = process.stderr.write;
  process.stderr.write = ((text: string) => told.push(text) > 0) as typeof write;
  try {
    assert.equal(await runCLI(['trust', 'grant', 'dev-e', 'bugfix', 'T1', '--note', 'x'.repeat(1_025)]), 2);
  } finally {
    process.stderr.write = write;
  }
  assert.match(told.join(''), /The note has 1025 characters; make it at most 1024/);
});
