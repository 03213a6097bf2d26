import type { Issue } from '#crds';
import type { ChildFacts, IssueState, World } from '#domain';
import { childrenOf } from '../objects.ts';
import type { IssueLog } from '../store/log.ts';
import { type Issues, isDone, leadsTo } from './waits.ts';

interface Conductor {
  readonly objects: Issues;
  readonly log: Pick<IssueLog, 'load' | 'pool'>;
}

/**
 * The Issues of the namespace that name this one as their parent, and those that did so and whose objects were deleted since. An Issue of
 * another namespace is nobody's child here, whatever it names.
 */
export async function readFamily(
  { objects, log }: Conductor,
  { metadata, spec }: Issue,
  state: Pick<IssueState, 'children'>,
): Promise<Pick<World, 'children' | 'missingParent'>> {
  const { namespace, name } = metadata as { namespace: string; name: string };
  const present = childrenOf(objects, namespace, name);
  const names = new Set(present.map((child) => child.metadata.name));
  const gone = state.children.filter(
    (child) => !names.has(child) && objects.issues.get(namespace, child) === undefined,
  );
  const parent = spec.parentRef?.name;
  return {
    children: [
      ...present.map((child) => factsOf(objects, child, name)),
      ...(await Promise.all(gone.map((child) => goneFacts(log, namespace, child)))),
    ],
    missingParent: parent === undefined || objects.issues.get(namespace, parent) !== undefined ? null : parent,
  };
}

function factsOf(objects: Issues, child: Issue, parent: string): ChildFacts {
  const phase = child.status?.phase ?? 'Pending';
  return { name: child.metadata.name!, standing: standingOf(objects, child, parent), phase };
}

function standingOf(objects: Issues, child: Issue, parent: string): ChildFacts['standing'] {
  if (isDone(child)) return 'done';
  if (child.status?.phase === 'Failed') return 'failed';
  if (child.status?.phase === 'Cancelled') return 'cancelled';
  return leadsTo(objects, child, parent) ? 'circular' : 'open';
}

/** What is done stays done when its object is cleared away. */
async function goneFacts(log: Conductor['log'], namespace: string, name: string): Promise<ChildFacts> {
  const { rows } = await log.pool.query(
    `SELECT id FROM subjects WHERE kind = 'Issue' AND namespace = $1 AND name = $2 ORDER BY id DESC LIMIT 1`,
    [namespace, name],
  );
  const ending = rows[0] === undefined ? null : (await log.load({ id: rows[0].id })).ending;
  return { name, standing: ending?.kind === 'Done' ? 'done' : 'deleted', phase: ending?.kind ?? 'Cancelled' };
}
