import { common, repositoryMoment } from './payload.ts';
import { commitSHAOrNull, integerOrNull, line, lineOrNull, moment, objectOrNull, type Untrusted } from './read.ts';
import { repositoryOf } from './rest.ts';
import type { FactUpdate, PushUpdate, RefUpdate, RepositoryUpdate } from './updates.ts';

/** ping, repository, push, create, delete, label: what concerns the repository itself and its refs. */
export function parseGit(event: string, payload: Untrusted): FactUpdate[] {
  if (event === 'repository') return [repositoryUpdate(event, payload)];
  if (event === 'push') return [pushUpdate(event, payload)];
  if (event === 'create' || event === 'delete') return refUpdate(event, payload);
  if (event === 'label') return [labelUpdate(event, payload)];
  return [pingUpdate(event, payload), repositoryUpdate(event, payload)];
}

function repositoryUpdate(event: string, payload: Untrusted): RepositoryUpdate {
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

function pushUpdate(event: string, payload: Untrusted): PushUpdate {
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
  };
}

function refUpdate(event: string, payload: Untrusted): RefUpdate[] {
  // A repository's own creation comes as `create` too, without a ref: the repository event tells it.
  if (payload.ref_type !== 'branch' && payload.ref_type !== 'tag') return [];
  return [
    {
      ...common(event, payload),
      kind: 'ref',
      updatedAt: repositoryMoment(payload, 'pushed_at'),
      refType: payload.ref_type,
      ref: line(payload.ref, 'ref'),
      deleted: event === 'delete',
    },
  ];
}

function labelUpdate(event: string, payload: Untrusted): FactUpdate {
  const label = objectOrNull(payload.label);
  return {
    ...common(event, payload),
    kind: 'label',
    updatedAt: moment(label?.updated_at),
    name: line(label?.name, 'label name'),
    previousName: lineOrNull(objectOrNull(objectOrNull(payload.changes)?.name)?.from),
    deleted: payload.action === 'deleted',
  };
}

function pingUpdate(event: string, payload: Untrusted): FactUpdate {
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
