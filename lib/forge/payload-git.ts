import { common, repositoryMoment } from './payload.ts';
import {
  commitSHAOrNull,
  integerOrNull,
  line,
  lineOrNull,
  moment,
  objectOrNull,
  objects,
  type Untrusted,
} from './read.ts';
import { repositoryOf } from './rest.ts';
import type { PingUpdate, PushUpdate, RepositoryUpdate } from './updates.ts';

/** Commits that a delivery tells at most (docs.github.com, webhook payload `push`). */
const TOLD_COMMITS = 2_048;

/** What concerns the repository itself and its branches. */
export function repositoryUpdate(event: string, payload: Untrusted): RepositoryUpdate {
  return {
    ...common(event, payload),
    kind: 'repository',
    updatedAt: repositoryMoment(payload, 'updated_at'),
    facts: repositoryOf(payload.repository),
    deleted: event === 'repository' && payload.action === 'deleted',
    previous: previousNames(payload),
  };
}

function previousNames(payload: Untrusted): RepositoryUpdate['previous'] {
  const changes = objectOrNull(payload.changes);
  const from = objectOrNull(objectOrNull(changes?.owner)?.from);
  const account = objectOrNull(from?.user) ?? objectOrNull(from?.organization);
  const owner = lineOrNull(account?.login);
  const name = lineOrNull(objectOrNull(objectOrNull(changes?.repository)?.name)?.from);
  return owner === null && name === null ? null : { owner, name };
}

export function pushUpdate(event: string, payload: Untrusted): PushUpdate {
  const zero = (value: unknown) => {
    const sha = commitSHAOrNull(value);
    return sha === null || /^0+$/.test(sha) ? null : sha;
  };
  return {
    ...common(event, payload),
    kind: 'push',
    updatedAt: repositoryMoment(payload, 'pushed_at'),
    ref: line(payload.ref, 'pushed ref'),
    before: zero(payload.before),
    sha: payload.deleted === true ? null : zero(payload.after),
    forced: payload.forced === true,
    defaultBranch: lineOrNull(objectOrNull(payload.repository)?.default_branch),
    topFiles: topFilesOf(payload),
  };
}

/** What a forced push took away is in none of the commits that it tells; and of many commits a delivery tells only some. */
function topFilesOf({ commits, forced, created }: Untrusted): string[] | null {
  if (forced === true || created === true || !Array.isArray(commits) || commits.length >= TOLD_COMMITS) return null;
  const files = objects(commits).flatMap(({ added, removed, modified }) =>
    [added, removed, modified].flatMap((paths) => (Array.isArray(paths) ? paths : [])),
  );
  return [...new Set(files.flatMap((path) => lineOrNull(path) ?? []).filter((path) => !path.includes('/')))];
}

export function pingUpdate(event: string, payload: Untrusted): PingUpdate {
  const hook = objectOrNull(payload.hook);
  const events = Array.isArray(hook?.events) ? hook.events.slice(0, 200) : [];
  return {
    ...common(event, payload),
    kind: 'ping',
    updatedAt: moment(hook?.updated_at),
    hookId: integerOrNull(payload.hook_id),
    events: events.flatMap((name) => lineOrNull(name, 64) ?? []),
  };
}
