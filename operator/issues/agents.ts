import type { Agent, Repository } from '#crds';
import type { Actor, AgentFacts } from '#domain';
import { isConditionTrue } from '#lib/kube';
import { forgeHost } from '../forges/forges.ts';
import { SecretElsewhere } from '../forges/secrets.ts';
import { type Accounts, everDispatched, rememberAccount, rememberedAccounts } from '../store/accounts.ts';
import { runningByAgent } from '../store/tasks.ts';
import type { Conductor } from './context.ts';

/** The Agents of a namespace, as one Repository's forge knows them. */
export interface Agents {
  readonly agents: readonly AgentFacts[];
  /** Ids of every account there that one of them has or ever had: what is said under it is no person's word. */
  readonly accounts: ReadonlySet<number>;
  /** Names of those who may have spoken there under an account that nobody knows. While there are any, nobody is known to be a person. */
  readonly unaccounted: readonly string[];
}

type Reading = Pick<Conductor, 'log' | 'objects' | 'forges' | 'now' | 'ceilings' | 'models'>;
type Account = Actor | 'none' | 'unknown';

/**
 * An Agent whose Secret cannot be used now is known by the account it was last seen with; it is given no review. One that was never seen with any, and
 * never had a task, has said nothing at the forge.
 */
export async function readAgents(
  conductor: Reading,
  namespace: string,
  repository: Repository | undefined,
): Promise<Agents> {
  const { pool } = conductor.log;
  const place = repository && { namespace, host: forgeHost(repository) };
  const [running, known] = await Promise.all([
    runningByAgent(pool),
    place === undefined ? (new Map() as Accounts) : rememberedAccounts(pool, place, conductor.now()),
  ]);
  const read = await Promise.all(
    conductor.objects.agents.list(namespace).map(async (agent) => {
      const uid = agent.metadata.uid!;
      const account = await accountOf(conductor, agent, repository);
      const before = known.get(uid) ?? [];
      if (typeof account !== 'string' && place !== undefined && !same(before[0], account))
        await rememberAccount(pool, place, uid, account);
      const now = typeof account === 'string' ? null : account;
      const trusted = trustOf(conductor, agent);
      const facts = factsOf(agent, running, now ?? (account === 'unknown' ? (before[0] ?? null) : null));
      const hidden = account === 'unknown' && before.length === 0 && (await everDispatched(pool, uid));
      return { facts: { ...facts, usable: now !== null, ...trusted }, now, hidden };
    }),
  );
  return {
    agents: read.map(({ facts }) => facts),
    accounts: new Set([...known.values(), read.flatMap(({ now }) => now ?? [])].flat().map(({ id }) => id)),
    unaccounted: read.filter(({ hidden }) => hidden).map(({ facts }) => facts.name),
  };
}

function same(known: Actor | undefined, account: Actor): boolean {
  return known?.id === account.id && known.login === account.login;
}

function trustOf({ ceilings, models }: Reading, agent: Agent): Pick<AgentFacts, 'ceilings' | 'models'> {
  const trusted = ceilings?.(agent);
  if (trusted === undefined) return {};
  return trusted.known && models !== undefined ? { ceilings: trusted, models: models(agent) } : { ceilings: trusted };
}

function factsOf(
  agent: Agent,
  running: ReadonlyMap<string, number>,
  account: Actor | null,
): Omit<AgentFacts, 'usable'> {
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
