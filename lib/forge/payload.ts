import type { Actor } from './facts.ts';
import {
  integer,
  integerOrNull,
  lineOrNull,
  loginOrNull,
  moment,
  object,
  objectOrNull,
  type Untrusted,
} from './read.ts';
import { namesOf } from './rest.ts';
import type { LabelChange } from './updates.ts';

/** What every update of one delivery says alike. */
export function common(event: string, payload: Untrusted) {
  const repository = object(payload.repository, 'repository');
  const { owner, name } = namesOf(repository);
  return {
    event,
    action: lineOrNull(payload.action, 64),
    repositoryId: integer(repository.id, 'repository id'),
    owner,
    repository: name,
    actor: senderOf(payload.sender),
    installationId: integerOrNull(objectOrNull(payload.installation)?.id),
  } as const;
}

/** Null where the sender is missing or unreadable: whom nobody names may do nothing. */
function senderOf(value: unknown): Actor | null {
  const sender = objectOrNull(value);
  const id = integerOrNull(sender?.id);
  const login = loginOrNull(sender?.login);
  return id === null || login === null ? null : { id, login, kind: sender?.type === 'Bot' ? 'bot' : 'user' };
}

/** The label a `labeled` or `unlabeled` delivery is about. */
export function labelChange(payload: Untrusted): LabelChange | null {
  if (payload.action !== 'labeled' && payload.action !== 'unlabeled') return null;
  const name = lineOrNull(objectOrNull(payload.label)?.name);
  return name === null ? null : { name, change: payload.action === 'labeled' ? 'added' : 'removed' };
}

/** When the repository last changed or was pushed to, for deliveries whose subject has no date of its own. */
export function repositoryMoment(payload: Untrusted, key: 'pushed_at' | 'updated_at'): string | null {
  return moment(objectOrNull(payload.repository)?.[key]);
}
