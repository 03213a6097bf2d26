import type { Issue, Repository } from '#crds';
import type { Controller, KubeObject } from '#lib/kube';
import { dependentsOf, issuesOf, type Objects } from '../objects.ts';

/** Lets a controller of Issues look at each again when something it depends on changes. */
export function watchForIssues(controller: Controller, objects: Objects): void {
  const { issues, repositories, agents, tasks, jobs } = objects;
  controller
    .watch(issues, (issue) => [keyOf(issue), ...waiting(objects, issue)])
    .watch(tasks, issueOf)
    .watch(jobs, ({ metadata }) => {
      const task = tasks.get(metadata.namespace!, metadata.name!);
      return task === undefined ? [] : issueOf(task);
    })
    .watch(
      repositories,
      ({ metadata }) => open(issuesOf(objects, metadata.namespace!, metadata.name!)).map(keyOf),
      // Its counts follow the issues; to follow them back would look at every issue for each step of one.
      ({ type, object, old }) => type !== 'update' || matters(object) !== matters(old),
    )
    .watch(agents, ({ metadata }) =>
      issues
        .list(metadata.namespace)
        .filter(({ status }) => ['Queued', 'InReview', 'AwaitingHuman'].includes(status?.phase ?? ''))
        .map(keyOf),
    );
}

/** Issues that waited for this one to be done. */
function waiting(objects: Objects, { metadata, status }: Issue): string[] {
  if (status?.phase !== 'Done') return [];
  return open(dependentsOf(objects, metadata.namespace!, metadata.name!)).map(keyOf);
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

/** What of a Repository its issues depend on. */
function matters(repository: Repository | undefined): string {
  const { metadata, status } = repository ?? {};
  const ready = status?.conditions?.find((condition) => condition.type === 'Ready');
  return `${metadata?.generation} ${status?.forge?.repositoryID} ${ready?.status} ${ready?.reason}`;
}
