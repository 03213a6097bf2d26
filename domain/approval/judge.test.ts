import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvalInput, sha256 } from '../testing/approval.ts';
import { type ApprovalScope, approvalDigest, approvalDocument } from './document.ts';
import { type ApprovalQuestion, approvalLife, judgeApproval, type OpenedBundle } from './judge.ts';
import type { Human } from './people.ts';
import { approvalStatement } from './statement.ts';

const AT = Date.UTC(2026, 2, 2, 12);
const ISSUER = 'https://accounts.example.com';
const person = (name: string): Human => ({
  subject: `${name}@example.com`,
  issuer: ISSUER,
  logins: [name],
  groups: [],
});
const ada = person('ada');
const document = (scope: ApprovalScope) => approvalDocument(approvalInput(scope));
const digest = (scope: ApprovalScope) => approvalDigest(document(scope), sha256);
const statement = (scope: ApprovalScope = 'merge') => approvalStatement(document(scope), digest(scope));
const opened = (change: Partial<OpenedBundle> = {}): OpenedBundle => ({
  payloadType: 'application/vnd.in-toto+json',
  payload: JSON.stringify(statement()),
  identity: { subject: ada.subject, issuer: ada.issuer },
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
  authors: ['dev-e'],
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
  ] as const;
  for (const [issuer, subject] of machines) {
    const listed = { issuer, subject, logins: [], groups: [] };
    assert.equal(reasonOf({ identity: { issuer, subject } }, { humans: [listed] }), 'MachineSigner', issuer);
  }
  assert.equal(reasonOf({ workflow: true }), 'MachineSigner');
});

test('four eyes: who opened or pushed the change cannot approve it, whatever the case of the login', () => {
  const two = { humans: [ada, person('grace')] };
  assert.equal(reasonOf({}, { ...two, authors: ['Ada'] }), 'SignerIsAuthor');
  assert.equal(reasonOf({}, { ...two, authors: ['grace', 'dev-e'] }), 'Verified');
  assert.equal(reasonOf({}, { ...two, authors: ['ada'], fourEyes: false }), 'Verified');
});

test('four eyes: one person alone is not asked for another, unless the policy says so', () => {
  assert.equal(reasonOf({}, { authors: ['ada'] }), 'Verified');
  assert.equal(reasonOf({}, { authors: ['ada'], fourEyes: true }), 'SignerIsAuthor');
});

test('four eyes: authors that are not known pass nobody', () => {
  assert.equal(reasonOf({}, { fourEyes: true, authors: null }), 'AuthorsUnknown');
});

test('an approval of another issue, cluster, head or text is refused', () => {
  const input = approvalInput('merge');
  for (const change of [
    { clusterUID: 'another' },
    { uid: 'another' },
    { name: 'shop-43' },
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
    subject: [{ name: 'document.json', digest: { sha256: digest('merge') } }],
  };
  assert.equal(reasonOf(signs(cosign)), 'Verified');
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
