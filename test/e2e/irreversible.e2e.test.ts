// Work that cannot be undone, from the outside: no agent is given it, none reviews it, nobody merges it unsigned; a person's signature merges it, and lets
// exactly what was merged be written to the cluster.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { requireUp } from '#lib/datadir';
import { type KubeObject, NAMESPACES, SECRETS } from '#lib/kube';
import { until } from '../kit/cluster-wait.ts';
import { processesWith, Rig } from '../kit/rig.ts';
import { Hands } from '../kit/rig-hands.ts';
import { createGitRepository, OWNER } from '../kit/rig-repository.ts';

const MANIFEST = 'deploy/sign-in.yaml';
/** Who may sign in, as the repository has it for the cluster. */
const manifest = (who: string) =>
  stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'sign-in', namespace: 'shop' },
    stringData: { who },
  });
const done = { title: 'Change who may sign in', what: 'It was changed.', why: 'It was asked for.', risk: 'Sign-ins.' };
const steps = [
  {
    name: 'prepare',
    when: { kind: 'prepare', notContains: ['\nchanged'] },
    answer: {
      toolUse: [
        { name: 'shell', input: { command: `sed -i s/nobody/everybody/ auth.txt ${MANIFEST} && echo changed` } },
      ],
    },
  },
  { name: 'prepared', when: { kind: 'prepare' }, answer: { toolUse: [{ name: 'done', input: done }] } },
];
/** Authentication is T3, everything else T0. */
const policy = {
  apiVersion: 'rig.dashecorp.com/v1alpha1',
  kind: 'TierPolicy',
  metadata: { name: 'default' },
  spec: {
    rules: [
      { name: 'work', tier: 'T0', taskClass: 'chore', match: { cel: 'true' } },
      { name: 'files', tier: 'T0', taskClass: 'chore', match: { paths: ['**'] } },
      { name: 'authentication', tier: 'T3', match: { paths: ['auth.txt'] } },
      { name: 'wanted-authentication', tier: 'T3', match: { labels: ['auth'] } },
    ],
    manifests: [{ group: '', kinds: ['Secret'] }],
  },
};

interface Pull {
  readonly node_id: string;
  readonly draft: boolean;
  readonly merged: boolean;
}

test('T3: dispatch refuses, an agent prepares a draft, the reviewer declines, forge and cluster refuse what is unsigned, and rig approve has it merged and written', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'irreversible-e2e-'));
  const source = createGitRepository({
    'README.md': '# Sign-in\n',
    'auth.txt': 'nobody\n',
    [MANIFEST]: manifest('nobody'),
  });
  const file = (name: string, content: object) => {
    writeFileSync(join(folder, name), stringify(content));
    return join(folder, name);
  };
  const work = ['--repo', source, '--test-command', 'test -f README.md', '--replay', file('replay.yaml', { steps })];
  const rig = await new Rig({ args: [...work, '--tier-policy', file('tiers.yaml', policy)] }).up();
  const hands = new Hands(rig.layout);
  t.after(async () => {
    await hands[Symbol.asyncDispose]();
    await rig[Symbol.asyncDispose]();
    for (const path of [folder, source]) rmSync(path, { recursive: true, force: true });
    assert.deepEqual(processesWith(rig.layout.root), [], 'the rig left a process behind');
  });
  const name = 'sign-in';
  const { repository } = requireUp(rig.layout).tenant;
  const types = async () => (await hands.log(name)).map(({ type }) => type);

  await hands.createIssue(name, {
    repositoryRef: { name: repository },
    title: 'Everybody may sign in',
    labels: ['auth'],
  } as never);
  const waiting = await hands.untilPhase(name, 'AwaitingHuman');
  assert.match(waiting.status?.why ?? '', /driven by a person.*rig prepare/);
  assert.ok(!(await types()).includes('ISSUE_ASSIGNED'));

  const asked = await hands.rig('prepare', name);
  assert.equal(asked.code, 0, asked.stderr);
  const drafted = await hands.untilIssue(name, 'has a draft, and nobody works on it', ({ status }) => {
    return status?.pullRequest !== undefined && status.assignedTo === undefined;
  });
  assert.equal(drafted.status?.phase, 'AwaitingHuman');
  const { number, headSHA } = drafted.status!.pullRequest!;
  const path = `/repos/${OWNER}/${source.split('/').at(-1)}/pulls/${number}`;
  const pull = async () => (await hands.forge<Pull>('GET', path)).body;
  assert.equal((await pull()).draft, true);

  const ready =
    'mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }';
  const graphql = await fetch(`${hands.urls.forge}/api/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${hands.secret('forge-token-you')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: ready, variables: { id: (await pull()).node_id } }),
  });
  assert.equal(graphql.status, 200, await graphql.text());
  await hands.untilEvent(name, ({ type }) => type === 'REVIEW_REFUSED');

  // The forge asks for a review by somebody who may write, as of every change: here it is a person's.
  const review = { event: 'APPROVE', commit_id: headSHA, body: 'As I wanted it.' };
  assert.equal((await hands.forge('POST', `${path}/reviews`, review)).status, 200);

  // A conductor that has gone bad calls the merge past its own gate.
  const hostile = await hands.forge('PUT', `${path}/merge`, { sha: headSHA }, hands.secret('forge-token-conductor'));
  assert.equal(hostile.status, 405, JSON.stringify(hostile.body));
  assert.equal((await pull()).merged, false);

  // What is to be merged is not written to the cluster before a person signed it either.
  const labels = { 'rig.dashecorp.com/governed': 'true' };
  await hands.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels } });
  const write = (who: string) => hands.client.create(SECRETS, parse(manifest(who)) as KubeObject);
  await assert.rejects(write('everybody'), /needs the consent of a person/);

  const signed = await hands.rig('approve', name, '--scope', 'merge', '--sign-in', 'local', '--yes');
  assert.equal(signed.code, 0, signed.stderr);
  await hands.untilPhase(name, 'Done');
  assert.equal((await pull()).merged, true);
  const told = await types();
  const order = ['REVIEW_REFUSED', 'APPROVAL_VERIFIED', 'APPROVAL_USED', 'MERGE_REQUESTED', 'MERGED'];
  assert.deepEqual(
    told.filter((type) => order.includes(type)),
    order,
  );
  await assert.rejects(write('somebody'), /needs the consent of a person/);
  await until('exactly what was merged is written', async () => (await write('everybody')).metadata.name);
  const end = hands.client.delete(SECRETS, { namespace: 'shop', name: 'sign-in' });
  await assert.rejects(end, /needs the consent of a person/);
});
