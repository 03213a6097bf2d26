import type { Agent, Repository } from '#crds';
import type { Actor, AgentFacts } from '#domain';
import { isConditionTrue } from '#lib/kube';
import { SecretElsewhere } from '../forges/secrets.ts';
import { runningByAgent } from '../store/tasks.ts';
import type { Conductor } from './context.ts';

/** The Agents of a namespace, and those of them whose account at the Repository's forge should be known and is not, by name. */
export interface Agents {
  readonly agents: readonly AgentFacts[];
  readonly unaccounted: readonly string[];
}

type Account = Actor | 'none' | 'unknown';

/** An Agent without a known account is no reviewer, and nothing passes on its word. */
export async function readAgents(
  conductor: Pick<Conductor, 'log' | 'objects' | 'forges'>,
  namespace: string,
  repository: Repository | undefined,
): Promise<Agents> {
  const running = await runningByAgent(conductor.log.pool);
  const read = await Promise.all(
    conductor.objects.agents.list(namespace).map(async (agent) => {
      const account = await accountOf(conductor, agent, repository);
      return { facts: factsOf(agent, running, typeof account === 'string' ? null : account), account };
    }),
  );
  return {
    agents: read.map(({ facts }) => facts),
    unaccounted: read.filter(({ account }) => account === 'unknown').map(({ facts }) => facts.name),
  };
}

function factsOf(agent: Agent, running: ReadonlyMap<string, number>, account: Actor | null): AgentFacts {
  const { spec, metadata } = agent;
  return {
    name: metadata.name!,
    uid: metadata.uid!,
    role: spec.role,
    stacks: spec.stacks,
    ready: isConditionTrue(agent.status?.conditions, 'Ready'),
    suspended: spec.suspend,
    attempts: spec.attempts,
    concurrency: spec.concurrency,
    running: running.get(metadata.uid!) ?? 0,
    account,
  };
}

/** None where the Agent has no identity at this forge: it names none, or one for another host. */
async function accountOf(
  { forges }: Pick<Conductor, 'forges'>,
  agent: Agent,
  repository: Repository | undefined,
): Promise<Account> {
  if (agent.spec.forgeCredentialsSecretRef === undefined) return 'none';
  if (repository === undefined) return 'unknown';
  try {
    return (await forges.forAgent(agent, repository)).actor;
  } catch (error) {
    return error instanceof SecretElsewhere ? 'none' : 'unknown';
  }
}
