import type { Issue } from '#crds';
import type { KubeObject } from '#lib/kube';
import { workedOf } from '../issues/twins.ts';
import { issuesOf, numberOf, type Objects } from '../objects.ts';

const ENDED = new Set<string | undefined>(['Done', 'Cancelled', 'Failed']);

/** The Issues of a Repository, looked through once for a whole listing. */
export interface AtWork {
  /** The one that is worked for each number at the forge, ended ones too. */
  readonly byNumber: ReadonlyMap<number, Issue & KubeObject>;
  /** Pull requests of Issues that have not ended. */
  readonly pulls: readonly number[];
  /** Names of Issues that what happened to issues, pull requests or branches concerns. */
  concerned(happened: Happened): string[];
}

/** What a listing found to have happened. */
export interface Happened {
  readonly issues: ReadonlySet<number>;
  readonly pulls: ReadonlySet<number>;
  /** Short names of branches that moved. */
  readonly branches: ReadonlySet<string>;
  /** The default branch moved: every pull request onto it stands otherwise. */
  readonly baseMoved: boolean;
}

export function atWork(objects: Objects, namespace: string, repository: string): AtWork {
  const issues = issuesOf(objects, namespace, repository);
  const open = issues.filter(({ status }) => !ENDED.has(status?.phase));
  const numbered = Map.groupBy(issues, (issue) => numberOf(issue));
  const byNumber = new Map<number, Issue & KubeObject>();
  for (const [number, twins] of numbered) if (number !== undefined) byNumber.set(number, workedOf(twins)!);
  const concerned = ({ issues: numbers, pulls, branches, baseMoved }: Happened): string[] => {
    const own = new Set([...branches].flatMap((branch) => /^rig\/([^/]+)\//.exec(branch)?.[1] ?? []));
    const wanted = ({ metadata, status }: Issue & KubeObject): boolean => {
      const pull = status?.pullRequest?.number;
      if (own.has(metadata.name!)) return true;
      // Until the status names its pull request, any may be this issue's.
      return pull === undefined ? pulls.size > 0 && status?.branch !== undefined : baseMoved || pulls.has(pull);
    };
    const named = [...numbers].flatMap((number) => byNumber.get(number)?.metadata.name ?? []);
    return [...new Set([...named, ...open.filter(wanted).map(({ metadata }) => metadata.name!)])];
  };
  return { byNumber, pulls: open.flatMap(({ status }) => status?.pullRequest?.number ?? []), concerned };
}
