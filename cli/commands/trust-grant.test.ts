import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type GrantDocument, grantStatement } from '#domain';
import { ExitError } from '#lib/terminal';
import { checkBundle, renderGrant } from './trust-grant.ts';

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
