import type { Repository } from '#crds';
import type { RepositoryFacts } from '#lib/forge';
import { type Condition, setAbnormalCondition, setCondition, type Waiting } from '#lib/kube';
import { type Heard, webhookHealth } from './deliveries.ts';

type Told = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** What a Repository's conditions tell beside whether it is Ready. */
export interface Seen extends Omit<Heard, 'hooked'> {
  /** Null while the forge has not shown the repository. */
  readonly facts: RepositoryFacts | null;
  readonly limited: Waiting | null;
  readonly enforced: Told;
}

/** The conditions WebhookHealthy, Enforced, Renamed and RateLimited, set beside those that are given. */
export function conditionsOf(
  given: readonly Condition[],
  repository: Repository,
  { facts, limited, enforced, ...heard }: Seen,
  stamp: { generation: number; now: Date },
): Condition[] {
  const hooked = repository.spec.webhookSecretRef !== undefined;
  let conditions = setCondition(given, webhookHealth({ hooked, ...heard }, stamp.now.getTime()), stamp);
  conditions = setCondition(conditions, enforced, stamp);
  if (facts !== null) conditions = abnormal(conditions, 'Renamed', renamed(repository, facts), stamp);
  return abnormal(conditions, 'RateLimited', limited, stamp);
}

function abnormal(
  conditions: readonly Condition[],
  type: 'Renamed' | 'RateLimited',
  why: { readonly reason: string; readonly message: string } | null,
  stamp: { generation: number; now: Date },
): Condition[] {
  const told = { type, reason: why?.reason ?? '', message: why?.message ?? '' };
  return setAbnormalCondition(conditions, why !== null, told, stamp);
}

function renamed(
  { metadata, spec }: Repository,
  { owner, name }: RepositoryFacts,
): { reason: string; message: string } | null {
  const [is, was] = [`${owner}/${name}`, `${spec.owner}/${spec.name}`];
  if (is.toLowerCase() === was.toLowerCase()) return null;
  return {
    reason: 'RepositoryRenamed',
    message: `The forge calls it ${is} now, where spec says ${was}. Calls follow it, so nothing has to be done; to have the new name here as well, apply a Repository of that name and delete ${metadata.name} when it has no open Issues.`,
  };
}
