import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvalInput, sha256 } from '../testing/approval.ts';
import { approvalDigest, approvalDocument } from './document.ts';
import { approvalStatement, readStatement } from './statement.ts';

const document = approvalDocument(approvalInput('merge'));
const digest = approvalDigest(document, sha256);

test('golden statement of a merge: the document and its manifests are the subjects, in that order, and nothing else is signed', () => {
  assert.deepEqual(approvalStatement(document, digest), {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: 'approval', digest: { sha256: digest } },
      { name: 'manifest-1', digest: { sha256: sha256('a manifest') } },
    ],
    predicateType: 'https://rig.dashecorp.com/attestation/approval/v1',
    predicate: { document },
  });
  const text = JSON.stringify(approvalStatement(document, digest));
  assert.equal(sha256(text), 'e8ced1aa6545ad2b8f8404b28b1518f9786fc5e09b111e3f8d093cc664c4612c');
});

test('what is written as a statement is read as the same', () => {
  for (const scope of ['dispatch', 'interface', 'merge'] as const) {
    const one = approvalDocument(approvalInput(scope));
    const named = approvalDigest(one, sha256);
    const read = readStatement(JSON.stringify(approvalStatement(one, named)));
    assert.deepEqual(read, { digest: named, scope, document: one });
  }
});
