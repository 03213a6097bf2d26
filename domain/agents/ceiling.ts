import type { Tier } from '../events/catalogue.ts';
import type { AgentFacts } from '../issue/world.ts';
import { isWithin, lowestCeiling } from '../ledger/dispatch.ts';
import { modelOf } from '../ledger/model.ts';
import type { Ceiling } from '../ledger/policy.ts';
import { pairOf } from '../ledger/trust.ts';

export type WithinCeiling =
  | { readonly fit: 'agents'; readonly candidates: readonly AgentFacts[] }
  /** What an Agent is trusted with cannot be told now. */
  | { readonly fit: 'unknown'; readonly message: string }
  | { readonly fit: 'none'; readonly message: string };

/** Work as far as trust goes: what it can break, and its class. */
export interface Trusted {
  readonly tier: Tier;
  readonly taskClass: string;
  /** Name of the Issue, for the command that lets this one through. */
  readonly issue: string;
}

/**
 * What an Agent is trusted with in a class of work; null where no ceiling holds, and unknown where it cannot be told now. For a change that is there
 * already no higher than any model in `answered`, which answered for it.
 */
function ceilingOf(
  { ceilings, models }: AgentFacts,
  taskClass: string,
  answered: readonly string[] = [],
): Ceiling | 'unknown' | null {
  if (ceilings === undefined) return null;
  if (!ceilings.known || (models === undefined && answered.length > 0)) return 'unknown';
  const each = answered.map((id) => models?.trusted.get(pairOf({ taskClass, model: modelOf(id) })) ?? 'T0');
  return lowestCeiling([ceilings.value.get(taskClass) ?? 'T0', ...each]);
}

/** Those of the Agents that may be given the work without asking a person; what is not known of one is never taken for trust. */
export function withinCeiling(agents: readonly AgentFacts[], work: Trusted): WithinCeiling {
  return within(agents, work, []);
}

function within(agents: readonly AgentFacts[], work: Trusted, answered: readonly string[]): WithinCeiling {
  const { tier, taskClass } = work;
  const each = agents.map((agent) => ({ agent, ceiling: ceilingOf(agent, taskClass, answered) }));
  const candidates = each
    .filter(({ ceiling }) => ceiling === null || (ceiling !== 'unknown' && isWithin(tier, ceiling)))
    .map(({ agent }) => agent);
  if (candidates.length > 0) return { fit: 'agents', candidates };
  const lost = each.find(({ ceiling }) => ceiling === 'unknown')?.agent.ceilings;
  if (lost !== undefined)
    return { fit: 'unknown', message: lost.known ? 'It is not known which models answer for the Agent.' : lost.why };
  const trusted = each.map(({ agent, ceiling }) => `${agent.name} with ${ceiling}`);
  return { fit: 'none', message: tooLow(trusted, work, agents[0] && grantTo(agents[0], work, answered)) };
}

/**
 * Whether the author of a change is trusted with it, as the merge gate asks: with the models that would answer now, and with those that did.
 * Null where it is, or no ceiling holds.
 */
export function authorWithin(
  author: AgentFacts | undefined,
  name: string,
  work: Trusted,
  answered: readonly string[] = [],
): Exclude<WithinCeiling, { fit: 'agents' }> | null {
  if (author !== undefined) {
    const fit = within([author], work, answered);
    return fit.fit === 'agents' ? null : fit;
  }
  return { fit: 'none', message: tooLow([`${name}, which is no Agent any more, with nothing`], work, undefined) };
}

/** The command that grants an Agent the work, with the first model that is not trusted with it; one that nobody can name is granted nothing. */
function grantTo({ name, models }: AgentFacts, { tier, taskClass }: Trusted, answered: readonly string[]) {
  const command = `rig trust grant ${name} ${taskClass} ${tier}`;
  if (models === undefined) return command;
  const low = [...models.now, ...answered.map(modelOf)].filter(
    (model) => !isWithin(tier, models.trusted.get(pairOf({ taskClass, model })) ?? 'T0'),
  );
  if (low.includes('unknown')) return undefined;
  return low[0] === undefined ? command : `${command} --model ${low[0]}`;
}

function tooLow(trusted: readonly string[], { tier, taskClass, issue }: Trusted, command: string | undefined): string {
  const said = `It is ${tier} of class ${taskClass}, and in that class ${trusted.join(', ')} is trusted.`;
  if (tier === 'T3') return `${said} rig trust show says how trust is earned.`;
  const grant = command === undefined ? '' : ` ${command} says that it may, and`;
  return `${said}${grant} rig approve ${issue} --scope dispatch lets this one through; rig trust show says how trust is earned.`;
}
