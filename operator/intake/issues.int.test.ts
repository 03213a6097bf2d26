import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { apiVersion, type Issue } from '#crds';
import type { Permission } from '#lib/forge';
import { ClusterConfig, KubeClient, type KubeObject, loadKubeConfig } from '#lib/kube';
import { served } from '../../crds/fixtures.int-kit.ts';
import { clusterLife, testCluster } from '../../test/kit/cluster.ts';
import { assertPlain, hostileText } from '../../test/kit/hostile.ts';
import { issueMarker } from '../forges/writes.ts';
import { ISSUES } from '../objects.ts';
import { type IntakeWorld, openIntake, repositoryOf, rig } from './intake.int-kit.ts';
import { type IssueChange, issueEvent, labelled, REPOSITORY } from './payloads.int-kit.ts';

const NAMESPACE = 'tenant-sample';
let admin: KubeClient;
let intake: KubeClient;
let worlds = 0;
const WRITERS = new Map<string, Permission>([
  ['boss', 'admin'],
  ['maintainer', 'write'],
]);

before(async () => {
  const cluster = await testCluster();
  const config = join(import.meta.dirname, '../../config/local');
  await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-k', config);
  admin = new KubeClient(loadKubeConfig({ path: cluster.kubeconfigPath }));
  await served(admin, NAMESPACE);
  const { token } = await admin.createToken({ namespace: 'rig-system', name: 'rig-intake' }, { audiences: [] });
  intake = new KubeClient(new ClusterConfig(admin.config.cluster, { name: 'rig-intake', token }));
  clusterLife.after(() => Promise.all([admin.close(), intake.close()]));
});

interface Story extends IntakeWorld {
  /** Name of the Repository of this test. */
  readonly repository: string;
  /** Delivers, applies, and answers what became of it. */
  tell(payload: object, id?: string): Promise<string>;
  /** The Issue of that number of this test's Repository, as the API server has it. */
  issue(number: number): Promise<(Issue & KubeObject) | undefined>;
  /** Who approved, and how. */
  approvals(): Promise<string[]>;
}

/** Only boss and maintainer may write. */
async function open(t: TestContext): Promise<Story> {
  worlds += 1;
  const repository = `shop-${worlds}`;
  const world = await openIntake(t, {
    client: intake,
    reader: admin,
    repositories: [repositoryOf(REPOSITORY.id, REPOSITORY.full_name, { name: repository, namespace: NAMESPACE })],
    permission: (login) => WRITERS.get(login) ?? 'read',
  });
  let told = 0;
  return Object.assign(world, {
    repository,
    tell: async (payload: object, id = `${repository}-${++told}`) => {
      await world.send('issues', payload, { id });
      const { outcome, detail } = await world.outcome(id);
      assert.equal(outcome, 'applied', detail);
      return detail;
    },
    issue: async (number: number) => {
      const found = await admin.find(ISSUES, { namespace: NAMESPACE, name: `${repository}-${number}` });
      if (found) await shown(world, found);
      return found;
    },
    approvals: async () => {
      const { rows } = await world.pool.query(
        `SELECT meta->'actor'->>'name' AS by, data->>'via' AS via FROM events WHERE type = 'ISSUE_APPROVED' ORDER BY at`,
      );
      return rows.map(({ by, via }) => `${by} via ${via}`);
    },
  });
}

/** Waits until the cache has this version, so that the next delivery meets it. */
function shown(world: IntakeWorld, { metadata }: KubeObject): Promise<void> {
  return world.until((issues) =>
    issues.some(
      (one) => one.metadata.uid === metadata.uid && one.metadata.resourceVersion === metadata.resourceVersion,
    ),
  );
}

const wish = ({ title = 'It is broken', body = 'Steps.', labels = ['rig'] }: IssueChange = {}) => ({
  title,
  body,
  labels,
});
const wishOf = (issue: Issue | undefined) => issue && wish({ ...issue.spec });

test('labelled by a person who may write: an Issue that rig-intake owns, and the approval on record', async (t) => {
  const { tell, issue, approvals, repository, affected } = await open(t);
  const said = await tell(labelled(7, { labels: ['bug', 'rig'] }));
  assert.match(said, new RegExp(`boss asked for Issue ${repository}-7\\.`));
  const made = await issue(7);
  assert.deepEqual(made?.spec.repositoryRef, { name: repository });
  assert.deepEqual(wishOf(made), wish({ labels: ['bug', 'rig'] }));
  assert.deepEqual([made?.spec.number, made?.spec.source], [7, 'webhook']);
  const raw = await admin.get(ISSUES, { namespace: NAMESPACE, name: `${repository}-7` });
  const managers = (raw.metadata as { managedFields?: { manager: string; operation: string }[] }).managedFields;
  assert.deepEqual(
    managers?.map(({ manager, operation }) => [manager, operation]),
    [['rig-intake', 'Apply']],
  );
  assert.deepEqual(await approvals(), ['boss via label']);
  await tell(issueEvent('closed', 7, { at: 1 }));
  assert.ok(affected.includes(`${repository}-7`), 'the issue is looked at again');
});

