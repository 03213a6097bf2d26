import { approved } from './approved.ts';
import { attestors } from './attestors.ts';
import { ci } from './checks.ts';
import { enforced } from './enforced.ts';
import { linked } from './linked.ts';
import { review } from './review.ts';
import { slo } from './slo.ts';
import { freshness, labels, mergeable } from './state.ts';
import { provenance, target } from './target.ts';
import { threads } from './threads.ts';
import { type GateInput, type GateResult, type Row, unread } from './types.ts';

const rows: readonly ((row: Row) => GateResult)[] = [
  target,
  provenance,
  linked,
  ci,
  review,
  threads,
  labels,
  mergeable,
  ({ input }) => input.tierGate,
  slo,
  attestors,
  freshness,
  enforced,
  approved,
];

export interface GateDecision {
  readonly passed: boolean;
  /** Every row, in the order of the table; empty only while the pull request itself is unknown. */
  readonly results: readonly GateResult[];
  /** The one most useful missing thing; null when everything passed. */
  readonly missing: GateResult | null;
}

/**
 * The merge gate: pure, total, and closed: it passes only if every row passes. A pull request that could not be read, or was read
 * longer ago than `maxAgeMs`, is unknown.
 */
export function decideMerge(input: GateInput): GateDecision {
  const { pullRequest, now, maxAgeMs } = input;
  if (!pullRequest.known) return blocked(unread('target', pullRequest.why));
  const age = now - pullRequest.observedAt;
  // Also where the time is no number, or lies ahead of a clock that was set back.
  if (!(Math.abs(age) <= maxAgeMs)) {
    const when =
      age > 0 ? `was last read ${Math.floor(age / 60_000)} minutes ago` : 'was read at another time than now';
    return blocked({
      gate: 'target',
      state: 'unknown',
      reason: 'FactStale',
      message: `The pull request ${when}; it is being read again.`,
    });
  }
  const results = rows.map((row) => row({ input, pr: pullRequest.value }));
  const missing = mostUseful(results);
  return { passed: missing === null, results, missing };
}

function blocked(result: GateResult): GateDecision {
  return { passed: false, results: [result], missing: result };
}

/** What somebody must do comes before what only needs time, and that before what has to be read once more. */
function mostUseful(results: readonly GateResult[]): GateResult | null {
  for (const state of ['fail', 'wait', 'unknown'] as const) {
    const found = results.find((result) => result.state === state);
    if (found) return found;
  }
  return null;
}
