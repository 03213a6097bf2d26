import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvalInput, sha256 } from '../testing/approval.ts';
import { type ApprovalScope, approvalDigest, approvalDocument } from './document.ts';
import {
  type ApprovalQuestion,
  approvalLife,
  consentsTo,
  judgeApproval,
  judgeMerged,
  judgeSigned,
  type OpenedBundle,
  signatureOf,
} from './judge.ts';
import type { Human } from './people.ts';
import { approvalStatement } from './statement.ts';
import { verifyApproval } from './verify.ts';

const AT = Date.UTC(2026, 2, 2, 12);
const ISSUER = 'https://accounts.example.com';
const person = (name: string): Human => ({
  subject: `${name}@example.com`,
  issuer: ISSUER,
  logins: [name],
  groups: [],
});
const ada = person('ada');
const account = (login: string, id = 1) => ({ login, id });
const document = (scope: ApprovalScope) => approvalDocument(approvalInput(scope));
const digest = (scope: ApprovalScope) => approvalDigest(document(scope), sha256);
const statement = (scope: ApprovalScope = 'merge') => approvalStatement(document(scope), digest(scope));
const opened = (change: Partial<OpenedBundle> = {}): OpenedBundle => ({
  payloadType: 'application/vnd.in-toto+json',
  payload: JSON.stringify(statement()),
  identity: { subject: ada.subject, issuer: ada.issuer },
  nameKind: 'email',
  key: 'e'.repeat(64),
  workflow: false,
  signedAt: AT,
  ...change,
});
const question = (change: Partial<ApprovalQuestion> = {}): ApprovalQuestion => ({
  scope: 'merge',
  digest: digest('merge'),
  humans: [ada],
  machines: [{ issuer: 'https://ci.example.com', subject: 'repo:acme/shop' }],
  fourEyes: null,
  authors: [account('dev-e')],
  revoked: () => false,
  now: AT + 1,
  sha256,
  ...change,
});
const reasonOf = (bundle: Partial<OpenedBundle>, asked: Partial<ApprovalQuestion> = {}) => {
  const verdict = judgeApproval(opened(bundle), question(asked));
  return verdict.verified ? 'Verified' : verdict.reason;
};
const signs = (change: object) => ({ payload: JSON.stringify({ ...statement(), ...change }) });

test('a listed person who signed exactly this is taken, until the life of the scope is over', () => {
  for (const scope of ['dispatch', 'interface', 'merge'] as const) {
    const verdict = judgeApproval(
      opened({ payload: JSON.stringify(statement(scope)) }),
      question({ scope, digest: digest(scope) }),
    );
    assert.ok(verdict.verified);
    assert.deepEqual(verdict.identity, { subject: 'ada@example.com', issuer: ISSUER });
    assert.equal(verdict.expiresAt - verdict.signedAt, approvalLife[scope]);
    assert.deepEqual(verdict.document, document(scope));
  }
});

test('a merge Approval holds a day and the others a week, to the millisecond', () => {
  const day = 24 * 3_600_000;
  for (const [scope, life] of [
    ['merge', day],
    ['dispatch', 7 * day],
    ['interface', 7 * day],
  ] as const) {
    const bundle = { payload: JSON.stringify(statement(scope)) };
    const at = (now: number) => reasonOf(bundle, { scope, digest: digest(scope), now });
    assert.equal(at(AT + life - 1), 'Verified');
    assert.equal(at(AT + life), 'ApprovalExpired');
  }
});

test('what was signed before the issue was taken up again is for an earlier cycle, to the second', () => {
  assert.equal(reasonOf({}, { since: AT + 999 }), 'Verified');
  assert.equal(reasonOf({}, { since: AT + 1_000 }), 'ApprovalOutdated');
});

test('a signature that was taken back stays so, however it is packed, and another by the same person is another', () => {
  const taken = signatureOf(opened(), digest('merge'), sha256);
  const revoked = (signature: string) => signature === taken;
  assert.equal(reasonOf({}, { revoked }), 'ApprovalDeleted');
  assert.equal(reasonOf({ signedAt: AT + 500 }, { revoked }), 'ApprovalDeleted');
  assert.equal(reasonOf({ payload: ` ${JSON.stringify(statement())}` }, { revoked }), 'ApprovalDeleted');
  assert.equal(reasonOf({ key: 'f'.repeat(64) }, { revoked }), 'Verified');
  // A key that signs more than once, which nobody has to: what else it signed stays.
  const dispatch = { scope: 'dispatch', digest: digest('dispatch'), revoked } as const;
  assert.equal(reasonOf({ payload: JSON.stringify(statement('dispatch')) }, dispatch), 'Verified');
});

