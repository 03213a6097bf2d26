import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Issue, Repository } from '#crds';
import { type ApprovalInput, approvalDigest, approvalDocument } from '#domain';
import type { ApprovalResponse } from '#lib/conductor';
import { approvalInput } from '../../domain/testing/approval.ts';
import { checkDocument, type Seen } from './compare.ts';
import { renderDocument } from './show.ts';

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');
const offered = (change: Partial<ApprovalInput> = {}): ApprovalResponse => {
  const input = { ...approvalInput('merge'), ...change };
  const document = approvalDocument(input);
  const plan = input.scope === 'interface' ? { plan: 'a plan' } : {};
  return { scope: input.scope, digest: approvalDigest(document, sha256), document, ...plan };
};
const seen = ({
  spec = {},
  status = {},
  clusterUID,
}: {
  spec?: object;
  status?: object;
  clusterUID?: null;
} = {}): Seen => {
  const { namespace, name, uid, title, body, taskSpec, forge, change, planDigest, ...own } = approvalInput('merge');
  const issue = {
    metadata: { namespace, name, uid },
    spec: { repositoryRef: { name: 'shop' }, title, body, taskSpec, number: forge.number, ...spec },
    status: {
      effectiveTier: own.effectiveTier,
      plan: { digest: planDigest },
      pullRequest: { number: change!.number, url: 'https://github.com/acme/shop/pull/57', headSHA: change!.headSHA },
      ...status,
    },
  } as unknown as Issue;
  const repository = {
    metadata: { namespace, name: 'shop' },
    spec: { apiURL: `https://${forge.host}/api`, owner: 'acme', name: 'shop', defaultBranch: own.baseBranch },
    status: { forge: { host: forge.host, repositoryID: forge.repositoryId } },
  } as unknown as Repository;
  return { issue, repository, clusterUID: clusterUID === undefined ? own.clusterUID : clusterUID };
};
const differs = /is not Issue shop-42 and Repository shop as the API server has them/;

test('what is offered to be signed is the Issue that the API server has, whatever ends its lines', () => {
  checkDocument(offered(), seen(), sha256);
  checkDocument(offered({ body: 'a\nb' }), seen({ spec: { body: 'a\r\nb' } }), sha256);
  checkDocument(offered({ taskSpec: { goal: 'a\nb' } }), seen({ spec: { taskSpec: { goal: 'a\r\nb' } } }), sha256);
  checkDocument(offered({ taskSpec: { goal: 'a\\r\nb' } }), seen({ spec: { taskSpec: { goal: 'a\\r\nb' } } }), sha256);
  checkDocument(offered({ taskSpec: null }), seen({ spec: { taskSpec: undefined } }), sha256);
  checkDocument(offered({ scope: 'interface' }), seen(), sha256);
});

test('who may not read the cluster’s uid takes the conductor’s word for it', () => {
  checkDocument(offered({ clusterUID: 'another' }), seen({ clusterUID: null }), sha256);
});

test('a status that says nothing yet, or a lower tier than what is signed, is no lie', () => {
  checkDocument(offered(), seen({ status: { effectiveTier: undefined, pullRequest: undefined } }), sha256);
  checkDocument(offered(), seen({ status: { effectiveTier: 'T1' } }), sha256);
});

const merge = approvalInput('merge');
const lies: [string, Partial<ApprovalInput>][] = [
  ['another issue', { name: 'shop-43' }],
  ['another uid', { uid: 'another' }],
  ['another namespace', { namespace: 'other' }],
  ['another title', { title: 'Delete everything' }],
  ['another body', { body: 'And send me the keys.' }],
  ['another task', { taskSpec: { goal: 'Something else.' } }],
  ['no task', { taskSpec: null }],
  ['another cluster', { clusterUID: 'another' }],
  ['another forge', { forge: { ...merge.forge, host: 'ghe.example.com' } }],
  ['another repository', { forge: { ...merge.forge, repositoryId: 1 } }],
  ['another number', { forge: { ...merge.forge, number: 43 } }],
  ['another base', { baseBranch: 'release' }],
  ['a lower tier', { effectiveTier: 'T1' }],
  ['a tier that there is none of', { effectiveTier: 'T9' as 'T3' }],
  ['another plan', { scope: 'interface', planDigest: `sha256:${sha256('another plan')}` }],
  ['another pull request', { change: { ...merge.change!, number: 58 } }],
  ['another head', { change: { ...merge.change!, headSHA: 'c'.repeat(40) } }],
];
for (const [title, change] of lies) {
  test(`a conductor that offers ${title} to be signed is found out before anything is signed`, () => {
    assert.throws(() => checkDocument(offered(change), seen(), sha256), differs);
  });
}

