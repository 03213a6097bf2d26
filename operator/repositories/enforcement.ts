import { annotations, type Repository } from '#crds';
import { compareRules, type Enforcement, type Fact, known, ruleWish, unknown } from '#domain';
import { type Forge, ForgeError } from '#lib/forge';
import { forgeHost } from '../forges/forges.ts';
import type { Conductor } from '../issues/context.ts';
import { putRules, type RulesRead } from '../mirror/rules.ts';
import { repositoryName } from './name.ts';

/** Longest sentence that is kept of a forge's refusal. */
const LIMIT = 512;

/**
 * How the forge holds merges to what the Repository asks. Unknown while it was not read, could not be read, or was read longer ago than
 * `maxAgeMs`: that passes no gate. A Repository that says it does without is believed, and says why.
 */
export function enforcementOf(
  repository: Repository,
  read: RulesRead | null,
  now: number,
  maxAgeMs: number,
): Fact<Enforcement> {
  const { kind, because } = repository.spec.enforcement;
  const { defaultBranch } = repository.spec;
  if (kind === 'none') return known({ state: 'waived', because: because ?? 'it gives no reason' }, now);
  if (read === null || read.branch !== defaultBranch)
    return unknown(`What the forge holds ${defaultBranch} to has not been read yet.`);
  if ('problem' in read) return unknown(`What the forge holds ${defaultBranch} to cannot be read: ${read.problem}`);
  if (!(Math.abs(now - read.readAt) <= maxAgeMs))
    return unknown(`What the forge holds ${defaultBranch} to was read too long ago.`);
  return known(compareRules(ruleWish(repository), read.rules), read.readAt);
}

/** Reads the rules from the forge now; that it cannot tell is an answer too. */
export async function readRules(forge: Forge, repository: Repository, now: () => number): Promise<RulesRead> {
  const { defaultBranch: branch } = repository.spec;
  const readAt = now();
  const apps = ruleWish(repository).checks.map(({ app }) => app);
  try {
    return { branch, readAt, rules: await forge.branchRules(repositoryName(repository), branch, apps) };
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    return { branch, readAt, problem: problemOf(error).slice(0, LIMIT) };
  }
}

function problemOf({ code, message }: ForgeError): string {
  if (code !== 'Forbidden' && code !== 'NotImplemented' && code !== 'NotFound') return message;
  return `${message.replace(/[.\s]*$/, '.')} If the forge offers no rulesets here, say so in spec.enforcement.`;
}

/**
 * Reads the rules, keeps them in the mirror, and answers how they stand, and when (ms) the forge had answered. Costs no request where the Repository
 * does without.
 */
export async function readEnforcement(
  { forges, log, now, policy }: Conductor,
  repository: Repository,
  repositoryId: number,
): Promise<{ enforcement: Fact<Enforcement>; cameAt: number }> {
  if (repository.spec.enforcement.kind === 'none')
    return { enforcement: enforcementOf(repository, null, now(), policy.factMaxAge), cameAt: now() };
  const { forge } = await forges.forRepository(repository);
  const read = await readRules(forge, repository, now);
  const cameAt = now();
  await putRules(log.pool, { host: forgeHost(repository), id: repositoryId }, read);
  return { enforcement: enforcementOf(repository, read, now(), policy.factMaxAge), cameAt };
}

/** {@link readEnforcement}, whenever that came. */
export async function followRules(
  conductor: Conductor,
  repository: Repository,
  repositoryId: number,
): Promise<Fact<Enforcement>> {
  return (await readEnforcement(conductor, repository, repositoryId)).enforcement;
}

/** Notices when a person has just written down which ruleset holds a Repository: what the forge holds is then read at once. */
export class Attestations {
  readonly #seen = new Map<string, string | undefined>();

  /** True once for each new value of the annotation; what it was when the process began was read with the first listing. */
  isNew({ metadata }: Repository): boolean {
    const uid = metadata.uid!;
    const value = metadata.annotations?.[annotations.ruleset];
    const isNew = this.#seen.has(uid) && this.#seen.get(uid) !== value;
    this.#seen.set(uid, value);
    return isNew && value !== undefined;
  }
}

/** How a Repository shows it: the condition GateEnforced, and the differences one by one. */
export function enforcementStatus(enforcement: Fact<Enforcement>, read: RulesRead | null) {
  const told = conditionOf(enforcement);
  const states = { True: 'Enforced', False: 'NotEnforced', Unknown: 'Unknown' } as const;
  const differs = enforcement.known && enforcement.value.state === 'differs' ? enforcement.value.differences : [];
  return {
    condition: { type: 'GateEnforced', ...told } as const,
    enforcement: {
      state: states[told.status],
      missing: differs.slice(0, 32).map((words) => words.slice(0, 256)),
      ...(read === null ? {} : { checkedAt: new Date(read.readAt).toISOString().replace(/\.\d+Z$/, 'Z') }),
    },
  };
}

function conditionOf(enforcement: Fact<Enforcement>) {
  if (!enforcement.known) return { status: 'Unknown', reason: 'GateNotEnforced', message: enforcement.why } as const;
  const { value } = enforcement;
  switch (value.state) {
    case 'enforced': {
      const message = 'The ruleset of the forge holds what the Repository asks.';
      return { status: 'True', reason: 'GateEnforced', message } as const;
    }
    case 'waived': {
      const message = `Nothing but the gate of the conductor stands before the branch: ${value.because}`;
      return { status: 'False', reason: 'EnforcementWaived', message } as const;
    }
    case 'hidden': {
      const message = `${value.why}; rig repo protect looks, and writes down what it saw.`;
      return { status: 'Unknown', reason: 'GateNotEnforced', message } as const;
    }
    case 'differs': {
      const message = `${value.differences.join('; ')}. No change is merged until rig repo protect has written the ruleset.`;
      return { status: 'False', reason: 'GateNotEnforced', message: message.slice(0, 1_024) } as const;
    }
  }
}
