import type { Issue } from '#crds';
import { isConditionTrue } from '#lib/kube';
import { childrenOf, dependentsOf, type Objects } from '../objects.ts';

/** The caches that tell what an Issue waits for. */
export type Issues = Pick<Objects, 'issues'>;

export function isDone(issue: Issue | undefined): boolean {
  return isConditionTrue(issue?.status?.conditions, 'Done');
}

/** Whether an Issue waits for `target`, as one it depends on or as its child, through however many others that are not done. */
export function leadsTo(objects: Issues, start: Issue, target: string): boolean {
  const seen = new Set<string>();
  const ahead = [start];
  for (let issue = ahead.pop(); issue !== undefined; issue = ahead.pop()) {
    const { name, namespace } = issue.metadata;
    if (name === target) return true;
    if (seen.has(name!) || isDone(issue)) continue;
    seen.add(name!);
    ahead.push(
      ...issue.spec.dependsOn.flatMap((one) => objects.issues.get(namespace!, one.name) ?? []),
      ...childrenOf(objects, namespace!, name!),
    );
  }
  return false;
}

/** Names of all the Issues of a namespace that wait for `target` in the sense of {@link leadsTo}, itself included. */
export function allLeadingTo(objects: Issues, namespace: string, target: string): ReadonlySet<string> {
  const found = new Set([target]);
  for (const name of found) {
    const parent = objects.issues.get(namespace, name)?.spec.parentRef?.name;
    const parents = parent === undefined ? [] : [objects.issues.get(namespace, parent)];
    for (const issue of [...parents, ...dependentsOf(objects, namespace, name)])
      if (issue !== undefined && !isDone(issue)) found.add(issue.metadata.name!);
  }
  return found;
}
