import { createHash } from 'node:crypto';
import type { Repository, TierPolicy, TierTable } from '#crds';
import { type CompiledPolicy, compilePolicy, compileRaise, type Raise, type Work } from '#domain';
import { engines } from './engines.ts';

/** The rules that grade a Repository's work, and a key that is another when they are. */
export interface Graded {
  readonly state: 'graded';
  readonly policy: CompiledPolicy;
  readonly raise: Raise;
  readonly key: string;
}

/** What grades a Repository's work; or why nothing does, which is never taken for safe. */
export type Grading = Graded | { readonly state: 'wrong'; readonly problem: string } | { readonly state: 'none' };

/** The policy of a Repository that names none. */
const DEFAULT_POLICY = 'default';

/** The compiled rules of every TierPolicy and Repository, each generation compiled once. `find` knows the TierPolicies of the cluster by name. */
export class TierPolicies {
  readonly #find: (name: string) => TierPolicy | undefined;
  readonly #policies = new Map<string, { generation: string; compiled: ReturnType<typeof compilePolicy> }>();
  readonly #raises = new Map<string, { generation: string; compiled: ReturnType<typeof compileRaise> }>();

  constructor(find: (name: string) => TierPolicy | undefined) {
    this.#find = find;
  }

  /** What each tier asks in a Repository; undefined where no policy grades it. */
  terms(repository: Repository): TierTable | undefined {
    return this.#find(policyNameOf(repository))?.spec.tiers;
  }

  /** Compiles a policy, or answers what it was compiled to. */
  compiled(policy: TierPolicy): ReturnType<typeof compilePolicy> {
    const { name, uid } = policy.metadata;
    return remembered(this.#policies, uid!, generationOf(policy), () =>
      compilePolicy(name!, policy.spec.rules, engines),
    );
  }

  /** What grades the work of a Repository now. */
  of(repository: Repository): Grading {
    const name = policyNameOf(repository);
    const policy = this.#find(name);
    if (policy === undefined) return { state: 'none' };
    const rules = this.compiled(policy);
    const { uid, name: own } = repository.metadata;
    const { raise: specs, protectedPaths } = repository.spec;
    const raise = remembered(this.#raises, uid!, generationOf(repository), () =>
      compileRaise(specs ?? [], protectedPaths ?? [], engines),
    );
    if (!rules.ok) return { state: 'wrong', problem: sentence(`TierPolicy ${name}`, rules.problems) };
    if (!raise.ok) return { state: 'wrong', problem: sentence(`Repository ${own}`, raise.problems) };
    const key = `${policy.metadata.uid}.${generationOf(policy)}.${generationOf(repository)}`;
    return { state: 'graded', policy: rules.value, raise: raise.value, key };
  }
}

/** Goes up with every release that grades some change otherwise by the same rules: what was graded before is graded anew. */
const REVISION = 3;

/** Names what a change is graded by, the head aside: rules, Repository, this release and the work. Where two differ, so may the grades. */
export function gradingKey({ key }: Graded, { labels, title, taskClass, source }: Work): string {
  const asked = createHash('sha256').update(JSON.stringify([labels, title, taskClass, source]));
  return `${key}.${REVISION}.${asked.digest('hex').slice(0, 32)}`;
}

/** Name of the policy that grades a Repository. */
export function policyNameOf({ spec }: Repository): string {
  return spec.tierPolicyRef?.name ?? DEFAULT_POLICY;
}

function sentence(whose: string, problems: readonly string[]): string {
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return `${whose} is wrong and grades nothing until it is put right: ${problems[0]}${more}`;
}

function generationOf({ metadata }: { metadata: { generation?: number | undefined } }): string {
  return String(metadata.generation ?? 0);
}

const REMEMBERED = 1_000;

function remembered<T>(
  known: Map<string, { generation: string; compiled: T }>,
  uid: string,
  generation: string,
  compile: () => T,
): T {
  const found = known.get(uid);
  if (found?.generation === generation) return found.compiled;
  if (known.size >= REMEMBERED) known.clear();
  const compiled = compile();
  known.set(uid, { generation, compiled });
  return compiled;
}
