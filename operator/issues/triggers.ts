import type { Agent, Issue, Repository } from '#crds';
import { type Controller, isConditionTrue, type KubeObject } from '#lib/kube';
import { childrenOf, dependentsOf, issuesNumbered, issuesOf, type Job, numberOf, type Objects } from '../objects.ts';

/** Lets a controller of Issues look at each again when something it depends on changes; `wrote` tells the statuses that it wrote itself. */
export function watchForIssues(controller: Controller, objects: Objects, wrote: (issue: Issue) => boolean): void {
  const { issues, repositories, agents, tasks, jobs, checks } = objects;
  controller
    .watch(
      issues,
      undefined,
      ({ type, object, old }) => type !== 'update' || !wrote(object) || asks(object) !== asks(old),
    )
    .watch(
      issues,
      ({ metadata }) => open(dependentsOf(objects, metadata.namespace!, metadata.name!)).map(keyOf),
      ({ type, object, old }) => type !== 'update' || progress(object) !== progress(old),
    )
    .watch(
      issues,
      (issue) => open(parentOf(objects, issue)).map(keyOf),
      ({ type, object, old }) => type !== 'update' || progress(object) !== progress(old),
    )
    .watch(
      issues,
      ({ metadata }) => open(childrenOf(objects, metadata.namespace!, metadata.name!)).map(keyOf),
      // All they ask of their parent is that it is there.
      ({ type }) => type !== 'update',
    )
    .watch(
      issues,
      (issue) => twinsOf(objects, issue).map(keyOf),
      ({ type, object, old }) => type === 'delete' || isGoing(object) !== isGoing(old ?? object),
    )
    .watch(tasks, issueOf, ({ type, object, old }) => type !== 'update' || isGoing(object) !== isGoing(old))
    .watch(checks, issueOf)
    .watch(
      jobs,
      ({ metadata }) => {
        const task = tasks.get(metadata.namespace!, metadata.name!);
        return task === undefined ? [] : issueOf(task);
      },
      ({ type, object, old }) => type !== 'update' || ended(object) !== ended(old),
    )
    .watch(
      repositories,
      ({ metadata }) => open(issuesOf(objects, metadata.namespace!, metadata.name!)).map(keyOf),
      // Its counts follow the issues; to follow them back would look at every issue for each step of one.
      ({ type, object, old }) => type !== 'update' || matters(object) !== matters(old),
    )
    .watch(
      agents,
      ({ metadata }) =>
        issues
          .list(metadata.namespace)
          .filter(({ status }) => ['Queued', 'InReview', 'Deploying', 'AwaitingHuman'].includes(status?.phase ?? ''))
          .map(keyOf),
      // What it runs changes with every task: a place that becomes free is offered to one issue, not told to all.
      ({ type, object, old }) => type !== 'update' || offers(object) !== offers(old),
    );
}

/** The parent of an Issue, which finishes with it. */
function parentOf(objects: Objects, { metadata, spec }: Issue): Issue[] {
  const parent = spec.parentRef && objects.issues.get(metadata.namespace!, spec.parentRef.name);
  return parent === undefined ? [] : [parent];
}

/** Other Issues that stand for the same issue of the forge: the oldest that is left works it. */
function twinsOf(objects: Objects, issue: Issue): Issue[] {
  const number = numberOf(issue);
  const numbered = number === undefined ? [] : issuesNumbered(objects, issue, number);
  return numbered.filter(({ metadata }) => metadata.uid !== issue.metadata.uid);
}

/** What of an Issue its own look depends on, beside the status. */
function asks({ metadata }: Partial<Issue> = {}): string {
  return JSON.stringify([metadata?.uid, metadata?.generation, metadata?.deletionTimestamp, metadata?.annotations]);
}

/** Which object it is, and whether it is being deleted: all that an issue asks of a task's object, and of a twin. */
function isGoing(object: KubeObject | undefined): string {
  return `${object?.metadata.uid} ${object?.metadata.deletionTimestamp !== undefined}`;
}

/** What of a task's Job its issue depends on. */
function ended(job: Job | undefined): string {
  return `${job?.metadata.uid} ${JSON.stringify(job?.status?.conditions ?? [])}`;
}

/** What of an Issue decides whether those that depend on it may start, or ever will. */
function progress(issue: Issue | undefined): string {
  const { metadata, status } = issue ?? {};
  return `${metadata?.uid} ${metadata?.generation} ${status?.phase} ${isConditionTrue(status?.conditions, 'Done')}`;
}

function open(issues: Issue[]): Issue[] {
  return issues.filter(({ status }) => !['Done', 'Cancelled'].includes(status?.phase ?? ''));
}

function keyOf({ metadata }: Issue): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function issueOf({ metadata }: KubeObject): string[] {
  return (metadata.ownerReferences ?? [])
    .filter((owner) => owner.kind === 'Issue')
    .map((owner) => `${metadata.namespace}/${owner.name}`);
}

/** What of an Agent decides which issues it takes, and how many. */
function offers(agent: Agent | undefined): string {
  return `${agent?.metadata.uid} ${agent?.metadata.generation} ${isConditionTrue(agent?.status?.conditions, 'Ready')}`;
}

/** What of a Repository its issues depend on. */
function matters(repository: Repository | undefined): string {
  const { metadata, status } = repository ?? {};
  const told = (type: string) => status?.conditions?.find((condition) => condition.type === type);
  const [ready, enforced] = [told('Ready'), told('GateEnforced')];
  return `${metadata?.generation} ${status?.forge?.repositoryID} ${ready?.status} ${ready?.reason} ${enforced?.status} ${enforced?.reason}`;
}