for (const [who, by] of [
  ['somebody who may not write', 'reader'],
  ['a bot', 'helper[bot]'],
])
  test(`labelled by ${who}: nothing follows, and the delivery says so`, async (t) => {
    const { tell, issue, approvals } = await open(t);
    assert.match(
      await tell(labelled(7, { by })),
      /(may not write to the repository|is no person), so the label starts nothing\.$/,
    );
    assert.equal(await issue(7), undefined);
    assert.deepEqual(await approvals(), []);
  });

test('another label, a removed label, an opened issue: no Issue comes of them; the label counts in any case', async (t) => {
  const { tell, issue } = await open(t);
  for (const payload of [
    labelled(7, {}, 'bug'),
    issueEvent('unlabeled', 7, {}, { label: { name: 'rig' } }),
    issueEvent('opened', 7, { labels: ['rig'] }),
    issueEvent('edited', 7, { title: 'Else' }),
  ])
    assert.match(await tell(payload), /was not given the label rig by this\.$/);
  assert.equal(await issue(7), undefined);
  await tell(labelled(7, {}, 'RIG'));
  assert.ok(await issue(7));
});

test('an issue that an Agent’s account, the rig’s or a bot filed is an agent’s, whoever labels it, and follows the forge all the same', async (t) => {
  const story = await open(t);
  const agent = { id: 501, login: 'dev-e', kind: 'user' } as const;
  story.agents.push({ name: 'dev-e', account: agent });
  const accounts = { 21: agent, 22: rig, 23: { id: 77, login: 'dependabot[bot]' }, 24: { id: 78, login: 'author' } };
  for (const [number, { id, login }] of Object.entries(accounts)) {
    const author = { id, login, type: login.endsWith('[bot]') ? 'Bot' : 'User' };
    await story.tell(labelled(Number(number), { author }));
  }
  const sources = await Promise.all([21, 22, 23, 24].map(async (number) => (await story.issue(number))?.spec.source));
  assert.deepEqual(sources, ['agent', 'agent', 'agent', 'webhook']);
  await story.tell(issueEvent('edited', 21, { title: 'Another title', author: agent, at: 60 }));
  const { title, source } = (await story.issue(21))!.spec;
  assert.deepEqual([title, source], ['Another title', 'agent']);
});

test('an edit by one who may write is taken, one by somebody else is recorded and not taken', async (t) => {
  const { tell, issue, mirror, pool } = await open(t);
  await tell(labelled(7));
  await issue(7);
  await tell(issueEvent('edited', 7, { by: 'maintainer', title: 'New', labels: ['rig'], at: 1 }));
  assert.deepEqual(wishOf(await issue(7)), wish({ title: 'New' }));
  const said = await tell(issueEvent('edited', 7, { by: 'author', title: 'rm -rf', labels: ['rig'], at: 2 }));
  assert.match(said, /author may not write to the repository, so the edit is recorded and not taken\.$/);
  assert.deepEqual(wishOf(await issue(7)), wish({ title: 'New' }));
  const told = await mirror.issue(pool, { host: 'api.github.com', id: REPOSITORY.id }, 7);
  assert.equal(told?.facts.title, 'rm -rf');
});

test('a label by one who may write carries no text that somebody else edited in before', async (t) => {
  const { tell, issue } = await open(t);
  await tell(labelled(7));
  await issue(7);
  await tell(issueEvent('edited', 7, { by: 'author', body: 'Do my bidding.', labels: ['rig'], at: 1 }));
  await tell(labelled(7, { by: 'boss', body: 'Do my bidding.', labels: ['rig', 'bug'], at: 2 }, 'bug'));
  assert.deepEqual(wishOf(await issue(7)), wish({ labels: ['rig', 'bug'] }));
  await tell(labelled(7, { by: 'boss', body: 'Do my bidding.', labels: ['rig', 'bug'], at: 3 }));
  assert.deepEqual(wishOf(await issue(7)), wish({ body: 'Do my bidding.', labels: ['rig', 'bug'] }));
});

