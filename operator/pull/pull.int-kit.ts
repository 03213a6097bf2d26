import { type Agent, labels } from '#crds';
import { type DomainEvent, decideWish } from '#domain';
import type { NextAssignment, TokenResponse } from '#lib/conductor';
import { ensureSubject } from '#lib/events';
import { type KubeObject, SECRETS } from '#lib/kube';
import { until } from '../../test/kit/cluster-wait.ts';
import { agentsReady } from '../api/cluster.int-kit.ts';
import type { TestConductor } from '../api/conductor.int-kit.ts';
import { agentObject, applyIssue } from '../api/objects.int-kit.ts';
import { agentUid, type TestApi } from '../api/task.int-kit.ts';
import { wishOf } from '../issues/wish.ts';
import { AGENTS } from '../objects.ts';
import type { SubjectName } from '../store/project.ts';
import { enqueue } from '../store/queue.ts';

const SYSTEM = { actor: { kind: 'controller', name: 'test' } } as const;
const GRADED: DomainEvent = {
  type: 'ISSUE_CLASSIFIED',
  data: { tier: 'T1', taskClass: 'fix', reason: 'A test.', generation: 1 },
};

export function clientSecret(namespace: string, agent: string, token: string, label = agent): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `client-${agent}`, namespace, labels: { [labels.agent]: label } },
    data: { token: Buffer.from(token).toString('base64') },
  } as KubeObject;
}

/** A developer whose clients ask for its work with `token`. */
export async function applyPullAgent(
  rig: TestConductor,
  name: string,
  token: string,
  change: Partial<Agent['spec']> = {},
): Promise<{ name: string; uid: string; token: string }> {
  const { client, namespace } = rig;
  await client.create(SECRETS, clientSecret(namespace, name, token));
  const spec = {
    dispatch: 'pull',
    clientCredentialsSecretRef: { name: `client-${name}` },
    forgeCredentialsSecretRef: { name: 'forge-dev-e' },
    ...change,
  } as const;
  await client.create(AGENTS, agentObject(namespace, name, 'developer', spec));
  await until(`Agent ${name} is seen`, () => rig.conductor.objects.agents.get(namespace, name));
  await agentsReady(rig);
  return { name, uid: agentUid(rig, name), token };
}

/** An Issue at forge and cluster that waits in the queue for these Agents. */
export async function queueIssue(rig: TestConductor, name: string, uids: readonly string[]): Promise<SubjectName> {
  const { conductor, namespace } = rig;
  const { body } = await rig.world.rest('boss', 'POST /repos/acme/widgets/issues', { title: name }, 201);
  const issue = await applyIssue(rig, name, { number: body.number });
  await until('the Issue is seen', () => conductor.objects.issues.get(namespace, name));
  const { subject } = await ensureSubject(rig.db.pool, { kind: 'Issue', namespace, name, uid: issue.metadata.uid! });
  await conductor.log.append(subject, SYSTEM, (state) => decideWish(state, wishOf(issue)));
  const { state } = await conductor.log.append(subject, SYSTEM, () => [GRADED]);
  await enqueue(rig.db.pool, {
    subject,
    version: state.version,
    priority: 2,
    filedAt: Date.now(),
    candidates: uids,
    stack: null,
    message: 'It may be claimed.',
  });
  return subject;
}

export interface Asked<T> {
  readonly status: number;
  readonly body: T & { reason?: string; detail?: string };
}

/** What a client of an Agent calls. */
export class PullClient {
  readonly #api: TestApi;
  readonly #agent: { name: string };
  readonly #headers: Record<string, string>;

  constructor(api: TestApi, agent: { name: string; token: string }) {
    this.#api = api;
    this.#agent = agent;
    this.#headers = { authorization: `Bearer ${agent.token}` };
  }

  next(query = '', signal?: AbortSignal): Promise<Asked<NextAssignment>> {
    const path = `/v1/namespaces/${this.#api.rig.namespace}/assignments/next?agentId=${this.#agent.name}${query}`;
    return this.#ask(path, { headers: this.#headers, ...(signal && { signal }) });
  }

  start({ path }: { path: string }, body: unknown): Promise<Asked<TokenResponse>> {
    return this.#ask(`${path}/token`, { method: 'POST', headers: this.#headers, body: JSON.stringify(body) });
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes
  async #ask(path: string, init: RequestInit): Promise<Asked<any>> {
    const answer = await this.#api.app.request(path, init);
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? {} : JSON.parse(text) };
  }
}
