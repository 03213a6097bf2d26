import { setTimeout as pause } from 'node:timers/promises';
import { conductorAudience, labels } from '#crds';
import { formatFence } from '#domain';
import type { TokenResponse } from '#lib/conductor';
import { HttpError } from '#lib/http';
import { isKubeError, type KubeClient, type KubeObject, PODS, type Resource } from '#lib/kube';
import { correlate } from '#lib/observe';
import type { IssueLog } from '../store/log.ts';
import { bindPod, findTask, type TaskRow } from '../store/tasks.ts';
import type { TaskTokens } from './signer.ts';

const POD_NAME = 'authentication.kubernetes.io/pod-name';
/** The ServiceAccount that the conductor gives to the pods of tasks. */
const AGENT_ACCOUNT = 'rig-agent';
/** How long an AgentTask is waited for, and how often it is looked for, in milliseconds. */
const SEEN_WITHIN = 5_000;
const SEEN_EVERY = 20;
const POD_UID = 'authentication.kubernetes.io/pod-uid';

interface Pod extends KubeObject {
  readonly spec?: { readonly nodeName?: string };
}

export interface ExchangeOptions {
  readonly client: KubeClient;
  readonly log: IssueLog;
  readonly tokens: TaskTokens;
  readonly taskUid: (namespace: string, name: string) => string | undefined;
  readonly onStarted: (namespace: string, name: string) => void;
  readonly now: () => number;
}

/**
 * Exchanges a pod's ServiceAccount token for task tokens. The token is reviewed by the API server for our audience alone; the pod it is bound
 * to must be alive and carry the task's label in the task's namespace; the first pod that asks is the task's, any other is refused.
 * Throws HttpError: 401, 403, 404, 409 (the task has ended), 503 (not seen yet, ask again).
 */
export async function exchange(
  options: ExchangeOptions,
  namespace: string,
  name: string,
  bearer: string,
): Promise<TokenResponse> {
  const pod = await reviewedPod(options.client, namespace, bearer);
  const row = await findTask(options.log.pool, namespace, name);
  if (row === null) throw new HttpError('NotFound', 'TaskMissing', `There is no task ${name} in ${namespace}.`);
  correlate(row.subject);
  if (pod.metadata.labels?.[labels.task] !== name)
    throw new HttpError('Forbidden', 'NotThePod', `Pod ${pod.metadata.name} does not belong to task ${name}.`);
  const uid = await seenUid(options, namespace, name);
  const bound = await bindPod(
    options.log.pool,
    namespace,
    name,
    { name: pod.metadata.name!, uid: pod.metadata.uid!, node: pod.spec?.nodeName },
    options.now(),
  );
  if (!bound) throw new HttpError('Conflict', 'DeadFence', `Task ${name} has ended, or another pod runs it; stop.`);
  options.onStarted(namespace, name);
  return tokensOf(options.tokens, row, uid);
}

/**
 * Uid of a task's AgentTask. A claim is in the database before its object is in the cluster and in the conductor's cache, so who asks at once is
 * kept for up to five seconds. Throws HttpError 503 after that.
 */
export async function seenUid(
  { taskUid }: Pick<ExchangeOptions, 'taskUid'>,
  namespace: string,
  name: string,
): Promise<string> {
  for (let left = SEEN_WITHIN; left > 0; left -= SEEN_EVERY) {
    const uid = taskUid(namespace, name);
    if (uid !== undefined) return uid;
    await pause(SEEN_EVERY);
  }
  throw new HttpError('Unavailable', 'TaskNotSeen', `AgentTask ${name} has not been seen yet; ask again.`, {
    retryAfterSeconds: 1,
  });
}

/** The tokens of a live task, one for each service; `uid` is its AgentTask's. */
export async function tokensOf(tokens: TaskTokens, row: TaskRow, uid: string): Promise<TokenResponse> {
  const identity = {
    namespace: row.namespace,
    task: row.name,
    uid,
    fence: formatFence(row.fence),
    agent: row.agent.name,
    issue: row.subject,
  };
  const [conductor, proxy, egress] = await Promise.all([
    tokens.sign(identity, 'rig-conductor', row.deadline),
    tokens.sign(identity, 'rig-proxy', row.deadline),
    tokens.sign(identity, 'rig-egress', row.deadline),
  ]);
  return { tokens: { conductor, proxy, egress }, expiresAt: new Date(row.deadline).toISOString() };
}

async function reviewedPod(client: KubeClient, namespace: string, bearer: string): Promise<Pod> {
  const review = await client.tokenReview(bearer, [conductorAudience]);
  const name = review.extra?.[POD_NAME]?.[0];
  const uid = review.extra?.[POD_UID]?.[0];
  const user = review.username ?? '';
  if (!review.authenticated || name === undefined || uid === undefined) {
    throw new HttpError(
      'Unauthenticated',
      'PodTokenInvalid',
      `The ServiceAccount token is not valid for the audience ${conductorAudience}, or not bound to a pod.`,
    );
  }
  if (user !== `system:serviceaccount:${namespace}:${AGENT_ACCOUNT}`)
    throw new HttpError(
      'Forbidden',
      'NotThePod',
      `The token is not of ServiceAccount ${AGENT_ACCOUNT} in ${namespace}.`,
    );
  const pod = await client.get<Pod>(PODS as Resource<Pod>, { namespace, name }).catch((error: unknown) => {
    if (isKubeError(error, 'NotFound'))
      throw new HttpError('Unauthenticated', 'PodTokenInvalid', `Pod ${name} is gone.`);
    throw error;
  });
  if (pod.metadata.uid !== uid || pod.metadata.deletionTimestamp !== undefined)
    throw new HttpError('Unauthenticated', 'PodTokenInvalid', `Pod ${name} is not the one the token was given to.`);
  return pod;
}
