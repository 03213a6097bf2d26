import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import {
  approvalDigest,
  approvalDocument,
  approvalPredicateType,
  approvalStatement,
  canonicalJSON,
  judgeApproval,
} from '#domain';
import { openBundle, readTrust } from '#lib/attest';
import { approvalInput, sha256 } from '../../domain/testing/approval.ts';
import { ensureBinary } from '../../hack/go/build.mjs';
import type { RunningTrust } from './index.ts';
import { person, scratch, signed, signedIn, started } from './trust.int-kit.ts';

const run = promisify(execFile);
const cosign = await ensureBinary('cosign');
type Scope = 'dispatch' | 'merge';
const documentOf = (scope: Scope) => approvalDocument(approvalInput(scope));
const digestOf = (scope: Scope) => approvalDigest(documentOf(scope), sha256);
const statementOf = (scope: Scope) => JSON.stringify(approvalStatement(documentOf(scope), digestOf(scope)));

/** A directory with what cosign reads: the document as everybody hashes it, root and services. */
async function desk(t: TestContext, trust: RunningTrust, scope: Scope): Promise<(name: string) => string> {
  const at = await scratch(t);
  const path = (name: string) => join(at, name);
  const config = await fetch(`${trust.url}/signing_config.json`);
  await Promise.all([
    writeFile(path('document.json'), canonicalJSON(documentOf(scope))),
    writeFile(path('predicate.json'), JSON.stringify({ document: documentOf(scope) })),
    writeFile(path('statement.json'), statementOf(scope)),
    writeFile(path('root.json'), JSON.stringify(trust.root)),
    writeFile(path('services.json'), await config.text()),
  ]);
  return path;
}

function verify(path: (name: string) => string, trust: RunningTrust, identity: string = person.email) {
  const options = [
    '--type',
    approvalPredicateType,
    '--bundle',
    path('bundle.json'),
    '--trusted-root',
    path('root.json'),
  ];
  const who = ['--certificate-identity', identity, '--certificate-oidc-issuer', trust.url];
  return run(cosign, ['verify-blob-attestation', ...options, ...who, path('document.json')]);
}

function question(trust: RunningTrust, scope: Scope) {
  const ada = { subject: person.email, issuer: trust.url, logins: ['ada'], groups: [] };
  const expected = { scope, digest: digestOf(scope), sha256, now: Date.now(), revoked: () => false } as const;
  return { ...expected, humans: [ada], machines: [], fourEyes: null, authors: [{ id: 1, login: 'dev-e' }] };
}

test('cosign verifies offline what rig signs, with the log and the timestamp, and refuses another name', async (t) => {
  const trust = await started(t);
  const path = await desk(t, trust, 'merge');
  await writeFile(path('bundle.json'), await signed(trust, statementOf('merge')));
  await verify(path, trust);
  await assert.rejects(verify(path, trust, 'eve@example.com'));
});

const ways: [string, Scope, (path: (name: string) => string) => string[]][] = [
  [
    'a statement that rig printed, with the manifests as subjects',
    'merge',
    (path) => ['--statement', path('statement.json')],
  ],
  [
    'a predicate and the document, where no manifest is consented to',
    'dispatch',
    (path) => ['--predicate', path('predicate.json'), '--type', approvalPredicateType, path('document.json')],
  ],
];
for (const [title, scope, what] of ways) {
  test(`what cosign signs is an Approval: ${title}`, async (t) => {
    const trust = await started(t);
    const path = await desk(t, trust, scope);
    await writeFile(path('token'), await signedIn(trust.url));
    const where = ['--signing-config', path('services.json'), '--trusted-root', path('root.json')];
    const how = ['--identity-token', path('token'), '--bundle', path('bundle.json'), '--yes'];
    await run(cosign, ['attest-blob', ...where, ...how, ...what(path)]);
    const opened = openBundle(await readFile(path('bundle.json'), 'utf8'), readTrust(JSON.stringify(trust.root)));
    const verdict = judgeApproval(opened, question(trust, scope));
    assert.ok(verdict.verified, verdict.verified ? '' : verdict.message);
    assert.equal(verdict.digest, digestOf(scope));
    await verify(path, trust);
  });
}
