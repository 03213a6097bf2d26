import { advanceEpoch } from '#lib/events';
import type { Hearing } from '../issues/hearing.ts';
import { recordDeletions } from '../issues/tombstone.ts';
import type { Base } from './base.ts';
import type { Conducting } from './conductor.ts';

/** Something that goes on while this replica leads. */
export interface Duty {
  /** Goes on until the signal aborts. */
  start(signal: AbortSignal): void;
  /** Resolves when nothing of it is under way. */
  idle(): Promise<void>;
}

export interface Leading extends Pick<Conducting, 'conductor' | 'mark' | 'fallen'> {
  readonly hearing: Hearing;
  /** Begun in this order once the log is heard, and ended where the database falls behind. */
  readonly duties: readonly Duty[];
  /** Done once the log is heard, before the duties begin. */
  readonly first: (signal: AbortSignal) => Promise<void>;
  /** What else has to come to rest before the next one leads. */
  readonly resting: readonly Pick<Duty, 'idle'>[];
}

/** Ties to leadership what one replica alone may do. */
export function leadWith({ manager, pool, config, logger }: Base, leading: Leading): void {
  const { conductor, mark, fallen, hearing, duties, first, resting } = leading;
  manager.onStartedLeading(async (_lease, signal) => {
    await mark.lead(signal);
    // The controllers say why nothing is done; a recovery ends this process.
    if (mark.behind() !== null) return;
    conductor.leader.epoch = await advanceEpoch(pool, config.identity);
    await recordDeletions(conductor, { actor: { kind: 'controller', name: 'issue' } });
    logger.info({ epoch: conductor.leader.epoch }, 'leading');
    await hearing.start(signal);
    await first(signal);
    const standing = AbortSignal.any([signal, fallen]);
    for (const duty of duties) duty.start(standing);
  });
  // The Lease is handed over behind this: what one leader has begun has ended before the next one begins.
  manager.onStoppedLeading(async () => void (await Promise.all([...duties, ...resting].map((each) => each.idle()))));
}
