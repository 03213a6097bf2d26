import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Approval, Issue } from '#crds';
import { ApprovalError, noIssue } from '#domain';
import { AttestError } from '#lib/attest';
import { type KubeObject, Retry } from '#lib/kube';
import { ApprovalCheck } from './check.ts';
import type { Present } from './present.ts';
import type { TrustReader } from './trust.ts';

const issue = { metadata: { name: 'one', uid: 'uid-1' } } as Issue & KubeObject;
const approval = (bundle: string) =>
  ({
    metadata: { name: 'a', uid: 'approval-1' },
    spec: { issueRef: { name: 'one', uid: 'uid-1' }, scope: 'merge', bundle },
  }) as Approval & KubeObject;
const view = { trust: {}, humans: [], machines: [], fourEyes: null, version: '1' };

function check({ trust, present }: { trust?: Partial<TrustReader>; present?: () => Promise<Present> } = {}) {
  const asked: boolean[] = [];
  const read = async ({ fresh = false } = {}) => {
    asked.push(fresh);
    return view as never;
  };
  const one = new ApprovalCheck({
    trust: { read, ...trust },
    present: { of: present ?? (() => Promise.reject(new Retry('HeadMoved', 'The head moved.'))) },
    now: () => 0,
  });
  return { one, asked };
}

test('what is no bundle is refused, though the issue cannot be read', async () => {
  const { one } = check();
  const verdict = await one.of(approval('{}'), issue, noIssue);
  assert.equal(verdict.verified ? '' : verdict.reason, 'BundleInvalid');
});

test('whoever is about to act asks the API server itself whose signatures count', async () => {
  const { one, asked } = check();
  await one.of(approval('{}'), issue, noIssue);
  await one.of(approval('{}'), issue, noIssue, { fresh: true });
  assert.deepEqual(asked, [false, true]);
});

test('lists that cannot be read refuse, and an API server that does not answer is asked again', async () => {
  const unreadable = { read: () => Promise.reject(new AttestError('TrustUnreadable', 'No list.')) };
  const verdict = await check({ trust: unreadable }).one.of(approval('{}'), issue, noIssue);
  assert.equal(verdict.verified ? '' : verdict.reason, 'TrustUnreadable');
  const away = { read: () => Promise.reject(new Error('away')) };
  await assert.rejects(check({ trust: away }).one.of(approval('{}'), issue, noIssue), /away/);
});

test('an Approval of another Issue, or of none, is refused before anything is read', async () => {
  const nobody = { read: () => Promise.reject(new ApprovalError('BadText', 'Nobody asks.')) };
  const { one } = check({ trust: nobody });
  for (const other of [undefined, { metadata: { name: 'one', uid: 'uid-2' } } as Issue & KubeObject]) {
    const verdict = await one.of(approval('{}'), other, noIssue);
    assert.equal(verdict.verified ? '' : verdict.reason, 'IssueMissing');
  }
});
