import type { Issue } from '#crds';
import type { World } from '#domain';
import { isConditionTrue } from '#lib/kube';
import type { Objects } from '../objects.ts';

type Dependencies = Pick<World, 'openDependencies' | 'hopelessDependencies'>;
type Issues = Pick<Objects['issues'], 'get'>;

/** What an Issue waits for, and what of it a person has to put right: time alone does not. */
export function readDependencies(issues: Issues, { metadata, spec }: Issue): Dependencies {
  const found = spec.dependsOn.map(({ name }) => ({ name, issue: issues.get(metadata.namespace!, name) }));
  const open = found.filter(({ issue }) => !isConditionTrue(issue?.status?.conditions, 'Done'));
  return {
    openDependencies: open.map(({ name, issue }) => (issue === undefined ? `${name} (there is no such Issue)` : name)),
    hopelessDependencies: open.flatMap(({ name, issue }) => {
      const why = issue && hopeless(issues, issue, metadata.name!);
      return why === undefined ? [] : [`${name}, which ${why}`];
    }),
  };
}

function hopeless(issues: Issues, issue: Issue, of: string): string | undefined {
  if (issue.status?.phase === 'Failed') return 'has failed';
  if (issue.status?.phase === 'Cancelled') return 'was cancelled';
  return leadsTo(issues, issue, of) ? 'waits for this one in turn' : undefined;
}

/** Whether an Issue waits for `target`, through however many others. */
function leadsTo(issues: Issues, start: Issue, target: string): boolean {
  const seen = new Set<string>();
  const ahead = [start];
  for (let issue = ahead.pop(); issue !== undefined; issue = ahead.pop()) {
    const { name, namespace } = issue.metadata;
    if (name === target) return true;
    if (seen.has(name!)) continue;
    seen.add(name!);
    ahead.push(...issue.spec.dependsOn.flatMap((one) => issues.get(namespace!, one.name) ?? []));
  }
  return false;
}
