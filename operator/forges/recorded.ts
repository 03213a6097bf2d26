import type { Pool } from '#lib/db';
import { classifyFailure, currentEpoch, type EffectRow, type Effects, type FailureClass } from '#lib/events';
import { type Forge, ForgeError, type RepositoryName } from '#lib/forge';
import { type Metrics, type Span, serverAttributes, traced, withCorrelation } from '#lib/observe';
import { NoLongerAsked, Outdated } from './outdated.ts';
import type { Pace } from './pace.ts';

/** Where a write goes, and for which subject it is recorded. */
export interface Target {
  readonly forge: Forge;
  readonly repo: RepositoryName;
  /** Subject id: the stream the effect belongs to. */
  readonly subject: string;
  /** The leader's epoch, for what only a leader does: a deposed one is refused. Left out, the present epoch. */
  readonly epoch?: number;
}

/** How a write to a forge is carried out, whichever it is: recorded in the effects table, in its turn, with a span and the metrics of its kind. */
export class RecordedWrites {
  readonly #effects: Effects;
  readonly #pool: Pool;
  readonly #metrics: Metrics;
  readonly #pace: Pace | undefined;

  constructor(effects: Effects, pool: Pool, metrics: Metrics, pace: Pace | undefined) {
    this.#effects = effects;
    this.#pool = pool;
    this.#metrics = metrics;
    this.#pace = pace;
  }

  /**
   * Performs the write once for `key` and answers its outcome, as {@link Effects.run} does and with its errors. A merge took its turn
   * before it was decided; every other kind waits for one here.
   */
  async run<O>(
    target: Target,
    kind: string,
    key: string,
    request: object,
    steps: { perform(): Promise<O>; find(row: EffectRow): Promise<O | undefined> },
  ): Promise<O> {
    const epoch = target.epoch ?? (await currentEpoch(this.#pool));
    let attempt = 'known';
    const perform = async () => {
      attempt = 'succeeded';
      return steps.perform();
    };
    const failed = (error: unknown) => {
      attempt = classify(error);
      return classify(error);
    };
    const started = performance.now();
    const run = () =>
      this.#effects.run<object, O>(
        { key, kind, subject: target.subject, epoch, request },
        {
          perform,
          find: (_request, row) => steps.find(row as EffectRow),
          ready: async () => (kind === 'merge' ? undefined : this.#pace?.turn(target.forge, kind)),
          classify: failed,
        },
      );
    try {
      return await tracedWrite(target, kind, async (span) => {
        const outcome = await run();
        if (attempt === 'known') span.discard();
        return outcome;
      });
    } finally {
      this.#metrics.count('rig_effects_total', { kind, outcome: attempt });
      this.#metrics.observe('rig_effect_seconds', { kind }, (performance.now() - started) / 1_000);
    }
  }
}

function tracedWrite<T>({ subject, forge, repo }: Target, kind: string, work: (span: Span) => Promise<T>): Promise<T> {
  const attributes = { ...serverAttributes(forge.origin), 'rig.repository': `${repo.owner}/${repo.name}` };
  return withCorrelation(subject, () => traced(`forge ${kind}`, { kind: 'client', attributes }, work));
}

/** Bad credentials and an unreachable forge are mended and tried again under the same key; what the forge calls wrong stays wrong. */
function classify(error: unknown): FailureClass {
  if (error instanceof Outdated) return 'refused';
  if (error instanceof NoLongerAsked) return 'notPerformed';
  if (!(error instanceof ForgeError)) return classifyFailure(error);
  if (error.outcome === 'unknown') return 'unknown';
  // A forge answers NotFound to a token that may not see: that is mended, not wrong.
  return error.code === 'Validation' || error.code === 'Conflict' ? 'refused' : 'notPerformed';
}
