import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type GrantDocument, grantPredicateType, grantStatement, judgeGrant, wrongInGrant } from './grant.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const NOON = Date.parse('2026-03-02T12:00:00Z');
const ada = { subject: 'ada@example.com', issuer: 'https://accounts.example.com' };
const document: GrantDocument = {
  clusterUID: 'cluster-1',
  namespace: 'tenant-a',
  agent: { name: 'dev-e', uid: 'uid-e' },
  taskClass: 'bugfix',
  model: 'model-1',
  tier: 'T1',
  nonce: 'nonce-0001',
};
const question = {
  clusterUID: 'cluster-1',
  agent: { namespace: 'tenant-a', uid: 'uid-e' },
  humans: [{ ...ada, logins: [], groups: [] }],
  machines: [],
  now: NOON,
  sha256,
};
const payloadType = 'application/vnd.in-toto+json';
const opened = (payload: unknown, over: object = {}) => ({
  payloadType,
  payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  identity: ada,
  nameKind: 'email' as const,
  key: 'k'.repeat(64),
  workflow: false,
  signedAt: NOON,
  ...over,
});
const statement = (over: object = {}) => grantStatement({ ...document, ...over } as GrantDocument, sha256);
const refusal = (payload: unknown, over: object = {}, asked: object = {}) => {
  const verdict = judgeGrant(opened(payload, over), { ...question, ...asked });
  return verdict.holds ? 'it holds' : verdict.message;
};

test('a grant that a listed person signed for exactly this Agent holds from when it was signed', () => {
  const verdict = judgeGrant(opened(statement()), question);
  assert.deepEqual(verdict, {
    holds: true,
    identity: ada,
    digest: statement().subject[0].digest.sha256,
    document,
    signedAt: NOON,
  });
});

test('whoever is about to sign a grant is told of the field for which nobody would take it', () => {
  assert.equal(wrongInGrant(document), null);
  for (const [field, over] of [
    ['taskClass', { taskClass: 'Bug_Fix' }],
    ['taskClass', { taskClass: 'a'.repeat(64) }],
    ['taskClass', { taskClass: '' }],
    ['model', { model: '' }],
    ['model', { model: 'm'.repeat(129) }],
    ['model', { model: 'model\r1' }],
    ['clusterUID', { clusterUID: '' }],
    ['agent.name', { agent: { name: '', uid: 'uid-e' } }],
    ['tier', { tier: 'T3' }],
    ['nonce', { nonce: 'short' }],
  ] as const) {
    assert.equal(wrongInGrant({ ...document, ...over }), field, JSON.stringify(over));
    assert.match(refusal(statement(over)), /^What was signed is no grant/);
  }
  assert.equal(wrongInGrant(null), '');
});

test('a statement of version 0.1, as cosign writes it, is a grant as well', () => {
  assert.ok(judgeGrant(opened({ ...statement(), _type: 'https://in-toto.io/Statement/v0.1' }), question).holds);
});

for (const [what, over, why] of [
  ['of another cluster', { clusterUID: 'cluster-2' }, /another cluster/],
  ['to another Agent', { agent: { name: 'dev-f', uid: 'uid-f' } }, /which is another/],
  ['to an Agent of that name before', { agent: { name: 'dev-e', uid: 'uid-before' } }, /which is another/],
  ['of another tenant', { namespace: 'tenant-b' }, /which is another/],
  ['of T3', { tier: 'T3' }, /granted to nobody/],
  ['of T0', { tier: 'T0' }, /granted to nobody/],
  ['of a tier that there is not', { tier: 'T9' }, /not one of version 1/],
  ['with a word more', { until: 'ever' }, /not one of version 1/],
  ['of no class', { taskClass: '../docs' }, /not one of version 1/],
  ['without a nonce', { nonce: undefined }, /not one of version 1/],
] as const)
  test(`a grant ${what} is worth nothing`, () => assert.match(refusal(statement(over)), why));

test('who is no listed person grants nothing: by name, by issuer, as a workflow, as a machine', () => {
  assert.match(
    refusal(statement(), { identity: { ...ada, subject: 'ada@example.com.evil.io' } }),
    /not among the people/,
  );
  assert.match(
    refusal(statement(), { identity: { ...ada, issuer: 'https://elsewhere.example' } }),
    /not among the people/,
  );
  assert.match(refusal(statement(), { nameKind: 'uri' }), /not among the people/);
  assert.match(refusal(statement(), { workflow: true }), /is a machine/);
  assert.match(refusal(statement(), {}, { machines: [ada] }), /is a machine/);
  assert.match(refusal(statement(), {}, { humans: [] }), /not among the people/);
});

test('what was signed in the future, as something else, or over another document is no grant', () => {
  assert.match(refusal(statement(), { signedAt: NOON + 60_001 }), /signed in the future/);
  assert.match(refusal(statement(), { signedAt: Number.NaN }), /signed in the future/);
  assert.match(refusal(statement(), { payloadType: 'text/plain' }), /the envelope carries/);
  assert.match(
    refusal({ ...statement(), predicateType: 'https://rig.dashecorp.com/attestation/approval/v1' }),
    /predicateType/,
  );
  assert.match(refusal({ ...statement(), _type: 'x' }), /_type/);
  const swapped = { ...statement(), predicate: { document: { ...document, tier: 'T2' } } };
  assert.match(refusal(swapped), /its one subject is not its document/);
  const { subject } = statement();
  assert.match(refusal({ ...statement(), subject: [...subject, ...subject] }), /its one subject/);
  const more = { ...subject[0], digest: { ...subject[0].digest, sha512: 'x' } };
  assert.match(refusal({ ...statement(), subject: [more] }), /its one subject/);
});

test('what two readers could read differently is no grant', () => {
  const text = JSON.stringify(statement());
  assert.match(refusal(text.replace('"tier":"T1"', '"tier":"T2","tier":"T1"')), /twice/);
  assert.match(refusal(text.replace('model-1', 'model\\r1')), /carriage return|its one subject/);
  assert.match(refusal(text.replace('model-1', '\\ud800')), /surrogate/);
  assert.match(refusal('no JSON'), /not JSON/);
  assert.match(refusal('[]'), /_type/);
  assert.equal(statement().predicateType, grantPredicateType);
});
