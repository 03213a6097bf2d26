import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Approval, group, trustObjects } from '#crds';
import {
  type ApprovalScope,
  approvalDigest,
  approvalStatement,
  type DomainEvent,
  decideWish,
  type IssueState,
  type StoredEvent,
  standingApprovals,
  statementPayloadType,
} from '#domain';
import { signStatement } from '#lib/attest';
import { CONFIG_MAPS, findCondition, type KubeObject, NAMESPACES, type Resource, Retry } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import type { RunningTrust } from '../../local/trust/index.ts';
import { person, signedIn, started } from '../../local/trust/trust.int-kit.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { fileLife, repositoryReady, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyIssue, applyTenant } from '../api/objects.int-kit.ts';
import { Subjects } from '../issues/subject.ts';
import { wishOf } from '../issues/wish.ts';
import { APPROVALS, ISSUES } from '../objects.ts';
import { ApprovalCheck } from './check.ts';
import { ApprovalController } from './controller.ts';
import { sha256 } from './hash.ts';
import { PresentReader } from './present.ts';
import { TrustReader } from './trust.ts';

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}
const MAPS = CONFIG_MAPS as Resource<ConfigMap>;
const { namespace: VERIFIER, humans, root } = trustObjects;

/** One conductor for the file, whose clock the tests move so that what it read of people is read again. */
const rig = await testConductor(fileLife);
let ahead = 0;
const now = () => Date.now() + ahead;
const unasked = () => Promise.reject(new Error('no test of this file asks git'));
const changes = { of: unasked, lineage: unasked };
const present = new PresentReader(rig.conductor, changes);
/** The merge of no issue here can be read, and what reads the interface of some is broken. */
const unreadable = {
  of: (issue: Parameters<PresentReader['of']>[0], state: IssueState, scope: ApprovalScope) =>
    ({
      merge: () => Promise.reject(new Retry('HeadMoved', 'git does not show the head.')),
      interface: () =>
        issue.metadata.name!.startsWith('wedged-')
          ? Promise.reject(new Error('nobody thought of this'))
          : present.of(issue, state, scope),
      dispatch: () => present.of(issue, state, scope),
    })[scope](),
};
const trustReader = new TrustReader(rig.client, now);
const check = new ApprovalCheck({ trust: trustReader, present: unreadable, now });
let rootEnd: number | null = null;
const reading = { check, present: unreadable, rootEnd: () => rootEnd ?? trustReader.rootEnd };
const approvals = new ApprovalController(rig.conductor, reading, silentLogger);
rig.grown.add((subject) => approvals.poke(subject));

const trust = await (async (): Promise<RunningTrust> => started(fileLife as TestContext))();
rig.manager.start();
await applyTenant(rig);
await repositoryReady(rig);
await rig.client.create(NAMESPACES, { metadata: { name: 'kube-system' } } as KubeObject);
await list([{ subject: person.email, issuer: trust.url }]);
await rig.client.create(MAPS, {
  metadata: { namespace: VERIFIER, name: root.name },
  data: { [root.key]: JSON.stringify(trust.root) },
});
await approvals.controller.start();
fileLife.after(() => approvals.controller.stop({ graceMs: 1_000 }));

/** Says who may approve, from this moment. */
async function list(people: readonly { subject: string; issuer: string }[]): Promise<void> {
  const ref = { namespace: VERIFIER, name: humans.name };
  const data = { [humans.key]: JSON.stringify({ humans: people }) };
  if ((await rig.client.find(MAPS, ref)) === undefined) await rig.client.create(MAPS, { metadata: ref, data });
  else await rig.client.patch(MAPS, ref, { data });
  ahead += 60_000;
}

/** An Issue that the log knows. */
async function filed({ client, conductor, namespace }: TestConductor, name: string) {
  await applyIssue(rig, name);
  const issue = await client.get(ISSUES, { namespace, name });
  await until('the cache has the Issue', () => conductor.objects.issues.get(namespace, name) !== undefined);
  const subject = await new Subjects().of(conductor, issue);
  await conductor.log.append(subject, { actor: { kind: 'controller', name: 'test' } }, (state) =>
    decideWish(state, wishOf(issue)),
  );
  return { issue, subject: { ...subject, namespace, name } };
}

type Filed = Awaited<ReturnType<typeof filed>>;

async function statementOf({ issue, subject }: Filed, scope: ApprovalScope = 'dispatch'): Promise<string> {
  const { document, digest } = await present.of(issue, await rig.conductor.log.load(subject), scope);
  return JSON.stringify(approvalStatement(document, digest));
}

