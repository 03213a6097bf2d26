/** Why a question has no number for an answer: none of them is ever success. */
export type SampleProblem =
  | 'NoData'
  | 'SeveralSeries'
  | 'NotANumber'
  | 'Stale'
  | 'Partial'
  | 'Refused'
  | 'Unreadable'
  | 'Unreachable';

/** The answer to one question: exactly one finite number, or why not. */
export type Sample =
  | { readonly known: true; readonly value: number }
  | { readonly known: false; readonly problem: SampleProblem; readonly message: string };

/** Events of one window: the good ones and all of them, as rates or counts, both of one moment. */
export interface Events {
  readonly good: Sample;
  readonly total: Sample;
}

/** What was asked of production at one moment. A question that is not in it was not asked. */
export interface SloFacts {
  readonly levels: ReadonlyMap<string, Sample>;
  /** By name of the budget, then by window in ms. */
  readonly budgets: ReadonlyMap<string, ReadonlyMap<number, Events>>;
}

/** The sentence for a question that nobody asked. */
export const notAsked: Sample = { known: false, problem: 'NoData', message: 'it was not asked.' };
