import { isConditionTrue } from '#lib/kube';
import { claimNext } from '../store/claims.ts';
import type { SubjectName } from '../store/project.ts';
import type { Conductor } from './context.ts';

/** Push dispatch: whenever an Agent may have a free slot, the best queued issues are claimed for it. Exactness is the claim transaction's. */
export class Dispatcher {
  readonly #conductor: Conductor;
  readonly #onClaimed: (subject: SubjectName) => void;

  constructor(conductor: Conductor, onClaimed: (subject: SubjectName) => void) {
    this.#conductor = conductor;
    this.#onClaimed = onClaimed;
  }

  /** Claims for these Agents until each is full or nothing is queued for it. True when `wanted` was among what was claimed. */
  async serve(agentUids: readonly string[], wanted?: SubjectName): Promise<boolean> {
    const { objects, log, leader } = this.#conductor;
    let got = false;
    for (const agent of objects.agents.list()) {
      const { uid, name } = agent.metadata;
      if (
        !agentUids.includes(uid!) ||
        agent.spec.suspend ||
        agent.spec.dispatch !== 'push' ||
        !isConditionTrue(agent.status?.conditions, 'Ready')
      )
        continue;
      const claimant = { name: name!, uid: uid!, concurrency: agent.spec.concurrency };
      const cause = { actor: { kind: 'controller', name: 'dispatcher' } } as const;
      for (
        let next = await claimNext(log, claimant, leader, cause);
        typeof next === 'object';
        next = await claimNext(log, claimant, leader, cause)
      ) {
        if (next.id === wanted?.id) got = true;
        else this.#onClaimed(next);
      }
    }
    return got;
  }

  /** {@link serve} for every Agent: after a task has ended, and when an Agent changed. */
  async serveAll(): Promise<void> {
    await this.serve(this.#conductor.objects.agents.list().map((agent) => agent.metadata.uid!));
  }
}
