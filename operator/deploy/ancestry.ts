import type { Repository } from '#crds';
import { ForgeError } from '#lib/forge';
import type { Forges } from '../forges/forges.ts';
import { repositoryName } from '../repositories/name.ts';
import type { Contains, Delivery } from './port.ts';

const REMEMBERED = 20_000;

/** Says whether a merged commit is in a revision, by the forge's own comparison. History does not change, so answers are kept. */
export class Ancestry {
  readonly #forges: Pick<Forges, 'forRepository'>;
  readonly #known = new Map<string, boolean>();

  constructor(forges: Pick<Forges, 'forRepository'>) {
    this.#forges = forges;
  }

  /** Of one merged change. Throws ForgeError; its message is a sentence. */
  of({ repository, key, mergeSHA }: Delivery): Contains {
    return async (revision) => {
      if (revision === mergeSHA) return true;
      const id = `${key.host}/${key.id} ${revision} ${mergeSHA}`;
      const known = this.#known.get(id);
      if (known !== undefined) return known;
      const answer = await this.#ask(repository, revision, mergeSHA);
      if (this.#known.size >= REMEMBERED) this.#known.clear();
      this.#known.set(id, answer);
      return answer;
    };
  }

  async #ask(repository: Repository, revision: string, mergeSHA: string): Promise<boolean> {
    const { owner, name } = repositoryName(repository);
    const { forge } = await this.#forges.forRepository(repository);
    try {
      return await forge.contains({ owner, name }, revision, mergeSHA);
    } catch (cause) {
      if (!(cause instanceof ForgeError) || cause.code !== 'NotFound') throw cause;
      const message = `${revision.slice(0, 8)} is no commit of ${owner}/${name}, so nobody can say what is in it.`;
      throw new ForgeError('NotFound', message, { cause });
    }
  }
}
