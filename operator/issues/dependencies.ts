import type { Issue } from '#crds';
import type { World } from '#domain';
import { type Issues, isDone, leadsTo } from './waits.ts';

type Dependencies = Pick<World, 'openDependencies' | 'hopelessDependencies'>;

/** What an Issue waits for, and what of it a person has to put right: time alone does not. */
export function readDependencies(objects: Issues, { metadata, spec }: Issue): Dependencies {
  const found = spec.dependsOn.map(({ name }) => ({ name, issue: objects.issues.get(metadata.namespace!, name) }));
  const open = found.filter(({ issue }) => !isDone(issue));
  return {
    openDependencies: open.map(({ name, issue }) => (issue === undefined ? `${name} (there is no such Issue)` : name)),
    hopelessDependencies: open.flatMap(({ name, issue }) => {
      const why = issue && hopeless(objects, issue, metadata.name!);
      return why === undefined ? [] : [`${name}, which ${why}`];
    }),
  };
}

function hopeless(objects: Issues, issue: Issue, of: string): string | undefined {
  if (issue.status?.phase === 'Failed') return 'has failed';
  if (issue.status?.phase === 'Cancelled') return 'was cancelled';
  return leadsTo(objects, issue, of) ? 'waits for this one in turn' : undefined;
}
