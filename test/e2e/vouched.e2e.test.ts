// Work that is slow to take back, from the outside: an agent plans it, a person approves the plan, and CI of the base branch vouches for the change.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { parse } from 'yaml';
import { type Agent, resources, trustObjects } from '#crds';
import { attestedText } from '#domain';
import { openBundle, readTrust } from '#lib/attest';
import { requireUp } from '#lib/datadir';
import { CONFIG_MAPS, type KubeObject, type Resource } from '#lib/kube';
import { until } from '../kit/cluster-wait.ts';
import { ownRig } from '../kit/rig-own.ts';

const AGENTS = resources.Agent as Resource<Agent & KubeObject>;
const MAPS = CONFIG_MAPS as Resource<KubeObject & { data: Record<string, string> }>;
const done = { title: 'Say 2 in the contract', what: 'It was changed.', why: 'It was asked for.', risk: 'Readers.' };
const verdict = { verdict: 'approve', body: 'As planned.' };
const steps = [
  { name: 'plan', when: { kind: 'plan' }, answer: { toolUse: [{ name: 'plan', input: { text: 'Write 2 there.' } }] } },
  {
    name: 'implement',
    when: { kind: 'implement', notContains: ['\nchanged'] },
    answer: { toolUse: [{ name: 'shell', input: { command: "printf '2\\n' > contract.txt && echo changed" } }] },
  },
  { name: 'done', when: { kind: 'implement' }, answer: { toolUse: [{ name: 'done', input: done }] } },
  { name: 'review', when: { kind: 'review' }, answer: { toolUse: [{ name: 'verdict', input: verdict }] } },
];
/** What is asked of T2 is what is asked where a policy says nothing of it. */
const policy = { rules: [{ name: 'contract', tier: 'T2', taskClass: 'feature', match: { cel: 'true' } }] };

test('T2: an agent plans, a person approves the interface, CI of the base branch signs for the head, and it merges', async (t) => {
  const files = { 'README.md': '# Contract\n', 'contract.txt': '1\n' };
  const { rig, hands, path, person } = await ownRig(t, { files, steps, policy });
  const { repository } = requireUp(rig.layout).tenant;
  const name = 'contract';
  const types = async () => (await hands.log(name)).map(({ type }) => type);

  await person('trust', 'grant', 'dev-e', 'feature', 'T2');
  await until('the grant is in force', async () => {
    const { status } = await hands.client.get(AGENTS, { namespace: hands.namespace, name: 'dev-e' });
    return status?.ceilings?.some(({ tier }) => tier === 'T2') === true;
  });
  await hands.createIssue(name, { repositoryRef: { name: repository }, title: 'Say 2 in the contract' });
  const waiting = await hands.untilPhase(name, 'AwaitingHuman');
  assert.match(waiting.status?.why ?? '', /rig approve \S+ --scope interface/);
  assert.ok(!(await types()).includes('PR_CREATED'));
  await person('approve', name, '--scope', 'interface');
  const merged = await hands.untilPhase(name, 'Done');

  const headSHA = merged.status?.pullRequest?.headSHA ?? '';
  const { id: repositoryId } = (await hands.forge<{ id: number }>('GET', path)).body;
  const digest = createHash('sha256').update(attestedText({ repositoryId, headSHA })).digest('hex');
  interface Filed {
    readonly attestations: readonly { readonly bundle: object }[];
  }
  const { attestations } = (await hands.forge<Filed>('GET', `${path}/attestations/sha256:${digest}`)).body;
  const mapText = async (map: { name: string; key: string }) =>
    (await hands.client.get(MAPS, { namespace: trustObjects.namespace, name: map.name })).data[map.key] ?? '';
  const root = readTrust(await mapText(trustObjects.root));
  const signers = attestations.map(({ bundle }) => openBundle(JSON.stringify(bundle), root).identity);
  const { machines } = parse(await mapText(trustObjects.machines));
  assert.equal(machines.length, 1);
  assert.deepEqual(new Set(signers.map(({ subject }) => subject)), new Set([machines[0].subject]));
  assert.match(machines[0].subject, /\/ci@refs\/heads\/main$/);
  const order = ['APPROVAL_USED', 'PR_CREATED', 'CI_PASSED', 'APPROVAL_USED', 'MERGE_REQUESTED', 'MERGED'];
  assert.deepEqual(
    (await types()).filter((type) => order.includes(type)),
    order,
    'the interface was approved for the work, and for its merge',
  );
});
