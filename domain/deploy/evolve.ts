import type { StoredEvent } from '../events/catalogue.ts';
import { CHECKS, type CheckName, type DeliveryState, type Deployed, noCheck, noDelivery } from './state.ts';

/** The delivery part of an issue's state after one event. Total, like the whole. */
export function evolveDelivery(state: DeliveryState, event: StoredEvent): DeliveryState {
  switch (event.type) {
    case 'MERGED':
      return { ...noDelivery, mergedAt: event.at, since: event.at, run: state.run, reopenings: state.reopenings };
    case 'DEPLOYED_STAGING':
      return { ...state, staging: event.data, failure: elsewhere(state, event.data), since: event.at };
    case 'DEPLOYED_PRODUCTION':
      return { ...afresh(state, event.at), production: event.data, failure: elsewhere(state, event.data) };
    case 'DEPLOY_FAILED':
      return { ...state, failure: { url: null, ...event.data, aborted: false, at: event.at } };
    case 'CANARY_ABORTED':
      return {
        ...state,
        production: null,
        failure: { url: null, ...event.data, aborted: true, at: event.at },
      };
    case 'ROLLED_BACK':
      return {
        ...state,
        production: null,
        rolledBack: { revision: event.data.revision, at: event.at },
        since: event.at,
      };
    case 'ISSUE_FILED':
    case 'ISSUE_REOPENED':
      return reopened(state, event);
    case 'COMMAND_ACCEPTED':
      return event.data.command === 'retry' && state.mergedAt > 0 ? afresh(state, event.at) : state;
    default:
      return checked(state, event);
  }
}

/** A success somewhere takes no failure in another environment back. */
function elsewhere({ failure }: DeliveryState, { environment }: Deployed): DeliveryState['failure'] {
  return failure?.environment === environment ? null : failure;
}

/** What is live is checked from the beginning, under a number of its own; what is not is waited for as if it had just been merged. */
function afresh(state: DeliveryState, at: number): DeliveryState {
  const checks = { smoke: noCheck, e2e: noCheck, a11y: noCheck };
  return { ...state, failure: null, rolledBack: null, run: state.run + 1, checks, since: at };
}

/** The conductor's own reopening says why; a person's begins a new count. */
function reopened(
  { reopenings, run }: DeliveryState,
  event: Extract<StoredEvent, { type: 'ISSUE_FILED' | 'ISSUE_REOPENED' }>,
): DeliveryState {
  if (event.type === 'ISSUE_FILED' || event.data.reason === undefined) return { ...noDelivery, run };
  const { reason, message = '' } = event.data;
  return { ...noDelivery, run, reopenings: reopenings + 1, reopened: { reason, message } };
}

type Checked = Extract<StoredEvent, { type: `${'SMOKE' | 'E2E' | 'A11Y'}_${'PASSED' | 'FAILED'}` }>;

const isChecked = (event: StoredEvent): event is Checked => /^(SMOKE|E2E|A11Y)_(PASSED|FAILED)$/.test(event.type);

function checked(state: DeliveryState, event: StoredEvent): DeliveryState {
  if (!isChecked(event)) return state;
  const name = CHECKS.find((check) => event.type.startsWith(check.toUpperCase())) as CheckName;
  const before = state.checks[name];
  const failed = 'infrastructure' in event.data ? event.data : null;
  const lost = failed?.infrastructure === true;
  const after = {
    passed: failed === null,
    failures: before.failures + (failed !== null && !lost ? 1 : 0),
    losses: lost ? before.losses + 1 : 0,
    jobs: before.jobs + 1,
    at: event.at,
    message: failed?.message ?? '',
  };
  return { ...state, checks: { ...state.checks, [name]: after } };
}
