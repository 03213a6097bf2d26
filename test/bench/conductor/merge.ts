import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import pg from 'pg';
import { type Agent, apiVersion, labels, resources } from '#crds';
import { type KubeObject, type Resource, SECRETS } from '#lib/kube';
import { Conductor } from '../../../hack/pull-agent/conductor.ts';
import { work } from '../../../hack/pull-agent/work.ts';
import { Hands } from '../../kit/rig-hands.ts';
import { addRepository, createGitRepository, OWNER } from '../../kit/rig-repository.ts';
import type { RigProcess } from '../rig.ts';
import type { Measurement, ScenarioOptions } from '../scenario.ts';
import { adminURL } from './syncs.ts';

const AGENT = 'bench-merge';
const REPOSITORY = 'bench-merge';
/** Of its own, so that no other Agent takes the work. */
const STACK = 'bench-merge';
const MERGES = 20;
const WARM_UP = 2;

/**
 * From the forge's answer to the delivery that completes the gate until the merge call is sent: everything else of the gate has passed, then a
 * person approves. One pull request at a time, each on the merge of the one before, delivered by a client that pulls its work.
 */
export async function measureMerge(rig: RigProcess, { say, signal }: ScenarioOptions): Promise<Measurement> {
  await using hands = new Hands(rig.layout);
  const source = createGitRepository({ 'README.md': '# Merges\n' });
  const database = new pg.Client({ connectionString: await adminURL(rig, 'rig') });
  const suspend = (name: string, on: boolean) =>
    hands.client.patch(resources.Agent, { namespace: hands.namespace, name }, { spec: { suspend: on } });
  try {
    await database.connect();
    await suspend('review-e', true);
    const conductor = await openClient(hands);
    await addRepository(hands, { name: REPOSITORY, source, spec: { defaults: { stack: STACK } } });
    say(`${MERGES} merges, each as soon as a person approves`);
    const samples: number[] = [];
    for (let index = -WARM_UP; index < MERGES; index += 1) {
      const took = await merge({ hands, conductor, database, signal }, `merge-${index + WARM_UP}`);
      if (index >= 0) samples.push(took);
    }
    return { name: 'last webhook answered → merge call', unit: 'ms', samples, targetP95: 300 };
  } finally {
    await suspend('review-e', false);
    await hands.client.delete(resources.Agent, { namespace: hands.namespace, name: AGENT });
    await database.end();
    await rm(source, { recursive: true, force: true });
  }
}

interface Bench {
  readonly hands: Hands;
  readonly conductor: Conductor;
  readonly database: pg.Client;
  readonly signal: AbortSignal;
}

/** One issue to its merge; answers how long the gate's last fact took to become the call, in ms. */
async function merge({ hands, conductor, database, signal }: Bench, name: string): Promise<number> {
  await hands.createIssue(name, { repositoryRef: { name: REPOSITORY }, title: `Note ${name}` });
  const next = await conductor.next(60, signal);
  if (next === null) throw new Error(`Issue ${name} was not given to ${AGENT}`);
  await work(await conductor.start(next), ['sh', '-c', `echo noted > ${name}.txt`], signal);
  const waiting = await hands.untilIssue(name, 'nothing but an approval is missing', ({ status }) =>
    status?.gates?.every((gate) => (gate.name === 'review') !== (gate.state === 'Passed')),
  );
  const { number, headSHA } = waiting.status!.pullRequest!;
  const review = { event: 'APPROVE', body: '', commit_id: headSHA };
  const { status, body } = await hands.forge('POST', `/repos/${OWNER}/${REPOSITORY}/pulls/${number}/reviews`, review);
  if (status !== 200) throw new Error(`the forge answered ${status} to an approval: ${JSON.stringify(body)}`);
  await hands.untilPhase(name, 'Done');
  return (await calledAt(database, number!)) - (await answeredAt(hands, number!));
}

/** When the forge had the conductor's 202 for the approval, in ms since the epoch. */
async function answeredAt(hands: Hands, number: number): Promise<number> {
  interface Told {
    readonly statusCode: number;
    readonly deliveredAt: string;
    readonly durationSeconds: number;
    readonly payload: { readonly pull_request: { readonly number: number }; readonly repository: { name: string } };
  }
  const told = await hands.admin<Told[]>('GET', '/deliveries?event=pull_request_review');
  const one = told.find(
    ({ statusCode, payload }) =>
      statusCode === 202 && payload.pull_request.number === number && payload.repository.name === REPOSITORY,
  );
  if (one === undefined) throw new Error(`the approval of #${number} was never delivered`);
  return Date.parse(one.deliveredAt) + one.durationSeconds * 1_000;
}

/** When the call that merged was begun: what is committed right before it is sent. One that was kept back and decided again counts with all of it. */
async function calledAt(database: pg.Client, number: number): Promise<number> {
  const { rows } = await database.query(
    `SELECT extract(epoch FROM started_at)::float8 * 1000 AS at FROM conductor.effects
     WHERE kind = 'merge' AND state = 'succeeded' AND (request->>'number')::int = $1 ORDER BY finished_at DESC LIMIT 1`,
    [number],
  );
  if (rows[0] === undefined) throw new Error(`#${number} was not merged by the conductor`);
  return rows[0].at;
}

/** An Agent whose client is this process. */
async function openClient(hands: Hands): Promise<Conductor> {
  const { namespace, client, urls } = hands;
  const token = randomBytes(32).toString('hex');
  const secret = `${AGENT}-client`;
  await client.create(SECRETS, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secret, namespace, labels: { [labels.agent]: AGENT } },
    data: { token: Buffer.from(token).toString('base64') },
  } as KubeObject);
  const { spec } = await client.get<Agent & KubeObject>(resources.Agent as Resource<Agent & KubeObject>, {
    namespace,
    name: 'dev-e',
  });
  const pulls = { stacks: [STACK], dispatch: 'pull', clientCredentialsSecretRef: { name: secret }, suspend: false };
  await client.create(resources.Agent, {
    apiVersion,
    kind: 'Agent',
    metadata: { name: AGENT, namespace },
    spec: { ...spec, ...pulls },
  } as KubeObject);
  return new Conductor({ url: urls.conductor, namespace, agent: AGENT, credential: async () => token, client: AGENT });
}
