import { TaskFailure } from '../failure.ts';
import type { Judgement } from '../loop/index.ts';
import { HeadRefused } from '../origin/index.ts';
import type { Ending } from '../tools/index.ts';
import type { Workplace } from './facts.ts';
import { type ProofDeps, prove } from './prove.ts';

const MAX_REJECTIONS = 4;

export interface Proven {
  /** The commit that the runtime holds, has accepted, and had proven. */
  readonly head: string;
  readonly proof: string;
}

/** Judges an ending by what is in the worktree, never by what the model says about it. */
export class Examiner {
  readonly #place: Workplace;
  readonly #deps: ProofDeps;
  /** Whether what was asked may be answered without a further change. */
  readonly #answered: () => boolean;
  #rejections = 0;
  #proven: Proven | undefined;

  constructor(place: Workplace, deps: ProofDeps, answered: () => boolean) {
    this.#place = place;
    this.#deps = deps;
    this.#answered = answered;
  }

  get proven(): Proven {
    if (this.#proven === undefined) throw new Error('nothing was proven');
    return this.#proven;
  }

  async judge(ending: Ending): Promise<Judgement> {
    if (ending.kind !== 'done') return { accepted: true };
    const { origin, sandbox } = this.#place;
    const { signal } = this.#deps;
    const { paths } = await sandbox.call('marks', {}, signal);
    if (paths.length > 0)
      return this.#rejected('ConflictLeft', `Conflict marks are left in ${paths.slice(0, 50).join(', ')}.`);
    const { head, created } = await sandbox.call('commit', { message: `${ending.title}\n\n${ending.what}` }, signal);
    const refused = await this.#receive(head);
    if (refused !== undefined) return this.#rejected('CommitRefused', refused);
    if (!(await origin.differsFromBase(head)) || (head === origin.startSHA && !this.#answered()))
      return this.#rejected(
        'NothingChanged',
        'Nothing has changed; change the code, or use ask to say why no change is right.',
      );
    const proof = await prove(this.#deps, head);
    if (proof.passed) {
      this.#proven = { head, proof: proof.text };
      return { accepted: true };
    }
    if (created) await sandbox.call('uncommit', { head }, signal);
    this.#count('TestsFailed', proof.answer.text);
    return { accepted: false, answer: proof.answer };
  }

  /** Takes the commit over before it is proven, so that what is pushed is what was proven, whatever the sandbox does meanwhile. */
  async #receive(head: string): Promise<string | undefined> {
    const { origin, sandbox } = this.#place;
    const have = [...new Set([origin.startSHA, origin.baseSHA])];
    try {
      await origin.receive(head, () => sandbox.bundle({ head, have }, this.#deps.signal));
      return undefined;
    } catch (error) {
      if (error instanceof HeadRefused) return error.message;
      throw error;
    }
  }

  #rejected(reason: string, text: string): Judgement {
    this.#count(reason, text);
    return { accepted: false, answer: { text: `Not accepted: ${text}`, isError: true } };
  }

  #count(reason: string, text: string): void {
    this.#rejections += 1;
    if (this.#rejections >= MAX_REJECTIONS)
      throw new TaskFailure(
        reason,
        `The model said ${MAX_REJECTIONS} times that it was done, and was not: ${text.slice(0, 2_000)}`,
      );
  }
}
