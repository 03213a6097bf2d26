import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Approval, group, trustObjects } from '#crds';
import {
  approvalStatement,
  coveredBy,
  decideWish,
  type StoredEvent,
  standingApprovals,
  statementPayloadType,
} from '#domain';
import { signStatement } from '#lib/attest';
import { CONFIG_MAPS, findCondition, type KubeObject, NAMESPACES, type Resource } from '#lib/kube';
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
const changes = { of: () => Promise.reject(new Error('no test of this file asks git')) };
const present = new PresentReader(rig.conductor, changes);
const check = new ApprovalCheck({ trust: new TrustReader(rig.client, now), present, now });
const approvals = new ApprovalController(rig.conductor, check, silentLogger);
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

async function statementOf({ issue, subject }: Filed): Promise<string> {
  const { document, digest } = await present.of(issue, await rig.conductor.log.load(subject), 'dispatch');
  return JSON.stringify(approvalStatement(document, digest));
}

async function approve(one: Filed, name: string, statement?: string): Promise<void> {
  const services = { fulcioURL: trust.url, rekorURL: trust.url };
  const identityToken = await signedIn(trust.url);
  const bundle = await signStatement(statement ?? (await statementOf(one)), {
    payloadType: statementPayloadType,
    identityToken,
    services,
  });
  const { name: issue, uid } = one.issue.metadata as { name: string; uid: string };
  await rig.client.create(APPROVALS, {
    apiVersion: `${group}/v1alpha1`,
    kind: 'Approval',
    metadata: { namespace: rig.namespace, name },
    spec: { issueRef: { name: issue, uid }, scope: 'dispatch', bundle },
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
  approvals.poke(one.subject);
  await until('the Approval is told of', async () => (await told(one)).length > 0);
  const [event, ...more] = await told(one);
  assert.equal(event?.type, 'APPROVAL_VERIFIED');
  assert.deepEqual(more, []);
  const state = await rig.conductor.log.load(one.subject);
  const { digest } = await present.of(one.issue, state, 'dispatch');
  const step = { scope: 'dispatch', digest, headSHA: null, since: 0, now: Date.now() } as const;
  const coverage = coveredBy(standingApprovals(state.approvals), step);
  assert.equal(coverage.covered && coverage.by.name, 'first-dispatch');
  assert.equal(coveredBy(standingApprovals(state.approvals), { ...step, scope: 'merge' }).covered, false);
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
