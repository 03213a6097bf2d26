// Work that cannot be undone, from the outside: no agent is given it, none reviews it, nobody merges it unsigned; a person's signature merges it, and lets
// exactly what was merged be written to the cluster.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { requireUp } from '#lib/datadir';
import { type KubeObject, SECRETS } from '#lib/kube';
import { until } from '../kit/cluster-wait.ts';
import { ownRig } from '../kit/rig-own.ts';

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
  rules: [
    { name: 'work', tier: 'T0', taskClass: 'chore', match: { cel: 'true' } },
    { name: 'files', tier: 'T0', taskClass: 'chore', match: { paths: ['**'] } },
    { name: 'authentication', tier: 'T3', match: { paths: ['auth.txt'] } },
    { name: 'wanted-authentication', tier: 'T3', match: { labels: ['auth'] } },
  ],
  manifests: [{ group: '', kinds: ['Secret'] }],
};

interface Pull {
  readonly node_id: string;
  readonly draft: boolean;
  readonly merged: boolean;
}

test('T3: dispatch refuses, an agent prepares a draft, the reviewer declines, forge and cluster refuse what is unsigned, and rig approve has it merged and written', async (t) => {
  const files = { 'README.md': '# Sign-in\n', 'auth.txt': 'nobody\n', [MANIFEST]: manifest('nobody') };
  const { rig, hands, path, person } = await ownRig(t, { files, steps, policy });
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
  const at = `${path}/pulls/${number}`;
  const pull = async () => (await hands.forge<Pull>('GET', at)).body;
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
  assert.equal((await hands.forge('POST', `${at}/reviews`, review)).status, 200);

  // A conductor that has gone bad calls the merge past its own gate.
  const hostile = await hands.forge('PUT', `${at}/merge`, { sha: headSHA }, hands.secret('forge-token-conductor'));
  assert.equal(hostile.status, 405, JSON.stringify(hostile.body));
  assert.equal((await pull()).merged, false);

  // What is to be merged is not written to the cluster before a person signed it either.
  await hands.kubectl(['create', 'namespace', 'shop']);
  await hands.kubectl(['label', 'namespace', 'shop', 'rig.dashecorp.com/governed=true']);
  const write = (who: string) => hands.client.create(SECRETS, parse(manifest(who)) as KubeObject);
  const rehearsed = ['create', 'secret', 'generic', 'any', '-n', 'shop', '--from-literal=a=b', '--dry-run=server'];
  await until('the namespace is governed', () =>
    hands.kubectl(rehearsed).then(
      () => false,
      ({ message }) => /needs the consent of a person/.test(message),
    ),
  );
  await assert.rejects(write('everybody'), /needs the consent of a person/);

  await person('approve', name, '--scope', 'merge');
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
