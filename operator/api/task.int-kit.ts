import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { exportJWK, generateKeyPair } from 'jose';
import { type AgentTask, apiVersion } from '#crds';
import { type DomainEvent, decideAssignment, decideDispatch, decideWish, type TaskKind, type Tier } from '#domain';
import { ensureSubject } from '#lib/events';
import { BareCopies, GitCache } from '#lib/git';
import type { KubeObject } from '#lib/kube';
import { type Logger, silentLogger } from '#lib/observe';
import { until } from '../../test/kit/cluster-wait.ts';
import { Changes } from '../approvals/change.ts';
import { PresentReader } from '../approvals/present.ts';
import { GitGateway } from '../gateway/routes.ts';
import { wishOf } from '../issues/wish.ts';
import { AGENT_TASKS } from '../objects.ts';
import { Pull } from '../pull/routes.ts';
import { branchName, taskName } from '../store/claims.ts';
import type { SubjectName } from '../store/project.ts';
import { type TaskIdentity, TaskTokens } from '../tokens/signer.ts';
import { createApi } from './app.ts';
import { readerFile, type TestConductor } from './conductor.int-kit.ts';
import { History } from './history.ts';
import { applyIssue } from './objects.int-kit.ts';
import { ReaderToken } from './readers.ts';

export const READER = 'a-reader-token-of-the-tests';

/** A live task and what it calls with. */
export interface TestTask {
  readonly name: string;
  readonly issue: string;
  readonly number: number;
  readonly branch: string;
  readonly subject: SubjectName;
  readonly identity: TaskIdentity;
  readonly token: string;
  /** Path of its routes. */
  readonly path: string;
}

/** The API of a conductor and what signs for it. */
export interface TestApi {
  readonly rig: TestConductor;
  readonly app: Hono;
  readonly tokens: TaskTokens;
  readonly gitDir: string;
}

export async function testTokens(): Promise<TaskTokens> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  return TaskTokens.from(await exportJWK(privateKey));
}

export async function testApi(rig: TestConductor, logger: Logger = silentLogger): Promise<TestApi> {
  const { conductor } = rig;
  const tokens = await testTokens();
  const gitDir = join(rig.dir, 'git');
  const gitCache = new GitCache(new BareCopies(gitDir));
  const app = createApi({
    conductor,
    exchange: {
      client: rig.client,
      log: conductor.log,
      tokens,
      taskUid: (namespace, name) => conductor.objects.tasks.get(namespace, name)?.metadata.uid,
      onStarted: () => undefined,
      now: conductor.now,
    },
    pull: new Pull(conductor),
    gateway: new GitGateway(conductor, gitCache),
    present: new PresentReader(conductor, new Changes(conductor.forges, gitCache)),
    intake: async (context) => context.body(null, 202),
    history: new History(rig.store, rig.db.pool),
    readers: new ReaderToken(await readerFile(rig, READER)),
    ready: async () => [],
    db: rig.db.pool,
    logger,
  });
  return { rig, app, tokens, gitDir };
}

const SYSTEM = { actor: { kind: 'controller', name: 'test' } } as const;

async function nextFence(rig: TestConductor): Promise<string> {
  const { rows } = await rig.db.pool.query(`SELECT nextval('fences') AS sequence`);
  return `${rig.conductor.leader.epoch}.${rows[0].sequence}`;
}

/** An Issue at forge and cluster under a live work claim of dev-e, as the controllers bring it about. */
export async function claimedIssue(
  api: TestApi,
  name: string,
  { kind = 'implement', tier = 'T1' }: { kind?: 'implement' | 'prepare' | 'plan'; tier?: Tier } = {},
): Promise<TestTask> {
  const { rig } = api;
  const { body } = await rig.world.rest('boss', 'POST /repos/acme/widgets/issues', { title: name }, 201);
  const issue = await applyIssue(rig, name, { number: body.number });
  await until('the Issue is seen', () => rig.conductor.objects.issues.get(rig.namespace, name));
  const { subject } = await ensureSubject(rig.db.pool, {
    kind: 'Issue',
    namespace: rig.namespace,
    name,
    uid: issue.metadata.uid!,
  });
  const assignment = await assigned(rig, name, 1, kind);
  const graded: DomainEvent = {
    type: 'ISSUE_CLASSIFIED',
    data: { tier, taskClass: 'fix', reason: 'A test.', generation: 1 },
  };
  await rig.conductor.log.append(subject, SYSTEM, (state) => decideWish(state, wishOf(issue)));
  await rig.conductor.log.append(subject, SYSTEM, () => [graded, ...decideAssignment(assignment, 'A test.', { kind })]);
  return made(api, subject, { ...assignment, name: assignment.task, kind, number: body.number });
}

