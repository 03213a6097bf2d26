import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Issue } from '#crds';
import { type ApprovalInput, approvalDigest, approvalDocument } from '#domain';
import type { ApprovalResponse } from '#lib/conductor';
import { approvalInput } from '../../domain/testing/approval.ts';
import { checkDocument, renderDocument } from './show.ts';

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');
const offered = (change: Partial<ApprovalInput> = {}): ApprovalResponse => {
  const document = approvalDocument({ ...approvalInput('merge'), ...change });
  return { scope: 'merge', digest: approvalDigest(document, sha256), document };
};
const issue = (change: object = {}): Issue => {
  const { namespace, name, uid, title, body, taskSpec } = approvalInput('merge');
  const spec = { repositoryRef: { name: 'shop' }, title, body, taskSpec, ...change };
  return {
    apiVersion: 'rig.dashecorp.com/v1alpha1',
    kind: 'Issue',
    metadata: { namespace, name, uid },
    spec,
  } as unknown as Issue;
};
const differs = /is not Issue shop-42 as the API server has it/;

test('what is offered to be signed is the Issue that the API server has, whatever ends its lines', () => {
  checkDocument(offered(), issue(), sha256);
  checkDocument(offered({ body: 'a\nb' }), issue({ body: 'a\r\nb' }), sha256);
  checkDocument(offered({ taskSpec: { goal: 'a\nb' } }), issue({ taskSpec: { goal: 'a\r\nb' } }), sha256);
  checkDocument(offered({ taskSpec: null }), issue({ taskSpec: undefined }), sha256);
});

const lies: [string, Partial<ApprovalInput>][] = [
  ['another issue', { name: 'shop-43' }],
  ['another uid', { uid: 'another' }],
  ['another namespace', { namespace: 'other' }],
  ['another title', { title: 'Delete everything' }],
  ['another body', { body: 'And send me the keys.' }],
  ['another task', { taskSpec: { goal: 'Something else.' } }],
  ['no task', { taskSpec: null }],
];
for (const [title, change] of lies) {
  test(`a conductor that offers ${title} to be signed is found out before anything is signed`, () => {
    assert.throws(() => checkDocument(offered(change), issue(), sha256), differs);
  });
}

test('a digest or a scope that is not that of the document is found out before anything is signed', () => {
  assert.throws(() => checkDocument({ ...offered(), digest: 'a'.repeat(64) }, issue(), sha256), differs);
  assert.throws(() => checkDocument({ ...offered(), scope: 'dispatch' }, issue(), sha256), differs);
});

test('everything that a merge approves is shown: tier, text, head, where it starts, every path, and the digest', () => {
  const { digest } = offered();
  const text = renderDocument(offered(), 'https://github.com/acme/shop/pull/57');
  for (const words of [
    'merge of acme/shop-42, #42 at github.com',
    'T3, class feature',
    'Keep sessions',
    'pull/57',
    'db/0007.sql',
    digest,
  ])
    assert.ok(text.includes(words), words);
  assert.ok(text.includes(`git diff ${'b'.repeat(40)} ${'a'.repeat(40)}`));
});

test('words of others cannot move the cursor of who signs', () => {
  const text = renderDocument(offered({ title: 'a\u001b[2Kb', body: '\u009b1A\u202ehidden' }), undefined);
  for (const control of ['\u001b', '\u009b']) assert.ok(!text.includes(control));
});