async function approve(one: Filed, name: string, statement?: string): Promise<string> {
  const bundle = await bundleOf(statement ?? (await statementOf(one)));
  await fileApproval(one, name, bundle);
  return bundle;
}

async function bundleOf(statement: string): Promise<string> {
  const services = { fulcioURL: trust.url, rekorURL: trust.url };
  const identityToken = await signedIn(trust.url);
  return signStatement(statement, { payloadType: statementPayloadType, identityToken, services });
}

async function fileApproval(
  one: Filed,
  name: string,
  bundle: string,
  scope: ApprovalScope = 'dispatch',
): Promise<void> {
  const { name: issue, uid } = one.issue.metadata as { name: string; uid: string };
  await rig.client.create(APPROVALS, {
    apiVersion: `${group}/v1alpha1`,
    kind: 'Approval',
    metadata: { namespace: rig.namespace, name },
    spec: { issueRef: { name: issue, uid }, scope, bundle },
  } as Approval & KubeObject);
}

async function told({ subject }: Filed): Promise<StoredEvent[]> {
  const events = await rig.store.read(subject.id);
  return (events as unknown as StoredEvent[]).filter(({ type }) => type.startsWith('APPROVAL_'));
}

async function verified(name: string, reason: string): Promise<Approval> {
  const ref = { namespace: rig.namespace, name };
  await until(
    `${name} is ${reason}`,
    async () => findCondition((await rig.client.get(APPROVALS, ref)).status?.conditions, 'Verified')?.reason === reason,
  );
  return rig.client.get(APPROVALS, ref);
}

test('an Approval of a listed person is verified and told once, and its status says who and until when', async () => {
  const one = await filed(rig, 'first');
  await approve(one, 'first-dispatch');
  const { status } = await verified('first-dispatch', 'Verified');
  assert.deepEqual(status?.identity, { subject: person.email, issuer: trust.url });
  assert.equal(findCondition(status?.conditions, 'Ready')?.status, 'True');
  assert.ok(Date.parse(status!.expiresAt!) > Date.now() + 6 * 86_400_000);
  // Looked at again, and again because of what follows: were anything told twice, it would stand before the second.
  approvals.poke(one.subject);
  await approve(one, 'first-again');
  await verified('first-again', 'Verified');
  const events = await told(one);
  assert.deepEqual(
    events.map(({ type, data }) => `${type} ${(data as { approval: string }).approval}`),
    ['APPROVAL_VERIFIED first-dispatch', 'APPROVAL_VERIFIED first-again'],
  );
  const { approvals: known } = await rig.conductor.log.load(one.subject);
  assert.deepEqual(
    standingApprovals(known).map(({ name, identity }) => [name, identity.subject]),
    [
      ['first-dispatch', person.email],
      ['first-again', person.email],
    ],
  );
});

test('a signature over something else is refused, told once with the reason, and Stalled', async () => {
  const one = await filed(rig, 'second');
  const other = await filed(rig, 'third');
  await approve(one, 'second-dispatch', await statementOf(other));
  const { status } = await verified('second-dispatch', 'DigestMismatch');
  assert.equal(findCondition(status?.conditions, 'Stalled')?.status, 'True');
  assert.equal(status?.identity, undefined);
  assert.deepEqual(
    (await told(one)).map(({ type }) => type),
    ['APPROVAL_REFUSED'],
  );
});

test('an edit of the issue, and deleting the Approval, each take back what was verified', async () => {
  const one = await filed(rig, 'edited');
  await approve(one, 'edited-1');
  await verified('edited-1', 'Verified');
  await rig.client.patch(ISSUES, { namespace: rig.namespace, name: 'edited' }, { spec: { title: 'Something else' } });
  await verified('edited-1', 'DigestMismatch');
  const again = { ...one, issue: await rig.client.get(ISSUES, { namespace: rig.namespace, name: 'edited' }) };
  await approve(again, 'edited-2');
  await verified('edited-2', 'Verified');
  await rig.client.delete(APPROVALS, { namespace: rig.namespace, name: 'edited-2' });
  await until('the deletion is told', async () => (await told(one)).length === 4);
  const said = (await told(one)).map(({ type, data }) =>
    `${type} ${(data as { reason?: string }).reason ?? ''}`.trim(),
  );
  assert.deepEqual(said, [
    'APPROVAL_VERIFIED',
    'APPROVAL_REVOKED DigestMismatch',
    'APPROVAL_VERIFIED',
    'APPROVAL_REVOKED ApprovalDeleted',
  ]);
});