test('a refusal names the signature where a listed person signed, so that taking it back is remembered', () => {
  const of = (bundle: Partial<OpenedBundle>, asked: Partial<ApprovalQuestion> = {}) => {
    const verdict = judgeApproval(opened(bundle), question(asked));
    return verdict.verified ? undefined : (verdict.signature ?? null);
  };
  const name = signatureOf(opened(), digest('merge'), sha256);
  assert.equal(of({}, { digest: 'd'.repeat(64) }), name);
  assert.equal(of({}, { now: AT + approvalLife.merge }), name);
  assert.equal(of({}, { humans: [] }), null);
  assert.equal(of({ payload: '{}' }), null);
});

test('who signed what and when is judged without knowing the issue as it is now', () => {
  const { digest: _, ...signers } = question();
  assert.equal(judgeSigned(opened(), signers).verified, true);
  const reason = (bundle: Partial<OpenedBundle>) => {
    const verdict = judgeSigned(opened(bundle), signers);
    return verdict.verified ? 'Verified' : verdict.reason;
  };
  assert.equal(reason({ identity: { subject: 'eve@example.com', issuer: ISSUER } }), 'SignerNotListed');
  assert.equal(reason({ payload: JSON.stringify(statement('dispatch')) }), 'ScopeMismatch');
});

test('a bundle that does not open is worth what opening it says, and one that opens what is signed', () => {
  const closed = verifyApproval('x', question(), () => ({ refused: 'SignatureInvalid', message: 'No.' }));
  assert.deepEqual(closed, { verified: false, reason: 'SignatureInvalid', message: 'No.' });
  assert.equal(verifyApproval('x', question(), () => opened()).verified, true);
});

test('a merge that was approved when it was merged stays so, and one of another head, or approved too late, was not', () => {
  const at = AT + 60_000;
  const judged = (headSHA: string, time: number, change: Partial<ApprovalQuestion> = {}) => {
    const verdict = judgeMerged(opened(), { ...question(change), merged: { headSHA, at: time } });
    return verdict.verified ? 'Verified' : verdict.reason;
  };
  const head = approvalInput('merge').change!.headSHA;
  assert.equal(judged(head, at, { now: AT + 30 * approvalLife.merge }), 'Verified');
  assert.equal(judged('c'.repeat(40), at), 'DigestMismatch');
  assert.equal(judged(head, AT + approvalLife.merge), 'ApprovalExpired');
  assert.equal(judged(head, AT - 60_001), 'SignedInFuture');
  assert.equal(judged(head, at, { humans: [] }), 'SignerNotListed');
  assert.equal(judged(head, at, { revoked: () => true }), 'ApprovalDeleted');
});

test('a merge consents to the manifests that its document names, and to no other', () => {
  const [manifest = ''] = approvalInput('merge').change!.manifests;
  assert.equal(consentsTo(document('merge'), manifest), true);
  assert.equal(consentsTo(document('merge'), sha256('another')), false);
  assert.equal(consentsTo(document('dispatch'), manifest), false);
});

test('a policy can shorten the life of an Approval and never lengthen it', () => {
  assert.equal(reasonOf({}, { life: 1_000, now: AT + 1_000 }), 'ApprovalExpired');
  assert.equal(reasonOf({}, { life: 1e12, now: AT + approvalLife.merge }), 'ApprovalExpired');
});

test('what was signed in the future, or at no time at all, is refused', () => {
  assert.equal(reasonOf({ signedAt: AT + 60_001 }, { now: AT }), 'SignedInFuture');
  assert.equal(reasonOf({ signedAt: AT + 60_000 }, { now: AT }), 'Verified');
  assert.equal(reasonOf({ signedAt: Number.NaN }), 'SignedInFuture');
});

const strangers: [string, Partial<OpenedBundle['identity']>][] = [
  ['a name that only begins like a listed one', { subject: 'ada@example.com.evil.io' }],
  ['a name that only ends like a listed one', { subject: 'x-ada@example.com' }],
  ['a listed name in capitals', { subject: 'ADA@example.com' }],
  ['a listed name with a space behind it', { subject: 'ada@example.com ' }],
  ['a name that a pattern would take', { subject: 'ada@exampleXcom' }],
  ['no name', { subject: '' }],
  ['the right name from another issuer', { issuer: 'https://accounts.evil.io' }],
  ['the right name from an issuer with a slash more', { issuer: `${ISSUER}/` }],
];
for (const [title, identity] of strangers) {
  test(`the signer is refused: ${title}`, () => {
    assert.equal(reasonOf({ identity: { subject: ada.subject, issuer: ada.issuer, ...identity } }), 'SignerNotListed');
  });
}

