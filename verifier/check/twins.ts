import type { Repository } from '#crds';
import type { HeadVerdict } from '#domain';
import { ForgeError } from '#lib/forge';
import { type KubeObject, Stalled } from '#lib/kube';
import type { VerifierForges } from '../forge/forges.ts';

type Named = Repository & KubeObject;

/** Codes that say of a name that there is nothing the verifier could report on. */
const NOTHING_THERE = new Set(['NotFound', 'InstallationRemoved', 'InstallationSuspended', 'Validation']);

/** How long it is believed that a name leads nowhere, in ms: anybody with a namespace can write down as many as they like. */
const NOTHING_MS = 60_000;

interface Asked {
  readonly generation: number | undefined;
  readonly id: number | null;
  readonly at: number;
}

/**
 * Repositories that stand for one repository of the forge, by the number that the forge gives it: names can be moved, and anybody with a namespace can
 * write one down. A number is asked for once for each spec, and what is not there again after a minute.
 */
export class Twins {
  readonly #forges: Pick<VerifierForges, 'forRepository'>;
  readonly #now: () => number;
  #ids = new Map<string, Asked>();

  constructor(forges: Pick<VerifierForges, 'forRepository'>, now: () => number) {
    this.#forges = forges;
    this.#now = now;
  }

  /**
   * All that stand for `id`, which `own` has just been seen to do, in one order for whoever asks. Throws ForgeError where it cannot be told of one
   * whether it is among them.
   */
  async of(id: number, own: Named, repositories: readonly Named[]): Promise<Named[]> {
    this.#note(own, id);
    const there = new Set(repositories.map(({ metadata }) => metadata.uid!));
    this.#ids = new Map([...this.#ids].filter(([uid]) => there.has(uid)));
    const found: Named[] = [];
    for (const repository of repositories) if ((await this.#idOf(repository)) === id) found.push(repository);
    return found.sort((a, b) => (a.metadata.uid! < b.metadata.uid! ? -1 : 1));
  }

  async #idOf(repository: Named): Promise<number | null> {
    const { uid, generation } = repository.metadata;
    const known = this.#ids.get(uid!);
    const isFresh = ({ id, at }: Asked) => id !== null || this.#now() - at < NOTHING_MS;
    if (known !== undefined && known.generation === generation && isFresh(known)) return known.id;
    const id = await this.#ask(repository);
    this.#note(repository, id);
    return id;
  }

  #note({ metadata: { uid, generation } }: Named, id: number | null): void {
    this.#ids.set(uid!, { generation, id, at: this.#now() });
  }

  async #ask(repository: Named): Promise<number | null> {
    try {
      const { forge } = await this.#forges.forRepository(repository);
      return (await forge.repository(repository.spec)).id;
    } catch (error) {
      if (error instanceof Stalled || (error instanceof ForgeError && NOTHING_THERE.has(error.code))) return null;
      throw error;
    }
  }
}

const WORST_FIRST: readonly HeadVerdict['state'][] = ['failure', 'unknown', 'action_required', 'success'];

/** What several Repositories say of one head together: a success where all of them let it through, until the first of them does not. */
export function strictest(verdicts: readonly (readonly [repository: string, verdict: HeadVerdict])[]): HeadVerdict {
  const [first] = verdicts.toSorted(([, a], [, b]) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state));
  if (first === undefined)
    return { state: 'unknown', title: 'Nobody judges this head', summary: 'No Repository stands for it.', until: null };
  const [name, verdict] = first;
  if (verdicts.length === 1) return verdict;
  const ends = verdicts.flatMap(([, { until }]) => until ?? []);
  const by = `Of ${verdicts.length} Repositories that stand for this repository, each of which has to let it through, \`${name}\` says:`;
  return { ...verdict, summary: `${by}\n\n${verdict.summary}`, until: ends.length === 0 ? null : Math.min(...ends) };
}
