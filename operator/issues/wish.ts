import type { Issue } from '#crds';
import type { IssueSpec, Wish } from '#domain';

/** What an Issue object asks for, in the form the log keeps: defaults filled in, references as names. */
export function wishOf(issue: Issue): Wish {
  return { uid: issue.metadata.uid!, generation: issue.metadata.generation ?? 1, spec: specOf(issue) };
}

function specOf({ spec }: Issue): IssueSpec {
  return {
    repository: spec.repositoryRef.name,
    number: spec.number ?? null,
    title: spec.title,
    body: spec.body ?? '',
    labels: [...(spec.labels ?? [])].sort(),
    source: spec.source ?? 'kubectl',
    tier: spec.tier ?? null,
    taskClass: spec.taskClass ?? null,
    priority: spec.priority ?? 'normal',
    parent: spec.parentRef?.name ?? null,
    dependsOn: (spec.dependsOn ?? []).map((one) => one.name),
    taskSpec: spec.taskSpec ?? null,
    suspend: spec.suspend ?? false,
  };
}
