import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity } from '@sigstore/verify';
import { holderOf } from './certificate.ts';
import { openBundle, readTrust } from './index.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'test', 'testdata', 'sigstore-conformance');
const SUBJECT =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';
/** Holds the roots of the public instance, with an end of its log that only that case is about. */
const PUBLIC = 'trust-root-tlog-validity-end-inclusive';

const cases = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const file = (name: string, of: string): string | undefined => {
  const path = join(FOLDER, name, of);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
};

function publicRoot(): string {
  const root = JSON.parse(file(PUBLIC, 'trusted_root.json')!);
  delete root.tlogs[0].publicKey.validFor.end;
  return JSON.stringify(root);
}

/** Throws where the case is to be refused. */
function verify(name: string): void {
  const trust = readTrust(file(name, 'trusted_root.json') ?? publicRoot());
  const text = file(name, 'bundle.sigstore.json')!;
  const artifact = readFileSync(
    existsSync(join(FOLDER, name, 'artifact')) ? join(FOLDER, name, 'artifact') : join(FOLDER, 'a.txt'),
  );
  const holder = text.includes('"dsseEnvelope"') ? envelope(text, artifact) : signature(text, artifact);
  assert.equal(holder.subject, file(name, 'identity')?.trim() ?? SUBJECT);
  assert.equal(holder.issuer, file(name, 'issuer')?.trim() ?? ISSUER);

  function envelope(bundle: string, subject: Buffer) {
    const opened = openBundle(bundle, trust);
    const statement = JSON.parse(opened.payload) as { subject: { digest: { sha256: string } }[] };
    const digest = createHash('sha256').update(subject).digest('hex');
    assert.ok(statement.subject.some((one) => one.digest.sha256 === digest));
    return opened.identity;
  }

  /** An Approval signs no file; what verifies certificate, log and time is the same. */
  function signature(bundle: string, signed: Buffer) {
    const parsed = bundleFromJSON(JSON.parse(bundle));
    const entity = toSignedEntity(parsed, signed);
    trust.verifier.verify(entity);
    if (entity.key.$case !== 'certificate') throw new Error('a bare key');
    return holderOf(entity.key.certificate);
  }
}

/** Cases that are answered otherwise here, each with why. */
const otherwise: Readonly<Record<string, string>> = {
  'managed-key-happy-path': 'nobody vouches for who holds a bare key',
  'managed-key-and-trusted-root': 'nobody vouches for who holds a bare key',
};

for (const name of cases) {
  const reason = otherwise[name];
  const refused = name.endsWith('_fail') !== (reason !== undefined);
  test(`sigstore conformance: ${name} is ${refused ? 'refused' : 'taken'}${reason === undefined ? '' : `: ${reason}`}`, () => {
    if (refused) assert.throws(() => verify(name));
    else verify(name);
  });
}
