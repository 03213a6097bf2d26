import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Approval, Issue } from '#crds';
import { approvalDigest, approvalDocument, approvalStatement, type OpenedBundle } from '#domain';
import type { PullRequestSummary } from '#lib/forge';
import type { KubeObject } from '#lib/kube';
import { approvalInput, sha256 } from '../../domain/testing/approval.ts';
import { type ApprovedSources, isApproved } from './approved.ts';
import type { ConsentTrust } from './consents.ts';

const NOW = 1_700_000_000_000;
const DAY_MS = 86_400_000;
const input = approvalInput('merge');
const { name, namespace, uid } = input;
const ada = { subject: 'ada@example.com', issuer: 'https://login.example.com' };
const issue = { metadata: { name, namespace, uid }, spec: {} } as unknown as Issue & KubeObject;
const pull = (over: object = {}): PullRequestSummary =>
  ({
    number: input.change!.number,
    state: 'open',
    mergedAt: null,
    head: { sha: input.change!.headSHA, ref: 'ada', repositoryId: input.forge.repositoryId },
    base: { ref: 'main', sha: 'b'.repeat(40), repositoryId: input.forge.repositoryId },
    ...over,
  }) as unknown as PullRequestSummary;
const merged = (at: number) => pull({ state: 'merged', mergedAt: new Date(at).toISOString() });

interface Given {
  /** Of what was signed. */
  readonly signed?: object;
  /** Members of the document that no Approval of ours has. */
  readonly odd?: object;
  readonly approval?: object;
  readonly trust?: Partial<ConsentTrust>;
  readonly synced?: boolean;
  readonly cluster?: string;
}

/** One Approval of the issue, signed by a listed person at {@link NOW}, which is now too. */
function sources({
  signed = {},
  odd = {},
  approval = {},
  trust = {},
  synced = true,
  cluster = input.clusterUID,
}: Given = {}) {
  const document = { ...approvalDocument({ ...input, ...signed }), ...odd };
  const opened: OpenedBundle = {
    payloadType: 'application/vnd.in-toto+json',
    payload: JSON.stringify(approvalStatement(document, approvalDigest(document, sha256))),
    identity: ada,
    nameKind: 'email',
    workflow: false,
    key: 'k',
    signedAt: NOW,
  };
  const filed = { metadata: { name: 'a', namespace }, spec: { issueRef: { name, uid }, scope: 'merge' } };
  const known = {
    humans: [{ ...ada, logins: [], groups: [] }],
    machines: [],
    revoked: () => false,
    counted: () => true,
    open: () => opened,
    ...trust,
  };
  const byIndex = (_: string, key: string) =>
    key === `${namespace}/${name}` ? [{ ...filed, ...approval } as unknown as Approval & KubeObject] : [];
  return {
    objects: { approvals: { hasSynced: () => synced, byIndex } },
    trust: async () => known,
    clusterUID: async () => cluster,
    now: () => NOW,
  } as unknown as ApprovedSources;
}

test('a head is approved for an Issue by a counted signature of exactly that, and after the merge however long ago it was', async () => {
  assert.equal(await isApproved(sources(), issue, pull()), true);
  assert.equal(await isApproved(sources(), issue, merged(NOW + 1)), true);
  const later = { ...sources(), now: () => NOW + 30 * DAY_MS };
  assert.equal(await isApproved(later, issue, merged(NOW + 1)), true);
});

const other = { number: 58, headSHA: 'c'.repeat(40) };
const wrongs: [what: string, given: Given, of?: PullRequestSummary, by?: Issue & KubeObject][] = [
  ['that nobody signed', { approval: { spec: { issueRef: { name, uid }, scope: 'dispatch' } } }],
  ['whose Approval is being deleted', { approval: { metadata: { name: 'a', deletionTimestamp: 'now' } } }],
  ['whose Approval does not verify', { trust: { open: () => null } }],
  ['whose Approval the check has not counted', { trust: { counted: () => false } }],
  ['whose Approval was taken back', { trust: { revoked: () => true } }],
  ['whose signer is not listed', { trust: { humans: [] } }],
  ['that was signed for another Issue', { signed: { uid: 'another' } }],
  ['that was signed in another namespace', { signed: { namespace: 'another' } }],
  ['that was signed for another cluster', { cluster: 'another' }],
  ['that was signed at another repository', { signed: { forge: { ...input.forge, repositoryId: 1 } } }],
  ['whose document names no repository', { odd: { forge: null } }],
  ['of another pull request than was signed', {}, pull({ number: other.number })],
  ['that is another than was signed', {}, pull({ head: { ...pull().head, sha: other.headSHA } })],
  ['that goes to another branch than was signed', {}, pull({ base: { ...pull().base, ref: 'scratch' } })],
  [
    'that was merged into another branch than was signed',
    {},
    { ...merged(NOW + 1), base: { ...pull().base, ref: 'scratch' } },
  ],
  ['that was merged when its Approval had expired', {}, merged(NOW + 2 * DAY_MS)],
  ['that was merged the forge does not say when', {}, pull({ state: 'merged' })],
  ['whose Issue was made anew', {}, pull(), { ...issue, metadata: { ...issue.metadata, uid: 'new' } }],
];
for (const [what, given, of = pull(), by = issue] of wrongs)
  test(`a head ${what} is not approved for the Issue`, async () => {
    assert.equal(await isApproved(sources(given), by, of), false);
  });

test('before every Approval was seen nobody can tell whether a head is approved', async () => {
  await assert.rejects(isApproved(sources({ synced: false }), issue, pull()), /Not every Approval has been seen/);
});
