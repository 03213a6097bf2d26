import { createHash } from 'node:crypto';
import type { Actor, CheckConclusion, CheckFacts } from './facts.ts';
import { choice } from './read.ts';

/** Whom GitHub shows in place of a deleted account. */
export const GHOST: Actor = { id: 10137, login: 'ghost', kind: 'user' };

const CONCLUSIONS = [
  'success',
  'failure',
  'neutral',
  'cancelled',
  'skipped',
  'timed_out',
  'action_required',
  'stale',
  'startup_failure',
] as const satisfies readonly CheckConclusion[];

/** The conclusion of a completed check. Throws Malformed for one that is not known: it must never be taken for success. */
export function conclusionOf(value: unknown): CheckConclusion {
  return choice(value, CONCLUSIONS, 'check conclusion');
}

export interface StatusParts {
  readonly sha: string;
  readonly context: string;
  readonly state: 'success' | 'failure' | 'error' | 'pending' | 'expected';
  readonly at: string;
  readonly description: string;
  readonly url: string | null;
}

/**
 * A commit status as a check without an App. A forge keeps one current status per commit and context, so both together are its
 * identity: a newer one replaces the older, wherever it was read. Ids are negative to stay apart from those of check runs.
 */
export function statusCheck(parts: StatusParts): CheckFacts {
  const pending = parts.state === 'pending' || parts.state === 'expected';
  return {
    id: -createHash('sha256').update(`${parts.sha}\n${parts.context}`).digest().readUIntBE(0, 6),
    name: parts.context,
    app: null,
    headSHA: parts.sha,
    branch: null,
    status: pending ? 'in_progress' : 'completed',
    conclusion: pending ? null : parts.state === 'success' ? 'success' : 'failure',
    startedAt: parts.at,
    completedAt: pending ? null : parts.at || null,
    summary: parts.description,
    url: parts.url,
  };
}