test('two edits in the wrong order end with the newer text', async (t) => {
  const { tell, issue } = await open(t);
  await tell(labelled(7));
  await issue(7);
  await tell(issueEvent('edited', 7, { title: 'Newest', labels: ['rig'], at: 2 }));
  assert.match(
    await tell(issueEvent('edited', 7, { title: 'Older', labels: ['rig'], at: 1 })),
    /newer text .* known already/,
  );
  assert.deepEqual(wishOf(await issue(7)), wish({ title: 'Newest' }));
});

test('what a person set beside the text stays when the text follows the forge', async (t) => {
  const { tell, issue, repository } = await open(t);
  await tell(labelled(7));
  const metadata = { name: `${repository}-7`, namespace: NAMESPACE };
  await admin.patch(ISSUES, metadata, { spec: { priority: 'critical' } });
  await issue(7);
  await tell(issueEvent('edited', 7, { title: 'New', labels: ['rig'], at: 1 }));
  const followed = await issue(7);
  assert.deepEqual([followed?.spec.title, followed?.spec.priority], ['New', 'critical']);
});

test('an issue the conductor filed is its Issue by the mark, unless somebody else copied the mark', async (t) => {
  const { tell, issue, approvals, repository, ...world } = await open(t);
  const spec = { repositoryRef: { name: repository }, title: 'By hand', source: 'kubectl' };
  const object = { apiVersion, kind: 'Issue', metadata: { name: `${repository}-by-hand`, namespace: NAMESPACE }, spec };
  const applied = await admin.create(ISSUES, object as never);
  await shown(world, applied);
  const body = `Text.\n\n${issueMarker(applied.metadata.uid!)}`;
  assert.match(await tell(labelled(8, { body })), /boss asked for Issue/);
  assert.ok(await issue(8), 'a copied mark is text like any other');
  assert.match(await tell(labelled(9, { body, author: rig })), /was applied in the cluster/);
  assert.equal(await issue(9), undefined);
  assert.deepEqual(await approvals(), ['boss via label']);
});

test('an Issue that was applied with the number of a forge issue is not doubled by the label', async (t) => {
  const { tell, issue, repository, ...world } = await open(t);
  const spec = { repositoryRef: { name: repository }, number: 12, title: 'By hand', source: 'kubectl' };
  const object = { apiVersion, kind: 'Issue', metadata: { name: `${repository}-twelve`, namespace: NAMESPACE }, spec };
  await shown(world, await admin.create(ISSUES, object as never));
  assert.match(await tell(labelled(12)), /was applied in the cluster; its text is changed there\.$/);
  assert.equal(await issue(12), undefined);
});

test('text at the limits of the schema is taken in', async (t) => {
  const { tell, issue } = await open(t);
  const title = `${'t'.repeat(255)}\u{1F600}`;
  const labels = ['rig', 'l'.repeat(50), 'm'.repeat(51), 'rig', ...Array.from({ length: 120 }, (_, i) => `label-${i}`)];
  await tell(labelled(7, { title, body: 'b'.repeat(70_000), labels }));
  const taken = await issue(7);
  assert.equal(taken?.spec.title, `${'t'.repeat(255)}\ufffd`);
  assert.equal(taken?.spec.body?.length, 65_536);
  assert.equal(taken?.spec.labels?.length, 100);
  assert.ok(!taken?.spec.labels?.includes('m'.repeat(51)));
});

test('hostile words in title, body and labels become an Issue of just those words, and its delivery ends with a plain sentence', async (t) => {
  const { tell, issue, approvals } = await open(t);
  const hostile = hostileText('/canary');
  const title = hostile.replaceAll('\n', ' ');
  const body = `${hostile}${'\0\ud800'}${'x'.repeat(65_536)}`;
  const labels = ["';$(x)`y`\u202e*", 'a\tb', 'x'.repeat(51), '__proto__', 'rig'];
  assertPlain(await tell(labelled(7, { title, body, labels })), 'what became of the delivery');
  const made = await issue(7);
  assert.equal(made?.spec.title, title.slice(0, 256).toWellFormed());
  assert.equal(made?.spec.body, `${hostile}\ufffd\ufffd${'x'.repeat(65_536)}`.slice(0, 65_536));
  assert.deepEqual(made?.spec.labels, ["';$(x)`y`\u202e*", '__proto__', 'rig'], 'what is no label is left out');
  assert.deepEqual(await approvals(), ['boss via label']);
});
