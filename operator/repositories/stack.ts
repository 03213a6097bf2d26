import { parse } from 'yaml';
import type { Repository } from '#crds';
import { type Fact, known, unknown } from '#domain';
import type { Forge } from '#lib/forge';
import { repositoryName } from './name.ts';

/** The file in the root folder of a repository that names its stack. */
export const STACK_FILE = '.rig-agent.yaml';
const REMEMBERED = 500;

/** Which stack a repository is of, from `.rig-agent.yaml` on a base commit, else from the Repository's defaults. A commit never changes, so answers are kept. */
export class Stacks {
  readonly #known = new Map<string, string | null>();

  async at(repository: Repository, forge: Forge, sha: string, now: number): Promise<Fact<string | null>> {
    const { owner, name } = repositoryName(repository);
    const { defaults } = repository.spec;
    try {
      return known((await this.#stackAt(forge, { owner, name }, sha)) ?? defaults?.stack ?? null, now);
    } catch (error) {
      return unknown(`The stack of ${owner}/${name} could not be read: ${(error as Error).message}`);
    }
  }

  async #stackAt(forge: Forge, repo: { owner: string; name: string }, sha: string): Promise<string | null> {
    const key = `${forge.origin}/${repo.owner}/${repo.name}@${sha}`;
    const cached = this.#known.get(key);
    if (cached !== undefined) return cached;
    const stack = stackOf(await forge.fileAt(repo, sha, STACK_FILE));
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(key, stack);
    return stack;
  }
}

/** The `stack` of a `.rig-agent.yaml`; null where there is none. A file that is no YAML throws, and says where. */
export function stackOf(text: string | null): string | null {
  if (text === null) return null;
  const document: unknown = parse(text, { maxAliasCount: 0 });
  if (document === null || typeof document !== 'object' || !('stack' in document)) return null;
  return typeof document.stack === 'string' && /^[a-z0-9][a-z0-9.-]{0,62}$/.test(document.stack)
    ? document.stack
    : null;
}