async function assigned(
  rig: TestConductor,
  name: string,
  attempt: number,
  kind: 'implement' | 'prepare' | 'plan' = 'implement',
) {
  return {
    claim: randomUUID(),
    agent: { name: 'dev-e', uid: agentUid(rig, 'dev-e') },
    attempt,
    fence: await nextFence(rig),
    branch: branchName(name, attempt),
    task: taskName(name, kind, attempt, 1),
  };
}

/** The same issue after its first attempt was lost, under the work claim of the second. */
export async function secondAttempt(api: TestApi, first: TestTask): Promise<TestTask> {
  const { rig } = api;
  await endTask(api, first);
  const assignment = await assigned(rig, first.issue, 2);
  await rig.conductor.log.append(first.subject, SYSTEM, (state) => [
    {
      type: 'ISSUE_UNASSIGNED',
      data: { claim: state.work!.id, attempt: 1, reason: 'TaskLost', message: 'A test lost it.' },
    },
    ...decideAssignment(assignment, 'A test.'),
  ]);
  return made(api, first.subject, {
    ...assignment,
    name: assignment.task,
    kind: 'implement',
    number: first.number,
  });
}

/** A further task of the same issue: rework under its work claim, or a review of the head by review-e. */
export async function furtherTask(
  api: TestApi,
  of: TestTask,
  kind: 'rework' | 'review',
  headSHA: string,
): Promise<TestTask> {
  const { rig } = api;
  const name = kind === 'review' ? 'review-e' : 'dev-e';
  const agent = { name, uid: agentUid(rig, name) };
  const fence = await nextFence(rig);
  const task = taskName(of.issue, kind, 1, 1);
  const claim = randomUUID();
  await rig.conductor.log.append(of.subject, SYSTEM, (state) =>
    decideDispatch(state, {
      kind,
      agent,
      headSHA,
      claim: kind === 'review' ? claim : state.work!.id,
      fence,
      task,
      why: 'A test.',
    }),
  );
  return made(api, of.subject, { name: task, kind, fence, agent, branch: of.branch, number: of.number, headSHA });
}

/** Ends a task the way the conductor does: its fence is dead from then on. */
export async function endTask({ rig }: TestApi, task: TestTask, kind: TaskKind = 'implement'): Promise<void> {
  const { fence } = task.identity;
  await rig.conductor.log.append(task.subject, SYSTEM, () => [
    {
      type: 'TASK_CANCELLED',
      data: { task: task.name, kind, fence, reason: 'CancelledByPerson', message: 'A test ended it.' },
    },
  ]);
}

export function agentUid({ conductor, namespace }: TestConductor, name: string): string {
  return conductor.objects.agents.get(namespace, name)!.metadata.uid!;
}

async function made(
  { rig, tokens }: TestApi,
  subject: SubjectName,
  told: {
    name: string;
    kind: string;
    fence: string;
    agent: { name: string };
    branch: string;
    number: number;
    headSHA?: string;
  },
): Promise<TestTask> {
  const { namespace } = rig;
  const [epoch, fence] = told.fence.split('.').map(Number);
  const object = await rig.client.create(AGENT_TASKS, {
    apiVersion,
    kind: 'AgentTask',
    metadata: { name: told.name, namespace },
    spec: {
      subject: { issueRef: { name: subject.name } },
      agentRef: { name: told.agent.name },
      kind: told.kind,
      attempt: 1,
      claim: { id: randomUUID(), epoch, fence },
      branch: told.branch,
      ...(told.headSHA === undefined ? {} : { headSHA: told.headSHA, pullRequest: 1 }),
      deadline: new Date(Date.now() + 600_000).toISOString(),
      caps: { perTaskUSD: 2, perSessionUSD: 15 },
    },
  } as unknown as AgentTask & KubeObject);
  await until('the AgentTask is seen', () => rig.conductor.objects.tasks.get(namespace, told.name));
  const identity: TaskIdentity = {
    namespace,
    task: told.name,
    uid: object.metadata.uid!,
    fence: told.fence,
    agent: told.agent.name,
    issue: subject.id,
  };
  const token = await tokens.sign(identity, 'rig-conductor', Date.now() + 600_000);
  const path = `/v1/namespaces/${namespace}/tasks/${told.name}`;
  return {
    name: told.name,
    issue: subject.name,
    number: told.number,
    branch: told.branch,
    subject,
    identity,
    token,
    path,
  };
}
