import type { Repository } from '#crds';
import { type PullRequestFacts, unknown, type World } from '#domain';
import type { RepositoryKey } from '../mirror/mirror.ts';
import { baseChangedAt, pullsOfHead, pushingAccounts, rulesOf } from '../mirror/rules.ts';
import { enforcementOf } from '../repositories/enforcement.ts';
import type { Conductor } from './context.ts';

type GateWorld = World['gate'];

/** What only the merge gate asks, while there is nothing to merge. */
export const noGateWorld: GateWorld = {
  pushers: [],
  headElsewhere: [],
  baseChangedAt: null,
  enforcement: unknown('There is no pull request yet.'),
};

/** What only the merge gate asks: who had a hand in the branch, whose checks these may be besides, what the forge holds merges to. */
export async function readGateWorld(
  { log, policy, now }: Conductor,
  repository: Repository,
  key: RepositoryKey,
  pr: PullRequestFacts,
): Promise<GateWorld> {
  const [pushers, headElsewhere, baseChanged, rules] = await Promise.all([
    pushingAccounts(log.pool, key, pr),
    pullsOfHead(log.pool, key, pr.head.sha),
    baseChangedAt(log.pool, key, pr.number),
    rulesOf(log.pool, key),
  ]);
  const enforcement = enforcementOf(repository, rules, now(), policy.factMaxAge);
  return { pushers, headElsewhere, baseChangedAt: baseChanged, enforcement };
}