test('nobody is listed: nobody can approve', () => {
  assert.equal(reasonOf({}, { humans: [] }), 'SignerNotListed');
});

test('a machine cannot approve, even if it is listed among people', () => {
  const machines = [
    [
      'https://token.actions.githubusercontent.com',
      'https://github.com/acme/shop/.github/workflows/ci.yml@refs/heads/main',
    ],
    ['https://gitlab.com', 'https://gitlab.com/acme/shop//.gitlab-ci.yml@refs/heads/main'],
    ['https://kubernetes.default.svc.cluster.local', 'ada@example.com'],
    ['https://ci.example.com', 'ada@example.com'],
    [ISSUER, 'robot@acme.iam.gserviceaccount.com'],
    [ISSUER, 'spiffe://example.com/robot'],
    ['https://oidc.eks.eu-west-1.amazonaws.com/id/ABC', 'https://kubernetes.io/namespaces/ci/serviceaccounts/robot'],
    [ISSUER, 'system:serviceaccount:ci:robot'],
  ] as const;
  for (const [issuer, subject] of machines) {
    const listed = { issuer, subject, logins: [], groups: [] };
    assert.equal(reasonOf({ identity: { issuer, subject } }, { humans: [listed] }), 'MachineSigner', issuer);
  }
  assert.equal(reasonOf({ workflow: true }), 'MachineSigner');
});

test('a name is a mail address in the certificate, unless the list of people says that it is a URI', () => {
  assert.equal(reasonOf({ nameKind: 'uri' }), 'SignerNotListed');
  const site = { ...ada, subject: 'https://example.com/people/ada', kind: 'uri' as const };
  const identity = { subject: site.subject, issuer: ISSUER };
  assert.equal(reasonOf({ identity, nameKind: 'uri' }, { humans: [site] }), 'Verified');
  assert.equal(reasonOf({ identity, nameKind: 'email' }, { humans: [site] }), 'SignerNotListed');
  assert.equal(reasonOf({ identity, nameKind: 'uri' }, { humans: [{ ...site, kind: 'email' }] }), 'SignerNotListed');
});

test('four eyes: who opened or pushed the change cannot approve it, whatever the case of the login', () => {
  const two = { humans: [ada, person('grace')] };
  assert.equal(reasonOf({}, { ...two, authors: [account('Ada')] }), 'SignerIsAuthor');
  assert.equal(reasonOf({}, { ...two, authors: [account('grace'), account('dev-e', 2)] }), 'Verified');
  assert.equal(reasonOf({}, { ...two, authors: [account('ada')], fourEyes: false }), 'Verified');
});

test('four eyes: one person alone is not asked for another, unless the policy says so', () => {
  assert.equal(reasonOf({}, { authors: [account('ada')] }), 'Verified');
  assert.equal(reasonOf({}, { authors: [account('ada')], fourEyes: true }), 'SignerIsAuthor');
});

test('four eyes: authors that are not known pass nobody', () => {
  assert.equal(reasonOf({}, { fourEyes: true, authors: null }), 'AuthorsUnknown');
});

test('four eyes: somebody whose accounts the list does not tell may have pushed what they sign', () => {
  const nameless = { ...ada, logins: [] };
  assert.equal(reasonOf({}, { fourEyes: true, humans: [nameless] }), 'AuthorsUnknown');
  assert.equal(reasonOf({}, { humans: [nameless, person('grace')] }), 'AuthorsUnknown');
  assert.equal(reasonOf({}, { fourEyes: true, humans: [{ ...nameless, ids: [9] }] }), 'Verified');
});

test('four eyes: an account is the same person under whatever name it has now', () => {
  const renamed = { fourEyes: true, humans: [{ ...ada, ids: [7] }] };
  assert.equal(reasonOf({}, { ...renamed, authors: [account('lovelace', 7)] }), 'SignerIsAuthor');
  assert.equal(reasonOf({}, { ...renamed, authors: [account('lovelace', 8)] }), 'Verified');
});

test('four eyes are about a change: nobody has pushed what is dispatched', () => {
  const dispatch = { scope: 'dispatch', digest: digest('dispatch'), fourEyes: true } as const;
  const payload = JSON.stringify(statement('dispatch'));
  assert.equal(reasonOf({ payload }, { ...dispatch, authors: null, humans: [{ ...ada, logins: [] }] }), 'Verified');
});

