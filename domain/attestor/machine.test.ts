import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenedBundle } from '../approval/judge.ts';
import { type AttestationQuestion, judgeAttestation } from './machine.ts';
import { attestedText, changePredicateType } from './statement.ts';

const NOW = 1_700_000_000_000;
const issuer = 'https://token.actions.githubusercontent.com';
const workflow = 'https://github.com/acme/ci/.github/workflows/attest.yml@refs/heads/main';
const digest = 'd'.repeat(64);
const question: AttestationQuestion = { digest, machines: [{ subject: workflow, issuer }], humans: [], now: NOW };
const statement = (over: object = {}) => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'change', digest: { sha256: digest } }],
  predicateType: changePredicateType,
  predicate: {},
  ...over,
});
const opened = (over: Partial<OpenedBundle> = {}, said: object | string = statement()): OpenedBundle => ({
  payloadType: 'application/vnd.in-toto+json',
  payload: typeof said === 'string' ? said : JSON.stringify(said),
  identity: { subject: workflow, issuer },
  nameKind: 'uri',
  workflow: true,
  key: 'k'.repeat(64),
  signedAt: NOW - 1_000,
  ...over,
});

test('the text that a machine signs for is one that printf makes in a workflow', () => {
  assert.equal(
    attestedText({ repositoryId: 42, headSHA: 'a'.repeat(40) }),
    `{"headSHA":"${'a'.repeat(40)}","repositoryId":42}`,
  );
});

for (const _type of ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'])
  test(`a listed machine that signed for this head vouches for it, in ${_type}`, () =>
    assert.deepEqual(judgeAttestation(opened({}, statement({ _type })), question), {
      vouches: true,
      identity: { subject: workflow, issuer },
    }));

const as = (subject: string, by = issuer) => opened({ identity: { subject, issuer: by } });
const refusals: readonly [string, OpenedBundle, RegExp][] = [
  [
    'the workflow of a pull request',
    as(workflow.replace('heads/main', 'pull/7/merge')),
    /not among the listed machines/,
  ],
  [
    'the same workflow on another branch',
    as(workflow.replace('main', 'rig/shop-7/1')),
    /not among the listed machines/,
  ],
  ['the same workflow on a branch whose name begins like it', as(`${workflow}-2`), /not among the listed machines/],
  ['the same file in another repository', as(workflow.replace('acme', 'mallory')), /not among the listed machines/],
  ['another workflow of the repository', as(workflow.replace('attest', 'test')), /not among the listed machines/],
  [
    'a look-alike of the host',
    as(workflow.replace('github.com', 'github.com.evil.io')),
    /not among the listed machines/,
  ],
  ['the right name from another issuer', as(workflow, 'https://evil.example.org'), /not among the listed machines/],
  [
    'another head',
    opened({}, statement({ subject: [{ digest: { sha256: 'e'.repeat(64) } }] })),
    /another head or repository/,
  ],
  [
    'an approval',
    opened({}, statement({ predicateType: 'https://rig.dashecorp.com/attestation/approval/v1' })),
    /predicateType/,
  ],
  ['provenance', opened({}, statement({ predicateType: 'https://slsa.dev/provenance/v1' })), /predicateType/],
  ['two subjects', opened({}, statement({ subject: [...statement().subject, ...statement().subject] })), /one subject/],
  ['two digests', opened({}, statement({ subject: [{ digest: { sha256: digest, sha1: 'x' } }] })), /one subject/],
  ['a digest in capitals', opened({}, statement({ subject: [{ digest: { sha256: 'D'.repeat(64) } }] })), /one subject/],
  ['no subject', opened({}, statement({ subject: [] })), /one subject/],
  ['an older kind of statement', opened({}, statement({ _type: 'https://in-toto.io/Statement/v0' })), /_type/],
  ['another payload', opened({ payloadType: 'text/plain' }), /no statement/],
  ['what is no JSON', opened({}, 'yes'), /not JSON/],
  ['a member twice', opened({}, JSON.stringify(statement()).replace('{', '{"_type":"x",')), /cannot be taken/],
  ['a list', opened({}, '[]'), /no object/],
  ['the future', opened({ signedAt: NOW + 60_001 }), /in the future/],
  ['a time that is no number', opened({ signedAt: Number.NaN }), /in the future/],
];
for (const [title, given, why] of refusals)
  test(`a machine's word that does not count: ${title}`, () => {
    const verdict = judgeAttestation(given, question);
    assert.equal(verdict.vouches, false);
    assert.match(verdict.vouches ? '' : verdict.message, why);
  });

test('who is listed as a person and as a machine is no machine', () => {
  const verdict = judgeAttestation(opened(), { ...question, humans: question.machines });
  assert.match(verdict.vouches ? '' : verdict.message, /listed as a person/);
});
