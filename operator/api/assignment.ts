import { effectiveGrade } from '#domain';
import type { Assignment, Thread } from '#lib/conductor';
import type { PullRequestFacts } from '#lib/forge';
import { HttpError } from '#lib/http';
import { CONFIG_MAPS, isKubeError, type KubeClient, type KubeObject } from '#lib/kube';
import type { Conductor } from '../issues/context.ts';
import { readPullRequest } from '../issues/merge.ts';
import { repositoryName, repositoryURL } from '../repositories/name.ts';
import { findTask } from '../store/tasks.ts';
import type { TaskCall } from './caller.ts';
import { reviewerIds } from './reviewers.ts';
import { startOf } from './start.ts';

const CHECK_OUTPUT = 16_384;

/** What a live task is asked to do, read now, and told in the log as far as it says where to start: the base commit, its branch, and for review and rework the pull request as the forge shows it. */
export async function assignmentOf(conductor: Conductor, call: TaskCall): Promise<Assignment> {
  const { task, state, issue, repository } = call;
  const row = await findTask(conductor.log.pool, call.subject.namespace, task.name);
  const { forge } = await conductor.forges.forRepository(repository);
  const repo = repositoryName(repository);
  const branch = state.lastWork?.branch ?? `rig/${issue.metadata.name}/${task.attempt}`;
  const [baseSHA, branchSHA, pull] = await Promise.all([
    forge.branchSHA(repo, repository.spec.defaultBranch),
    startOf(conductor, call, branch),
    state.pullRequest === null
      ? null
      : readPullRequest(conductor, repository, state.pullRequest.number, state.pullRequest.headSHA).then(
          (read) => read.live,
        ),
  ]);
  if (baseSHA === null)
    throw new HttpError(
      'Unprocessable',
      'NoBaseBranch',
      `The repository has no branch ${repository.spec.defaultBranch}.`,
    );
  return {
    task: {
      namespace: call.subject.namespace,
      name: task.name,
      uid: call.identity.uid,
      kind: task.kind,
      attempt: task.attempt,
      round: task.round,
      fence: task.fence,
      deadline: new Date(row!.deadline).toISOString(),
    },
    agent: await agentOf(conductor.client, call),
    issue: {
      name: issue.metadata.name!,
      number: state.spec!.number!,
      tier: effectiveGrade(state)?.tier ?? 'T3',
      url: `${repositoryURL(repository)}/issues/${state.spec!.number}`,
      title: state.spec!.title,
      body: state.spec!.body,
      labels: state.spec!.labels,
      taskSpec: state.spec!.taskSpec,
    },
    repository: { ...repo, defaultBranch: repository.spec.defaultBranch },
    git: {
      path: `/v1/namespaces/${call.subject.namespace}/tasks/${task.name}/git`,
      branch,
      baseRef: repository.spec.defaultBranch,
      baseSHA,
      branchSHA,
    },
    defaults: { ...repository.spec.defaults },
    pullRequest:
      pull === null
        ? null
        : { number: pull.number, url: pull.url, headSHA: task.headSHA ?? pull.head.sha, title: pull.title },
    threads: pull === null ? [] : threadsOf(pull, await reviewerIds(conductor, call)),
    feedback: [...undelivered(state), ...(pull === null ? [] : feedbackOf(pull, task.kind))],
  };
}

async function agentOf(client: KubeClient, { agent }: TaskCall): Promise<Assignment['agent']> {
  const { spec, metadata } = agent;
  return {
    name: metadata.name!,
    role: spec.role,
    character: await characterOf(client, agent),
    models: spec.models,
    caps: { perTaskUSD: spec.caps.perTaskUSD ?? null, perSessionUSD: spec.caps.perSessionUSD ?? null },
  };
}

async function characterOf(client: KubeClient, { spec, metadata }: TaskCall['agent']): Promise<string> {
  if (spec.character?.prompt !== undefined) return spec.character.prompt;
  const ref = spec.character?.configMapRef;
  if (ref === undefined) return '';
  const map = await client
    .get<KubeObject & { data?: Record<string, string> }>(CONFIG_MAPS, {
      namespace: metadata.namespace!,
      name: ref.name,
    })
    .catch((error: unknown) => {
      if (isKubeError(error, 'NotFound')) return undefined;
      throw error;
    });
  const text = map?.data?.[ref.key];
  if (text === undefined)
    throw new HttpError(
      'Unprocessable',
      'CharacterMissing',
      `ConfigMap ${ref.name} has no key ${ref.key}; Agent ${metadata.name} takes its character from there.`,
    );
  return text;
}

function threadsOf(pull: PullRequestFacts, reviewers: ReadonlySet<number>): Thread[] {
  const open = [...pull.threads].sort((a, b) => Number(a.resolved) - Number(b.resolved)).slice(0, 500);
  return open.map((thread) => ({
    id: thread.id,
    path: thread.path,
    line: thread.line,
    resolved: thread.resolved,
    mayResolve: reviewers.has(thread.comments[0]?.author.id ?? Number.NaN),
    comments: thread.comments
      .slice(0, 100)
      .map((comment) => ({ author: comment.author.login, body: comment.body.slice(0, 65_536) })),
  }));
}

/** Why the head was sent back: the words of refusing reviews, checks that did not succeed, a base that it conflicts with or lags behind. */
function feedbackOf(pull: PullRequestFacts, kind: Assignment['task']['kind']): Assignment['feedback'] {
  const reviews = pull.reviews
    .filter((review) => review.state === 'changes_requested' && review.commitSHA === pull.head.sha)
    .map((review) => ({
      source: 'review' as const,
      title: `${review.author.login} asks for changes`,
      body: review.body.slice(0, 65_536),
    }));
  const checks = pull.checks
    .filter(
      (check) => check.status === 'completed' && check.conclusion !== 'success' && check.headSHA === pull.head.sha,
    )
    .map((check) => ({
      source: 'check' as const,
      title: `${check.name}: ${check.conclusion}`,
      body: check.summary.slice(-CHECK_OUTPUT),
    }));
  return [...reviews, ...checks, ...baseFeedback(pull, kind)].slice(0, 100);
}

/** Why a change that was merged before is asked for again. */
function undelivered({ delivery: { reopened } }: TaskCall['state']): Assignment['feedback'] {
  if (reopened === null) return [];
  const title = `An earlier change for this issue is merged, and does not live (${reopened.reason})`;
  return [{ source: 'check', title, body: reopened.message }];
}

/** The runtime merges the base into the branch where this says so; only a rework moves the branch. */
function baseFeedback(pull: PullRequestFacts, kind: Assignment['task']['kind']): Assignment['feedback'] {
  const { ref, sha } = pull.base;
  const sentBack = (title: string, body: string) => [{ source: 'conflict' as const, title, body }];
  if (pull.mergeable === 'conflicting')
    return sentBack(`The branch conflicts with ${ref}`, `Merge ${sha} into the branch and resolve the conflicts.`);
  if (kind === 'rework' && pull.containsBase === false)
    return sentBack(`The branch does not contain the tip of ${ref}`, `Check that the change still holds on ${sha}.`);
  return [];
}
