import type { Actor } from '../facts.ts';
import type { AgentFacts, RepositoryPolicy } from '../issue/world.ts';

export type Routing =
  | { readonly fit: 'agents'; readonly candidates: readonly AgentFacts[] }
  | { readonly fit: 'none'; readonly message: string };

/**
 * Developers that may take this work: those the Repository's routing table names for the class and stack, else every developer with
 * that stack; suspended and unready ones never. A stack that is not known asks only for the role.
 */
export function routeDeveloper(
  agents: readonly AgentFacts[],
  repository: RepositoryPolicy,
  taskClass: string,
  stack: string | null,
): Routing {
  const fits = (route: RepositoryPolicy['routes'][number]) =>
    (route.taskClass === null || route.taskClass === taskClass) && (route.stack === null || route.stack === stack);
  const named = repository.routes.filter(fits).map((route) => route.agent);
  const wanted = agents.filter((agent) =>
    named.length > 0
      ? named.includes(agent.name)
      : stack === null || agent.stacks.length === 0 || agent.stacks.includes(stack),
  );
  const candidates = wanted.filter((agent) => agent.role === 'developer' && agent.ready && !agent.suspended);
  if (candidates.length > 0) return { fit: 'agents', candidates };
  const work = `work of class ${taskClass}${stack === null ? '' : ` in a ${stack} repository`}`;
  return { fit: 'none', message: `No ready Agent of role developer takes ${work}; apply one, or unsuspend one.` };
}

/** Reviewers that can act at the forge now, and whose account there is not the author's. */
export function reviewersFor(agents: readonly AgentFacts[], author: Actor): AgentFacts[] {
  return agents.filter(
    (agent) =>
      agent.role === 'reviewer' &&
      agent.ready &&
      !agent.suspended &&
      agent.usable &&
      agent.account !== null &&
      agent.account.id !== author.id,
  );
}

/** One of {@link reviewersFor} that has a free slot; `full` where only slots are missing. */
export function routeReviewer(agents: readonly AgentFacts[], author: Actor): AgentFacts | 'full' | null {
  const fit = reviewersFor(agents, author);
  const free = fit.filter((agent) => agent.running < agent.concurrency);
  const least = [...free].sort((a, b) => a.running - b.running || a.name.localeCompare(b.name))[0];
  if (least) return least;
  return fit.length > 0 ? 'full' : null;
}

/** The forge accounts of the Agents of a role, by their ids; suspended ones count, for what they did counts. */
export function accountsOf(agents: readonly AgentFacts[], role: AgentFacts['role']): ReadonlySet<number> {
  return new Set(agents.flatMap((agent) => (agent.role === role && agent.account ? [agent.account.id] : [])));
}
