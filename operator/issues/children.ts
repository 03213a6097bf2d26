import type { Issue } from '#crds';
import type { ChildFacts, IssueState, World } from '#domain';
import { childrenOf } from '../objects.ts';
import type { IssueLog } from '../store/log.ts';
import { allLeadingTo, type Issues, isDone } from './waits.ts';

interface Conductor {
  readonly objects: Issues;
  readonly log: Pick<IssueLog, 'load' | 'pool' | 'remembered'>;
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
  const above = present.length === 0 ? new Set<string>() : allLeadingTo(objects, namespace, name);
  return {
    children: [
      ...present.map((child) => factsOf(child, above)),
      ...(await goneFacts(log, { namespace, parent: name, names: gone })),
    ],
    missingParent: parent === undefined || objects.issues.get(namespace, parent) !== undefined ? null : parent,
  };
}

function factsOf(child: Issue, above: ReadonlySet<string>): ChildFacts {
  const phase = child.status?.phase ?? 'Pending';
  return { name: child.metadata.name!, standing: standingOf(child, above), phase };
}

function standingOf(child: Issue, above: ReadonlySet<string>): ChildFacts['standing'] {
  if (isDone(child)) return 'done';
  if (child.status?.phase === 'Failed') return 'failed';
  if (child.status?.phase === 'Cancelled') return 'cancelled';
  return above.has(child.metadata.name!) ? 'circular' : 'open';
}

interface Gone {
  readonly namespace: string;
  readonly parent: string;
  readonly names: readonly string[];
}

/**
 * What is done stays done when its object is cleared away. One query tells whether a log grew since it was read; of several Issues that had the
 * name, the newest child of this parent counts.
 */
async function goneFacts(log: Conductor['log'], { namespace, parent, names }: Gone): Promise<ChildFacts[]> {
  if (names.length === 0) return [];
  const { rows } = await log.pool.query<{ id: string; name: string; version: number }>(
    `SELECT id, name, (SELECT max(version) FROM events WHERE stream = s.id) AS version
     FROM subjects s WHERE kind = 'Issue' AND namespace = $1 AND name = ANY ($2) ORDER BY id DESC`,
    [namespace, names],
  );
  const endings = new Map<string, IssueState['ending']>();
  for (const { id, name, version } of rows) {
    if (endings.has(name)) continue;
    const { spec, ending } = log.remembered(id, version) ?? (await log.load({ id }));
    if (spec?.parent === parent) endings.set(name, ending);
  }
  return names.map((name) => {
    const kind = endings.get(name)?.kind;
    return { name, standing: kind === 'Done' ? 'done' : 'deleted', phase: kind ?? 'Cancelled' };
  });
}
