/** A value that must keep its bounds; at least one of them is there. */
export interface LevelWish {
  readonly name: string;
  readonly min: number | null;
  readonly max: number | null;
}

/** How many bad events a service may have, as a share of all of them, in a window that ends now. */
export interface BudgetWish {
  readonly name: string;
  /** The share of events that has to be good, above 0 and below 1. */
  readonly objective: number;
  /** In ms. */
  readonly window: number;
  /** The share of the budget that has to be left, from 0 and below 1. */
  readonly minRemaining: number;
}

/** What a Repository wants to know of production before something is merged. `none` is a decision that somebody wrote down. */
export type SloWish =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'prometheus';
      readonly levels: readonly LevelWish[];
      readonly budgets: readonly BudgetWish[];
      /** Whether a Canary is named that is followed after the merge. */
      readonly canary: boolean;
    };
