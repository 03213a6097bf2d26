import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvalInput } from '../testing/approval.ts';
import { type ApprovalDocument, approvalDocument } from './document.ts';
import { mergeOf } from './merge.ts';

const document = approvalDocument(approvalInput('merge'));

test('of a document of scope merge is read which merge it is of, and of another nothing', () => {
  const { clusterUID, forge, change } = approvalInput('merge');
  const merge = mergeOf(document);
  assert.deepEqual(
    [merge?.clusterUID, merge?.forge.repositoryId, merge?.baseBranch, merge?.pullRequest.headSHA],
    [clusterUID, forge.repositoryId, 'main', change!.headSHA],
  );
  assert.equal(mergeOf(approvalDocument(approvalInput('dispatch'))), null);
});

for (const [title, wrong] of [
  ['without its forge', { forge: undefined }],
  ['with a forge that is no object', { forge: 'forge.test' }],
  ['whose base branch is no text', { baseBranch: null }],
  ['whose repository is a text', { forge: { host: 'forge.test', repositoryId: '7' } }],
  ['whose pull request has no head', { pullRequest: { number: 1, manifests: [] } }],
  ['whose manifests are no texts', { pullRequest: { number: 1, headSHA: 'a', manifests: [1] } }],
  ['whose uid is a number', { uid: 7 }],
] as const)
  test(`nothing is read of a document ${title}`, () => {
    const { forge: _, ...rest } = document;
    const written = { ...('forge' in wrong && wrong.forge === undefined ? rest : { ...document, ...wrong }) };
    assert.equal(mergeOf(written as ApprovalDocument), null);
  });
