import { createHash } from 'node:crypto';
import { APPROVAL_CHECK, type HeadVerdict } from '#domain';
import type { CheckReport, Forge, RepositoryName } from '#lib/forge';

/**
 * How long it is believed that a report still stands at the forge, in ms: a leader that was frozen in the middle of a write may have written since.
 * Sooner where it holds a head back, for that may have been written over by a success.
 */
const LOOK_AGAIN_MS = { success: 3_600_000, other: 300_000 } as const;

interface Told {
  readonly externalId: string;
  readonly at: number;
}

/** What a report came to. */
export interface Reported {
  readonly state: CheckReport['state'];
  /** Whether the forge was told anything new. */
  readonly written: boolean;
}

type ReportForge = Pick<Forge, 'ownCheck' | 'reportCheck'>;

/**
 * Writes verdicts as check runs. What stands at the forge is looked at before each write, so that a verdict is written once whoever else reported
 * it; a new verdict on a head that has one is a new run, the newest of which the forge counts, and what was said before stays to be read.
 */
export class Reporter {
  readonly #now: () => number;
  readonly #told = new Map<string, Told>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Calling twice is harmless. `still` is asked right before a write, and throws where it must not happen any more. Throws ForgeError. */
  async report(
    forge: ReportForge,
    at: { readonly id: number; readonly name: RepositoryName; readonly sha: string },
    verdict: HeadVerdict,
    still: () => void,
  ): Promise<Reported> {
    const key = `${at.id} ${at.sha}`;
    const known = this.#told.get(key);
    if (known !== undefined && this.#isTold(known, verdict)) return { state: shown(verdict, true), written: false };
    const now = await forge.ownCheck(at.name, at.sha, APPROVAL_CHECK);
    // What concluded once cannot be told to be running again: that it is not known any more is a failure.
    const state = shown(verdict, now?.status === 'completed');
    const externalId = idOf(state, verdict);
    const stands =
      now?.externalId === externalId && (now.status === 'completed' ? now.conclusion : 'in_progress') === state;
    if (!stands) {
      const { title, summary } = verdict;
      const replace = now === null || now.status === 'completed' ? undefined : now.id;
      still();
      await forge.reportCheck(
        at.name,
        { name: APPROVAL_CHECK, sha: at.sha, state, externalId, title, summary },
        replace,
      );
    }
    this.#told.set(key, { externalId, at: this.#now() });
    return { state, written: !stands };
  }

  /** Another replica may have written meanwhile. */
  forgetAll(): void {
    this.#told.clear();
  }

  /** What stands on a head is looked at again. */
  forget(sha: string): void {
    for (const key of this.#told.keys()) if (key.endsWith(` ${sha}`)) this.#told.delete(key);
  }

  /** Forgets what was told of a repository's heads, but for these. */
  keep(id: number, shas: ReadonlySet<string>): void {
    for (const key of this.#told.keys()) {
      const [of, sha = ''] = key.split(' ');
      if (of === String(id) && !shas.has(sha)) this.#told.delete(key);
    }
  }

  #isTold({ externalId, at }: Told, verdict: HeadVerdict): boolean {
    const same =
      externalId === idOf(shown(verdict, false), verdict) || externalId === idOf(shown(verdict, true), verdict);
    return same && this.#now() - at < LOOK_AGAIN_MS[verdict.state === 'success' ? 'success' : 'other'];
  }
}

function shown({ state }: HeadVerdict, concluded: boolean): CheckReport['state'] {
  if (state !== 'unknown') return state;
  return concluded ? 'failure' : 'in_progress';
}

function idOf(state: CheckReport['state'], { title, summary }: HeadVerdict): string {
  return createHash('sha256')
    .update(JSON.stringify([state, title, summary]))
    .digest('hex');
}
