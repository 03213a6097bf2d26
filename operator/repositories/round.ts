import type { Repository } from '#crds';
import { isUnavailable } from '#lib/db';
import {
  type Actor,
  type CommentUpdate,
  type FactUpdate,
  type Forge,
  ForgeError,
  type ForgeIssueFacts,
  type RepositoryName,
} from '#lib/forge';
import { isKubeError, type KubeObject } from '#lib/kube';
import { standingOf } from '../intake/people.ts';
import type { Conductor } from '../issues/context.ts';
import type { ListingMark, ListingName } from '../mirror/listings.ts';
import type { RepositoryKey } from '../mirror/mirror.ts';
import type { AtWork } from './at-work.ts';
import type { Findings } from './findings.ts';

export type IssueUpdate = Extract<FactUpdate, { kind: 'issue' }>;

/** What takes an update of an issue, by whichever way it was told. Answers one sentence. */
export interface Taker {
  take(repository: Repository, update: IssueUpdate, told: string): Promise<string>;
}

/** What takes a comment, by whichever way it was told. Answers one sentence. */
export interface Listener {
  take(repository: Repository & KubeObject, update: CommentUpdate, told: string): Promise<string>;
}

/** One reading of a repository's listings. */
export interface Round {
  readonly conductor: Conductor;
  readonly intake: Taker;
  readonly commands: Listener;
  readonly repository: Repository & KubeObject;
  readonly key: RepositoryKey;
  readonly repo: RepositoryName;
  readonly forge: Forge;
  readonly work: AtWork;
  readonly marks: ReadonlyMap<string, ListingMark>;
  readonly found: Findings;
}

export function markOf({ marks }: Round, listing: ListingName): { etag?: string; mark: string | null } {
  const known = marks.get(listing);
  return { mark: known?.mark ?? null, ...(known?.etag == null ? {} : { etag: known.etag }) };
}

/** An update of an issue as a delivery would tell it. */
export function updateOf(
  { key, repo }: Round,
  facts: ForgeIssueFacts,
  told: Pick<IssueUpdate, 'action' | 'actor' | 'updatedAt'> & Partial<Pick<IssueUpdate, 'label' | 'edited'>>,
): IssueUpdate {
  return {
    kind: 'issue',
    event: 'issues',
    repositoryId: key.id,
    owner: repo.owner,
    repository: repo.name,
    installationId: null,
    number: facts.number,
    facts,
    gone: null,
    label: null,
    edited: [],
    reopened: told.action === 'reopened',
    ...told,
  };
}

/** Whether a person with write permission did it, judged as a delivery's sender is: asked of the forge now. */
export async function mayWrite({ conductor, repository, repo, key }: Round, actor: Actor | null): Promise<boolean> {
  const place = { repositoryId: key.id, owner: repo.owner, repository: repo.name };
  return (await standingOf(conductor, repository, place, actor)).may;
}

/** Most sentences about what failed in one round: they are for a condition's message. */
const MAX_PROBLEMS = 5;

/** Codes of a forge that must not, or cannot, be asked any more. */
const ENDS_ROUND = new Set(['RateLimited', 'Unauthorized', 'InstallationRemoved', 'InstallationSuspended']);

/** Whether nothing more can come of a round: the forge refuses whoever asks, or API server or database are away. */
function endsRound(error: unknown): boolean {
  if (error instanceof ForgeError) return ENDS_ROUND.has(error.code);
  return isKubeError(error, 'TooManyRequests', 'Timeout', 'Unavailable') || isUnavailable(error);
}

/** Takes one step; what keeps only this one from being taken is told, and answered, and the others go on. Null where it was taken. */
export async function alone(
  { found }: Pick<Round, 'found'>,
  step: () => Promise<void>,
  what = '',
): Promise<Error | null> {
  try {
    await step();
    return null;
  } catch (error) {
    if (endsRound(error)) throw error;
    const failure = error instanceof Error ? error : new Error(String(error));
    if (found.problems.length < MAX_PROBLEMS) found.problems.push(`${what}${failure.message}`);
    return failure;
  }
}