test('another text of the issue, and another plan, each take back what a person approved of a plan', async () => {
  const ref = { namespace: rig.namespace, name: 'replanned' };
  const one = await filed(rig, ref.name);
  const propose = (plan: string) =>
    tell(one, [
      {
        type: 'PLAN_PROPOSED',
        data: {
          ...{ task: 'replanned-plan-1-1', kind: 'plan', fence: '1.1' },
          ...{ digest: `sha256:${sha256(plan)}`, text: plan, url: 'https://forge.example/1' },
        },
      },
    ]);
  const sign = async (name: string) => {
    const now = { ...one, issue: await rig.client.get(ISSUES, ref) };
    await fileApproval(now, name, await bundleOf(await statementOf(now, 'interface')), 'interface');
    await verified(name, 'Verified');
  };
  await propose('A new parser.');
  await sign('replanned-1');
  await rig.client.patch(ISSUES, ref, { spec: { body: 'Keep the old one too.' } });
  await verified('replanned-1', 'DigestMismatch');
  await sign('replanned-2');
  await propose('Two parsers.');
  await verified('replanned-2', 'DigestMismatch');
  await sign('replanned-3');
  const { approvals: known } = await rig.conductor.log.load(one.subject);
  assert.deepEqual(
    standingApprovals(known).map(({ name }) => name),
    ['replanned-3'],
  );
  assert.deepEqual(
    (await told(one)).map(({ type, data }) => `${type} ${(data as { approval: string }).approval}`),
    [
      'APPROVAL_VERIFIED replanned-1',
      'APPROVAL_REVOKED replanned-1',
      'APPROVAL_VERIFIED replanned-2',
      'APPROVAL_REVOKED replanned-2',
      'APPROVAL_VERIFIED replanned-3',
    ],
  );
});

test('a person who is taken off the list takes back what they signed, and a list that cannot be read passes nobody', async () => {
  const one = await filed(rig, 'fired');
  await approve(one, 'fired-dispatch');
  await verified('fired-dispatch', 'Verified');
  await list([{ subject: 'grace@example.com', issuer: trust.url }]);
  approvals.poke(one.subject);
  await verified('fired-dispatch', 'SignerNotListed');
  await rig.client.patch(
    MAPS,
    { namespace: VERIFIER, name: humans.name },
    { data: { [humans.key]: 'humans: nobody' } },
  );
  ahead += 60_000;
  approvals.poke(one.subject);
  await verified('fired-dispatch', 'TrustUnreadable');
  await list([{ subject: person.email, issuer: trust.url }]);
  approvals.poke(one.subject);
  await verified('fired-dispatch', 'Verified');
});

test('a deleted Approval stays taken back when its bundle is filed again, and one that is filed twice adds nothing', async () => {
  const one = await filed(rig, 'copied');
  const bundle = await approve(one, 'copied-1');
  await verified('copied-1', 'Verified');
  await fileApproval(one, 'copied-2', bundle);
  await verified('copied-2', 'ApprovalRepeated');
  await rig.client.delete(APPROVALS, { namespace: rig.namespace, name: 'copied-1' });
  await verified('copied-2', 'ApprovalDeleted');
  await fileApproval(one, 'copied-3', bundle);
  await verified('copied-3', 'ApprovalDeleted');
  await approve(one, 'copied-anew');
  await verified('copied-anew', 'Verified');
  assert.deepEqual(
    (await told(one)).map(({ type }) => type),
    ['APPROVAL_VERIFIED', 'APPROVAL_REVOKED', 'APPROVAL_VERIFIED'],
  );
});

for (const [scope, reason] of [
  ['merge', 'HeadMoved'],
  ['interface', 'FactUnknown'],
] as const)
  test(`an Approval that cannot be looked at now says so, and keeps no other of its issue from being verified: ${reason}`, async () => {
    const one = await filed(rig, `wedged-${scope}`);
    const { predicate } = JSON.parse(await statementOf(one));
    const document = { ...predicate.document, scope, ...(scope === 'merge' && { pullRequest: { manifests: [] } }) };
    const statement = JSON.stringify(approvalStatement(document, approvalDigest(document, sha256)));
    await fileApproval(one, `a-${scope}`, await bundleOf(statement), scope);
    const { status } = await verified(`a-${scope}`, reason);
    assert.equal(findCondition(status?.conditions, 'Verified')?.status, 'Unknown');
    assert.equal(findCondition(status?.conditions, 'Reconciling')?.status, 'True');
    await approve(one, `z-${scope}`);
    await verified(`z-${scope}`, 'Verified');
    await rig.client.delete(APPROVALS, { namespace: rig.namespace, name: `z-${scope}` });
    await until('the deletion is told beside it', async () => (await told(one)).at(-1)?.type === 'APPROVAL_REVOKED');
  });

