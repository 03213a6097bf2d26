import type { TierPolicy, TierPolicyStatus } from '#crds';
import { unreachableClasses } from '#domain';
import { policyNameOf, type TierPolicies } from '#lib/grading';
import {
  type Condition,
  Controller,
  cutText,
  type Informer,
  type KubeObject,
  type ReconcileResult,
  StatusProjector,
  setAbnormalCondition,
  setVerdict,
  type Verdict,
} from '#lib/kube';
import type { Logger } from '#lib/observe';
import type { Conductor } from '../issues/context.ts';
import { type Judged, recordVerdict } from '../notices/verdict.ts';
import { TIER_POLICIES } from '../objects.ts';

/** Longest message of a condition. */
const MESSAGE = 1_024;

/** Judges every TierPolicy: whether its rules are understood, and how many there are. */
export class TierPolicyController {
  readonly controller: Controller;
  readonly #conductor: Conductor;
  readonly #informer: Informer<TierPolicy & KubeObject>;
  readonly #policies: TierPolicies;
  readonly #projector: StatusProjector<TierPolicy & KubeObject>;

  constructor(
    conductor: Conductor,
    informer: Informer<TierPolicy & KubeObject>,
    policies: TierPolicies,
    logger: Logger,
  ) {
    this.#conductor = conductor;
    this.#informer = informer;
    this.#policies = policies;
    this.#projector = new StatusProjector({
      client: conductor.client,
      resource: TIER_POLICIES,
      fieldManager: 'rig-conductor',
    });
    this.controller = new Controller({
      name: 'tierpolicy',
      workers: 1,
      logger,
      reconcile: (key, { signal }) => this.#reconcile(key, signal),
    });
    this.controller
      .watch(informer)
      // Which policy grades it decides how many each one does.
      .watch(
        conductor.objects.repositories,
        (repository) => [policyNameOf(repository)],
        ({ type, object, old }) => type !== 'update' || object.metadata.generation !== old?.metadata.generation,
      );
  }

  async #reconcile(name: string, signal: AbortSignal): Promise<ReconcileResult> {
    const policy = this.#informer.get(undefined, name);
    if (policy === undefined) return undefined;
    const compiled = this.#policies.compiled(policy);
    const problems = compiled.ok ? [] : compiled.problems;
    const generation = policy.metadata.generation ?? 1;
    const stamp = { generation, now: new Date(this.#conductor.now()) };
    const { status } = this.#projector.latest(policy);
    const verdict = judgePolicy(problems);
    const judged = setVerdict(status?.conditions as Condition[] | undefined, verdict, stamp);
    const stuck = unreachableClasses(policy.spec.rules);
    const conditions = setAbnormalCondition(judged, stuck.length > 0, promotionUnreachable(stuck), stamp);
    const repositories = this.#conductor.objects.repositories.list().filter((one) => policyNameOf(one) === name).length;
    signal.throwIfAborted();
    const projected = { rules: countRules(policy, problems), repositories, observedGeneration: generation, conditions };
    const projection = await this.#projector.project(policy, projected);
    if (projection.result === 'applied')
      recordVerdict(
        this.#conductor.recorder,
        policy,
        { before: status as Judged | undefined, after: { conditions } },
        verdict,
      );
    return projection.result === 'deferred' ? { requeueAfterMs: projection.afterMs } : undefined;
  }
}

/** Ready where every rule was understood; else it says of each which one it is and why, as far as a message goes. */
export function judgePolicy(problems: readonly string[]): Verdict {
  if (problems.length === 0)
    return { state: 'Ready', reason: 'Accepted', message: 'Every rule is understood and grades changes.' };
  const message = `Nothing is graded by this policy until it is put right. ${problems.join(' ')}`;
  return {
    state: 'Stalled',
    reason: 'TierPolicyInvalid',
    message: message.length <= MESSAGE ? message : `${message.slice(0, MESSAGE - 1)}…`,
  };
}

/** Which classes nobody can work themselves up in, as far as a message goes. */
function promotionUnreachable(stuck: ReturnType<typeof unreachableClasses>) {
  const each = stuck.map(({ taskClass, from }) => `${taskClass} (from ${from})`).join(', ');
  const message = `No work of these classes leads to the next tier, which only a grant does: ${each}.`;
  return { type: 'PromotionUnreachable', reason: 'NoWorkAtTier', message: cutText(message, MESSAGE) };
}

/** How many rules there are, by what they give; `wrong` counts rules, however much is wrong with one. */
export function countRules(
  { spec: { rules } }: TierPolicy,
  problems: readonly string[],
): NonNullable<TierPolicyStatus['rules']> {
  const giving = (tier: string) => rules.filter((rule) => rule.tier === tier).length;
  const wrong = rules.filter(({ name }) => problems.some((problem) => problem.startsWith(`Rule ${name} in `))).length;
  return {
    total: rules.length,
    T0: giving('T0'),
    T1: giving('T1'),
    T2: giving('T2'),
    T3: giving('T3'),
    classes: new Set(rules.flatMap(({ taskClass }) => taskClass ?? [])).size,
    wrong,
  };
}
