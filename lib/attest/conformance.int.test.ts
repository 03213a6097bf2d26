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

/** Cases that do not apply: they verify with a key that is handed over, and nobody vouches for who holds a bare key. All are refused. */
const bareKeys = ['happy-path', 'and-trusted-root', 'no-key_fail', 'wrong-key_fail'].map(
  (name) => `managed-key-${name}`,
);

/** Why each case is refused: another refusal would say that the case was never reached. */
const refusals: readonly [RegExp, readonly string[]][] = [
  [/key not found/, bareKeys],
  [/JSON at position/, ['bundle-malformed-json_fail']],
  [
    /invalid (v0\.[12] )?bundle$/,
    [
      'bundle-empty-certificate-chain_fail',
      'bundle-unknown-version_fail',
      'intoto-missing-inclusion-proof_fail',
      'invalid-inclusion-proof_fail',
      'rekor2-no-inclusion-proof_fail',
    ],
  ],
  // A root among the certificates is not looked at, since chains end at a trusted one; the entry has no checkpoint.
  [/reading 'envelope'/, ['bundle-with-root-cert_fail']],
  [/no valid certificate path found/, ['bundle-from-wrong-instance_fail']],
  [/SCT verification failed/, ['invalid-ct-key_fail']],
  [
    /certificate is not valid or expired at the specified date/,
    [
      'integrated-time-in-future_fail',
      'intoto-expired-certificate_fail',
      'intoto-set-outside-signing-cert-validity_fail',
      'intoto-tsa-timestamp-outside-cert-validity_fail',
      'rekor2-timestamp-with-incorrect-time_fail',
    ],
  ],
  [
    /inclusion promise could not be verified/,
    [
      'bundle-invalid-base64-signature_fail',
      'bundle-negative-log-index_fail',
      'incorrect-public-key_fail',
      'set-invalid-signature_fail',
    ],
  ],
  [/invalid hash count/, ['checkpoint-wrong-roothash_fail']],
  [/calculated root hash does not match/, ['inclusion-proof-corrupted-hash_fail']],
  [
    /invalid checkpoint signature/,
    [
      'checkpoint-bad-keyhint_fail',
      'invalid-checkpoint-signature_fail',
      'rekor2-checkpoint-no-matching-signature_fail',
    ],
  ],
  [/no signatures found in checkpoint/, ['rekor2-checkpoint-missing-log-signature_fail']],
  [
    /too few lines in checkpoint header/,
    ['origin', 'root-hash', 'size'].map((what) => `rekor2-checkpoint-missing-${what}_fail`),
  ],
  [
    /tlog entry signature mismatch/,
    [
      'dsse-invalid-sig_fail',
      'dsse-mismatch-envelope_fail',
      'dsse-mismatch-sig_fail',
      'intoto-log-entry-mismatch_fail',
    ],
  ],
  [
    /(?<!entry )signature mismatch/,
    [
      'rekor2-dsse-invalid-sig_fail',
      'rekor2-dsse-mismatch-envelope_fail',
      'rekor2-dsse-mismatch-sig_fail',
      'signature-mismatch_fail',
      'wrong-hashedrekord-artifact_fail',
      'wrong-hashedrekord-cert-and-sig_fail',
      'wrong-hashedrekord-entry_fail',
    ],
  ],
  [/digest mismatch/, ['message-digest-mismatch_fail']],
  [/signature verification failed/, ['wrong-material_fail']],
  [/expected 1 timestamps, got 0/, ['rekor2-no-timestamp_fail']],
  [
    /timestamp could not be verified/,
    [
      'rekor2-timestamp-outside-trust-root-tsa-validity_fail',
      'rekor2-timestamp-outside-tsa-cert-validity_fail',
      'rekor2-timestamp-payload-mismatch_fail',
      'rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail',
      'rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail',
    ],
  ],
  [/does not say since when its key is valid/, ['trust-root-tlog-missing-validity-start_fail']],
];

/** What is said of a refusal, down to its innermost cause. */
function told(error: unknown): string {
  const said: string[] = [];
  for (let one = error; one instanceof Error; one = one.cause) said.push(one.message);
  return said.at(-1) ?? '';
}

for (const name of cases) {
  const why = refusals.find(([, names]) => names.includes(name))?.[0];
  const applies = bareKeys.includes(name)
    ? 'does not apply, and is refused'
    : why === undefined
      ? 'is taken'
      : 'is refused';
  test(`sigstore conformance: ${name} ${applies}`, () => {
    if (why === undefined) verify(name);
    else
      assert.throws(
        () => verify(name),
        (error) => {
          assert.match(told(error), why);
          return true;
        },
      );
  });
}

test('sigstore conformance: every case that is to fail is refused, and of those that are to pass only bare keys', () => {
  const refused = refusals.flatMap(([, names]) => names).toSorted();
  const wanted = cases.filter((name) => name.endsWith('_fail') || bareKeys.includes(name));
  assert.deepEqual(refused, wanted.toSorted());
});

test('sigstore conformance: the signature of a file, good as it may be, is no Approval’s', () => {
  const files = cases.filter((name) => !(file(name, 'bundle.sigstore.json') ?? '').includes('"dsseEnvelope"'));
  assert.ok(files.length > 50);
  const trust = readTrust(publicRoot());
  for (const name of files)
    assert.throws(() => openBundle(file(name, 'bundle.sigstore.json')!, trust), { code: 'BundleInvalid' }, name);
});