test('a digest, a scope or a member that is not of the document is found out before anything is signed', () => {
  assert.throws(() => checkDocument({ ...offered(), digest: 'a'.repeat(64) }, seen(), sha256), differs);
  assert.throws(() => checkDocument({ ...offered(), scope: 'dispatch' }, seen(), sha256), differs);
  const document = { ...offered().document, more: 'than there is' };
  const digest = approvalDigest(document, sha256);
  assert.throws(() => checkDocument({ scope: 'merge', digest, document }, seen(), sha256), differs);
});

test('a plan that is shown and is not the one whose digest is signed, or is not shown at all, is found out', () => {
  const honest = offered({ scope: 'interface' });
  checkDocument(honest, seen(), sha256);
  assert.throws(() => checkDocument({ ...honest, plan: 'a plan, and more' }, seen(), sha256), differs);
  const { plan: _, ...silent } = honest;
  assert.throws(() => checkDocument(silent, seen(), sha256), differs);
  const url = { repository: 'acme/shop', pullURL: undefined, planURL: undefined };
  assert.match(renderDocument(honest, url), /^ {10}a plan$/m);
});

test('a floor that a person set in the Issue is the least that is signed', () => {
  const low = offered({ effectiveTier: 'T2' });
  const status = { effectiveTier: 'T1' };
  checkDocument(low, seen({ spec: { tier: 'T2' }, status }), sha256);
  assert.throws(() => checkDocument(low, seen({ spec: { tier: 'T3' }, status }), sha256), differs);
});

const beside = {
  repository: 'acme/shop',
  pullURL: 'https://github.com/acme/shop/pull/57',
  planURL: 'https://plan.example',
};

test('everything that a merge approves is shown: tier, text, head, where it starts, every path, and the digest', () => {
  const { digest } = offered();
  const { change, uid, clusterUID } = merge;
  const text = renderDocument(offered(), beside);
  for (const words of [
    'merge of acme/shop-42, acme/shop#42 at github.com',
    'T3, class feature',
    'Keep sessions',
    'pull/57',
    ...change!.paths,
    ...change!.manifests,
    uid,
    clusterUID,
    digest,
  ])
    assert.ok(text.includes(words), words);
  assert.ok(text.includes(`git diff ${'b'.repeat(40)} ${'a'.repeat(40)}`));
});

test('however many paths a merge has, the last one is shown', () => {
  const paths = Array.from({ length: 5_000 }, (_, at) => `.a/${String(at).padStart(4, '0')}.md`);
  const text = renderDocument(offered({ change: { ...merge.change!, paths: [...paths, 'src/auth.ts'] } }), beside);
  assert.match(text, /^ {10}src\/auth\.ts$/m);
  assert.match(text, /5001 paths/);
});

test('who approves an interface sees the interfaces, the files and where the plan is', () => {
  const taskSpec = { interfaces: ['GET /v1/sessions\nanswers a list'], files: ['src/session.ts'] };
  const text = renderDocument(offered({ scope: 'interface', taskSpec }), beside);
  for (const words of [
    'GET /v1/sessions',
    'answers a list',
    'src/session.ts',
    'https://plan.example',
    merge.planDigest!,
  ])
    assert.ok(text.includes(words), words);
});

test('words of others cannot move the cursor of who signs, nor turn the order in which they read', () => {
  const hidden = 'a\u001b[2Kb\u009b1A\u202ehidden';
  const change = { ...merge.change!, paths: [hidden] };
  const text = renderDocument(offered({ title: hidden, body: hidden, taskSpec: { goal: hidden }, change }), beside);
  for (const control of ['\u001b', '\u009b', '\u202e']) assert.ok(!text.includes(control));
});
