import type { Agent } from '#crds';
import { isConditionTrue } from '#lib/kube';
import { type Logger, traced, withCorrelation } from '#lib/observe';
import { type Claimant, claimOrEnqueue, type Placed } from '../store/claims.ts';
import type { Draft } from '../store/draft.ts';
import type { SubjectName } from '../store/project.ts';
import type { QueueEntry } from '../store/queue.ts';
import { claimNext } from '../store/take.ts';
import type { Conductor } from './context.ts';

const CAUSE = { actor: { kind: 'controller', name: 'dispatcher' } } as const;

/** Push dispatch: whenever an Agent may have a free slot, the best queued issue is claimed for it. Exactness is the claim transaction's. */
export class Dispatcher {
  readonly #conductor: Conductor;
  readonly #look: (subject: SubjectName) => void;
  readonly #logger: Logger;

  /** `look` is asked to look at an issue that was claimed, or that left the queue because it cannot be claimed. */
  constructor(conductor: Conductor, look: (subject: SubjectName) => void, logger: Logger) {
    this.#conductor = conductor;
    this.#look = look;
    this.#logger = logger;
  }

  /** {@link claimOrEnqueue} for those Agents of the entry that take work now. */
  async claim(draft: Draft, entry: Omit<QueueEntry, 'version'>): Promise<Placed> {
    const startedAt = Date.now();
    const agents = this.#serving(entry.candidates).map((agent) => claimantOf(this.#conductor, agent));
    const placed = await claimOrEnqueue(draft, entry, agents, this.#conductor.leader);
    if (placed.holder === null) this.#conductor.waiting.wake(entry.candidates);
    else await traceClaim(entry.subject, placed.holder.name, startedAt);
    return placed;
  }

  /**
   * Claims the best queued issue for the first of these Agents that has a free slot; called once for every entry that is queued while one
   * of its Agents has, so every entry gets its claim, and none makes the others wait until the whole queue is served. True when `wanted` was
   * claimed.
   */
  async serve(agentUids: readonly string[], wanted: SubjectName): Promise<boolean> {
    for (const agent of this.#serving(agentUids)) {
      const next = await this.#claim(agent);
      if (next === null) continue;
      if (next.id === wanted.id) return true;
      this.#look(next);
      return false;
    }
    return false;
  }

  /** Gives every free slot of one Agent to the best that are queued for it. */
  async fill(agentUid: string): Promise<void> {
    this.#conductor.waiting.wake([agentUid]);
    for (const agent of this.#serving([agentUid]))
      for (let next = await this.#claim(agent); next !== null; next = await this.#claim(agent)) this.#look(next);
  }

  /** Uids of the Agents that take work now. */
  serving(): string[] {
    return this.#taking().map(({ metadata }) => metadata.uid!);
  }

  /** Claims the best that is queued for this Agent; null when nothing is, or it has no free slot. */
  async #claim(agent: Agent): Promise<SubjectName | null> {
    const { log, leader } = this.#conductor;
    const startedAt = Date.now();
    const next = await claimNext(log, claimantOf(this.#conductor, agent), leader, CAUSE, (subject, err) =>
      this.#drop(subject, err),
    );
    if (typeof next !== 'object') return null;
    await traceClaim(next, agent.metadata.name!, startedAt);
    return next;
  }

  #drop(subject: SubjectName, err: unknown): void {
    this.#logger.warn(
      { err, issue: subject.name, namespace: subject.namespace },
      'a queued issue could not be claimed',
    );
    this.#look(subject);
  }

  #serving(uids: readonly string[]): Agent[] {
    return this.#taking().filter(({ metadata, spec }) => uids.includes(metadata.uid!) && spec.dispatch === 'push');
  }

  #taking(): Agent[] {
    return this.#conductor.objects.agents
      .list()
      .filter(({ spec, status }) => !spec.suspend && isConditionTrue(status?.conditions, 'Ready'));
  }
}

/** An Agent with what it is trusted with now. `concurrency` default: its own. */
export function claimantOf(
  conductor: Pick<Conductor, 'ceilings' | 'consents' | 'tier' | 'objects'>,
  agent: Agent,
  concurrency: number = agent.spec.concurrency,
): Claimant {
  const { ceilings, consents } = conductor;
  const trust = ceilings?.(agent);
  return {
    name: agent.metadata.name!,
    uid: agent.metadata.uid!,
    concurrency,
    ...(trust && { ceilings: trust }),
    ...(consents && { consents }),
    termsOf: (subject) => asked(conductor, subject),
  };
}

/** What the tiers ask of an issue: null where it, its Repository or the policy that grades it is not there. */
function asked({ tier, objects }: Pick<Conductor, 'tier' | 'objects'>, { namespace, name }: SubjectName) {
  if (tier.terms === undefined) return undefined;
  const issue = objects.issues.get(namespace, name);
  const repository = issue && objects.repositories.get(namespace, issue.spec.repositoryRef.name);
  return (repository && tier.terms(repository)) ?? null;
}

/** Whose claim it was is known once it is made, so its span is recorded behind it. */
function traceClaim(subject: SubjectName, agent: string, startedAt: number): Promise<void> {
  const attributes = { 'rig.namespace': subject.namespace, 'rig.issue': subject.name, 'rig.agent': agent };
  return withCorrelation(subject.id, () => traced('claim', { startedAt, attributes }, async () => {}));
}
