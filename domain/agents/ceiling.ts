import type { Tier } from '../events/catalogue.ts';
import type { AgentFacts } from '../issue/world.ts';
import { isWithin } from '../ledger/dispatch.ts';
import type { Ceiling } from '../ledger/policy.ts';

export type WithinCeiling =
  | { readonly fit: 'agents'; readonly candidates: readonly AgentFacts[] }
  /** What an Agent is trusted with cannot be told now. */
  | { readonly fit: 'unknown'; readonly message: string }
  | { readonly fit: 'none'; readonly message: string };

/** Work as far as trust goes: what it can break, and its class. */
export interface Trusted {
  readonly tier: Tier;
  readonly taskClass: string;
}

/** What an Agent is trusted with in a class of work; null where no ceiling holds, and unknown where it cannot be told now. */
function ceilingOf({ ceilings }: AgentFacts, taskClass: string): Ceiling | 'unknown' | null {
  if (ceilings === undefined) return null;
  return ceilings.known ? (ceilings.value.get(taskClass) ?? 'T0') : 'unknown';
}

/** Those of the Agents that may be given the work without asking a person; what is not known of one is never taken for trust. */
export function withinCeiling(agents: readonly AgentFacts[], work: Trusted): WithinCeiling {
  const { tier, taskClass } = work;
  const each = agents.map((agent) => ({ agent, ceiling: ceilingOf(agent, taskClass) }));
  const candidates = each
    .filter(({ ceiling }) => ceiling === null || (ceiling !== 'unknown' && isWithin(tier, ceiling)))
    .map(({ agent }) => agent);
  if (candidates.length > 0) return { fit: 'agents', candidates };
  if (each.some(({ ceiling }) => ceiling === 'unknown'))
    return { fit: 'unknown', message: 'The trust ledger has not been read yet.' };
  return {
    fit: 'none',
    message: tooLow(
      each.map(({ agent, ceiling }) => `${agent.name} with ${ceiling}`),
      work,
      agents[0]?.name,
    ),
  };
}

/** Whether the author of a change is trusted with it, as the merge gate asks; null where no ceiling holds. */
export function authorWithin(
  author: AgentFacts | undefined,
  name: string,
  work: Trusted,
): Exclude<WithinCeiling, { fit: 'agents' }> | null {
  if (author !== undefined) {
    const within = withinCeiling([author], work);
    return within.fit === 'agents' ? null : within;
  }
  return { fit: 'none', message: tooLow([`${name}, which is no Agent any more, with nothing`], work, undefined) };
}

function tooLow(trusted: readonly string[], { tier, taskClass }: Trusted, name: string | undefined): string {
  const grant =
    name === undefined || tier === 'T3' ? '' : ` rig trust grant ${name} ${taskClass} ${tier} says that it may.`;
  return `It is ${tier} of class ${taskClass}, and in that class ${trusted.join(', ')} is trusted.${grant} rig trust show says how trust is earned.`;
}