test('an approval of another issue, cluster, head or text is refused', () => {
  const input = approvalInput('merge');
  for (const change of [
    { clusterUID: 'another' },
    { uid: 'another' },
    { name: 'shop-43' },
    { effectiveTier: 'T1' as const },
    { title: 'Delete sessions' },
    { body: '' },
    { change: { ...input.change!, headSHA: 'c'.repeat(40) } },
  ]) {
    const other = approvalDocument({ ...input, ...change });
    const payload = JSON.stringify(approvalStatement(other, approvalDigest(other, sha256)));
    assert.equal(reasonOf({ payload }), 'DigestMismatch');
  }
});

test('an approval of one scope is none of another', () => {
  const payload = JSON.stringify(statement('dispatch'));
  assert.equal(reasonOf({ payload }), 'ScopeMismatch');
  assert.equal(reasonOf({ payload }, { digest: digest('dispatch') }), 'ScopeMismatch');
});

test('a document that is not the one of its digest is refused, though the digest is right', () => {
  const forged = { predicate: { document: { ...document('merge'), title: 'Something else' } } };
  assert.equal(reasonOf(signs(forged)), 'StatementInvalid');
  assert.equal(
    reasonOf({ payload: JSON.stringify(statement()).replace('"number":57', '"number":1e999') }),
    'StatementInvalid',
  );
});

test('the statement that cosign writes around a document is taken', () => {
  const cosign = {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject: [{ name: 'document.json', digest: { sha256: digest('dispatch') } }],
    predicate: { document: document('dispatch') },
  };
  assert.equal(reasonOf(signs(cosign), { scope: 'dispatch', digest: digest('dispatch') }), 'Verified');
});

test('every manifest that a merge consents to is a subject, and no subject is anything else', () => {
  const [own, manifest] = statement().subject;
  assert.equal(manifest?.digest.sha256, approvalInput('merge').change!.manifests[0]);
  const other = { name: 'manifest-2', digest: { sha256: sha256('another') } };
  for (const subject of [
    [own],
    [own, manifest, other],
    [own, other],
    [manifest, own],
    [own, manifest, manifest],
    [manifest],
  ])
    assert.equal(reasonOf(signs({ subject })), 'StatementInvalid');
});

const twice = JSON.stringify(statement());
const malformed: [string, Partial<OpenedBundle>][] = [
  ['another payload type', { payloadType: 'application/json' }],
  ['no JSON', { payload: 'yes' }],
  ['an array', { payload: '[]' }],
  ['null', { payload: 'null' }],
  ['another _type', signs({ _type: 'https://in-toto.io/Statement/v9' })],
  ['another predicateType', signs({ predicateType: 'https://slsa.dev/provenance/v1' })],
  ['no subject', signs({ subject: [] })],
  ['a second subject', signs({ subject: [...statement().subject, ...statement().subject] })],
  ['a second digest', signs({ subject: [{ name: 'x', digest: { sha256: digest('merge'), sha512: 'a' } }] })],
  ['a digest in capitals', signs({ subject: [{ name: 'x', digest: { sha256: digest('merge').toUpperCase() } }] })],
  ['no document', signs({ predicate: {} })],
  ['a document without scope', signs({ predicate: { document: {} } })],
  ['a member twice', { payload: twice.replace('{', '{"subject":[],') }],
  ['a member twice, once with an escape in its name', { payload: twice.replace('{', '{"s\\u0075bject":[],') }],
  [
    'a member twice, far apart',
    { payload: twice.replace('"subject":', `"subject"${' '.repeat(1_000)}:[],"subject"${'\n'.repeat(1_000)}:`) },
  ],
  [
    'a member of the document twice',
    { payload: twice.replace('"scope":"merge"', '"scope":"dispatch","scope":"merge"') },
  ],
  ['half a surrogate pair', { payload: twice.replace('Keep sessions', '\\ud83d') }],
  ['a carriage return', { payload: twice.replace('Keep sessions', 'Keep\\r\\nsessions') }],
  ['a byte order mark', { payload: `\ufeff${twice}` }],
  ['something behind it', { payload: `${twice}{}` }],
  [
    'more depth than anybody needs',
    { payload: twice.replace('"scope"', `"x":${'['.repeat(10_000)}${']'.repeat(10_000)},"scope"`) },
  ],
];
for (const [title, bundle] of malformed) {
  test(`a signed statement is refused: ${title}`, () => {
    assert.equal(reasonOf(bundle), 'StatementInvalid');
  });
}

test('a long text in a statement is read in time that grows with it alone', () => {
  const long = { ...document('merge'), body: '\\"'.repeat(500_000) };
  const payload = JSON.stringify(approvalStatement(long, approvalDigest(long, sha256)));
  assert.equal(reasonOf({ payload }), 'DigestMismatch');
});
