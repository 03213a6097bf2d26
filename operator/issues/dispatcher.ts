import type { Agent } from '#crds';
import { isConditionTrue } from '#lib/kube';
import { traced, withCorrelation } from '#lib/observe';
import { claimNext } from '../store/claims.ts';
import type { SubjectName } from '../store/project.ts';
import type { Conductor } from './context.ts';

const CAUSE = { actor: { kind: 'controller', name: 'dispatcher' } } as const;

/** Push dispatch: whenever an Agent may have a free slot, the best queued issue is claimed for it. Exactness is the claim transaction's. */
export class Dispatcher {
  readonly #conductor: Conductor;
  readonly #onClaimed: (subject: SubjectName) => void;

  constructor(conductor: Conductor, onClaimed: (subject: SubjectName) => void) {
    this.#conductor = conductor;
    this.#onClaimed = onClaimed;
  }

  /**
   * Claims the best queued issue for the first of these Agents that has a free slot; called once for every entry that is queued, so
   * every entry gets its claim, and none makes the others wait until the whole queue is served. True when `wanted` was claimed.
   */
  async serve(agentUids: readonly string[], wanted: SubjectName): Promise<boolean> {
    for (const agent of this.#serving(agentUids)) {
      const next = await this.#claim(agent);
      if (next === null) continue;
      if (next.id === wanted.id) return true;
      this.#onClaimed(next);
      return false;
    }
    return false;
  }

  /** Gives every free slot of one Agent to the best that are queued for it. */
  async fill(agentUid: string): Promise<void> {
    for (const agent of this.#serving([agentUid]))
      for (let next = await this.#claim(agent); next !== null; next = await this.#claim(agent)) this.#onClaimed(next);
  }

  /** Uids of the Agents that take work now. */
  serving(): string[] {
    return this.#serving().map(({ metadata }) => metadata.uid!);
  }

  /** Claims the best that is queued for this Agent; null when nothing is, or it has no free slot. */
  async #claim({ metadata, spec }: Agent): Promise<SubjectName | null> {
    const { log, leader } = this.#conductor;
    const { uid, name } = metadata as { uid: string; name: string };
    const startedAt = Date.now();
    const next = await claimNext(log, { name, uid, concurrency: spec.concurrency }, leader, CAUSE);
    if (typeof next !== 'object') return null;
    await traceClaim(next, name, startedAt);
    return next;
  }

  #serving(uids?: readonly string[]): Agent[] {
    return this.#conductor.objects.agents
      .list()
      .filter(
        ({ metadata, spec, status }) =>
          (uids?.includes(metadata.uid!) ?? true) &&
          !spec.suspend &&
          spec.dispatch === 'push' &&
          isConditionTrue(status?.conditions, 'Ready'),
      );
  }
}

/** Whose claim it was is known once it is made, so its span is recorded behind it. */
function traceClaim(subject: SubjectName, agent: string, startedAt: number): Promise<void> {
  const attributes = { 'rig.namespace': subject.namespace, 'rig.issue': subject.name, 'rig.agent': agent };
  return withCorrelation(subject.id, () => traced('claim', { startedAt, attributes }, async () => {}));
}
