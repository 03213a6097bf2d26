import type { Repository } from '#crds';
import {
  type Actor,
  type FactUpdate,
  type Forge,
  ForgeError,
  type ForgeIssueFacts,
  type RepositoryName,
} from '#lib/forge';
import type { KubeObject } from '#lib/kube';
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

/** One reading of a repository's listings. */
export interface Round {
  readonly conductor: Conductor;
  readonly intake: Taker;
  readonly repository: Repository & KubeObject;
  readonly key: RepositoryKey;
  readonly repo: RepositoryName;
  readonly forge: Forge;
  /** The conductor's own account. */
  readonly self: Actor;
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
    edited: false,
    reopened: told.action === 'reopened',
    ...told,
  };
}

/** Whether a person with write permission did it: asked of the forge now. */
export async function mayWrite({ forge, repo, self, conductor, key }: Round, actor: Actor | null): Promise<boolean> {
  if (actor === null || actor.kind === 'bot' || actor.id === self.id) return false;
  const permission = await forge.permission(repo, actor.login);
  await conductor.mirror.putPermission(conductor.log.pool, key, actor, permission);
  return permission === 'admin' || permission === 'write';
}

/** Errors of one listing that the others need not wait for. */
export function isOwnFailure(error: unknown): error is ForgeError {
  return error instanceof ForgeError && !['RateLimited', 'Unauthorized', 'InstallationRemoved'].includes(error.code);
}