test('a bundle with words of any length is refused, and what came before and after it is looked at', async () => {
  const one = await filed(rig, 'wordy');
  const bundle = JSON.parse(await bundleOf(await statementOf(one)));
  bundle.verificationMaterial.tlogEntries[0].kindVersion.kind = 'x'.repeat(9_000);
  await fileApproval(one, 'a-wordy', JSON.stringify(bundle));
  await verified('a-wordy', 'SignatureInvalid');
  await approve(one, 'b-wordy');
  await verified('b-wordy', 'Verified');
  assert.deepEqual(
    (await told(one)).map(({ type }) => type),
    ['APPROVAL_REFUSED', 'APPROVAL_VERIFIED'],
  );
});

const tell = (one: Filed, events: DomainEvent[]) =>
  rig.conductor.log.append(one.subject, { actor: { kind: 'controller', name: 'test' } }, () => events);

test('what was approved and has happened is not taken back by what comes after, and its deletion is still told', async () => {
  const one = await filed(rig, 'settled');
  await approve(one, 'settled-dispatch');
  await verified('settled-dispatch', 'Verified');
  await tell(one, [{ type: 'ISSUE_CANCELLED', data: { reason: 'Cancelled', message: 'No more.' } }]);
  await rig.client.patch(ISSUES, { namespace: rig.namespace, name: 'settled' }, { spec: { title: 'Something else' } });
  await list([{ subject: 'grace@example.com', issuer: trust.url }]);
  approvals.poke(one.subject);
  await rig.client.delete(APPROVALS, { namespace: rig.namespace, name: 'settled-dispatch' });
  await until('the deletion is told', async () => (await told(one)).length === 2);
  await list([{ subject: person.email, issuer: trust.url }]);
  const said = (await told(one)).map(({ type, data }) =>
    `${type} ${(data as { reason?: string }).reason ?? ''}`.trim(),
  );
  assert.deepEqual(said, ['APPROVAL_VERIFIED', 'APPROVAL_REVOKED ApprovalDeleted']);
});

test('what was signed before a recovery approves nothing after it', async () => {
  const one = await filed(rig, 'recovered');
  await approve(one, 'recovered-before');
  await verified('recovered-before', 'Verified');
  const data = { recovery: 'r1', fence: '1.1', lostSince: new Date().toISOString(), attempt: 0, branch: null };
  // A witness tells the time in whole seconds.
  await until('the second is over', () => Date.now() % 1_000 > 900);
  await until('the next has begun', () => Date.now() % 1_000 < 100);
  await tell(one, [{ type: 'RECOVERED', data: { ...data, pullRequest: null, message: 'Restored.' } }]);
  const state = await rig.conductor.log.load(one.subject);
  assert.deepEqual(standingApprovals(state.approvals), []);
  approvals.poke(one.subject);
  await verified('recovered-before', 'ApprovalOutdated');
  await approve(one, 'recovered-after');
  await verified('recovered-after', 'Verified');
});

test('a trusted root that runs out within a month is told on every Approval, until it is replaced', async () => {
  const one = await filed(rig, 'expiring');
  await approve(one, 'expiring-dispatch');
  const { status } = await verified('expiring-dispatch', 'Verified');
  assert.equal(findCondition(status?.conditions, 'TrustedRootExpiring'), undefined);
  const told = async () =>
    findCondition(
      (await rig.client.get(APPROVALS, { namespace: rig.namespace, name: 'expiring-dispatch' })).status?.conditions,
      'TrustedRootExpiring',
    )?.message ?? null;
  rootEnd = Date.now() + 29 * 86_400_000;
  approvals.poke(one.subject);
  await until('it is told', async () => (await told())?.includes('rig trust root update') === true);
  rootEnd = Date.now() + 31 * 86_400_000;
  approvals.poke(one.subject);
  await until('it is told no more', async () => (await told()) === null);
  rootEnd = null;
});

test('an Approval of an Issue that was made again under the same name is refused', async () => {
  const one = await filed(rig, 'remade');
  await approve(
    { ...one, issue: { ...one.issue, metadata: { ...one.issue.metadata, uid: 'another' } } },
    'remade-dispatch',
    await statementOf(one),
  );
  await verified('remade-dispatch', 'IssueMissing');
  assert.deepEqual(await told(one), []);
});
