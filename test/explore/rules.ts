import {
  decideAction,
  decideAssignment,
  decideCommand,
  decideDispatch,
  decideFiled,
  decideOpened,
  decideReport,
  decideWish,
  defaultPolicy,
  evolve,
  gateOf,
  nextAction,
  observe,
  type Policy,
} from '#domain';

/** The rules under exploration, as a port: the real ones, or real ones with a bug sown into them. */
export interface Rules {
  readonly evolve: typeof evolve;
  readonly observe: typeof observe;
  readonly nextAction: typeof nextAction;
  readonly gateOf: typeof gateOf;
  readonly decideAction: typeof decideAction;
  readonly decideReport: typeof decideReport;
  readonly decideWish: typeof decideWish;
  readonly decideFiled: typeof decideFiled;
  readonly decideOpened: typeof decideOpened;
  readonly decideAssignment: typeof decideAssignment;
  readonly decideDispatch: typeof decideDispatch;
  readonly decideCommand: typeof decideCommand;
}

export const realRules: Rules = {
  evolve,
  observe,
  nextAction,
  gateOf,
  decideAction,
  decideReport,
  decideWish,
  decideFiled,
  decideOpened,
  decideAssignment,
  decideDispatch,
  decideCommand,
};

/**
 * No clock runs in the model: pauses have no length, and what time alone would bring about may happen at any moment. Every limit is two, so
 * that each is reached.
 */
export const policy: Policy = {
  ...defaultPolicy,
  reviewDebounce: 0,
  readInterval: 1,
  mergeBackoff: 0,
  retryBackoff: 0,
  deployRetry: 0,
  maxRefusals: 2,
  maxDisputes: 2,
  maxFailedReviews: 2,
  maxLosses: 2,
};
