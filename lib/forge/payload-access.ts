import { common } from './payload.ts';
import { integer, integerOrNull, lineOrNull, moment, object, objectOrNull, objects, type Untrusted } from './read.ts';
import { actorOf } from './rest.ts';
import type { HookGoneUpdate, InstallationUpdate, PermissionUpdate, RulesUpdate } from './updates.ts';

/** More repositories than one delivery of GitHub lists. */
const MAX_REPOSITORIES = 10_000;

/** Who may do what, what is enforced, and by which way deliveries come. */
export function permissionUpdate(event: string, payload: Untrusted): PermissionUpdate {
  const account = event === 'member' ? actorOf(object(payload.member, 'member')) : null;
  return { ...common(event, payload), kind: 'permission', updatedAt: null, account };
}

export function rulesUpdate(event: string, payload: Untrusted): RulesUpdate {
  return { ...common(event, payload), kind: 'rules', updatedAt: null };
}

export function hookGoneUpdate(event: string, payload: Untrusted): HookGoneUpdate {
  const hookId = integerOrNull(payload.hook_id);
  return { ...common(event, payload), kind: 'hook-gone', updatedAt: null, hookId };
}

/** installation, installation_repositories: to whom they belong their signature says, not they. */
export function installationUpdate(event: string, payload: Untrusted): InstallationUpdate {
  const installation = object(payload.installation, 'installation');
  const listed = event === 'installation' ? payload.repositories : payload[`repositories_${accessOf(payload.action)}`];
  const repositories = objects(listed, MAX_REPOSITORIES).flatMap(({ id }) => integerOrNull(id) ?? []);
  return {
    installationId: integer(installation.id, 'installation id'),
    account: lineOrNull(objectOrNull(installation.account)?.login),
    access: ACCESS[String(payload.action)] ?? 'granted',
    repositories: repositories.length === 0 && event === 'installation' ? null : repositories,
    updatedAt: moment(installation.suspended_at) ?? moment(installation.updated_at),
  };
}

const accessOf = (action: unknown) => (action === 'removed' ? 'removed' : 'added');

const ACCESS: Readonly<Record<string, InstallationUpdate['access']>> = Object.assign(Object.create(null), {
  deleted: 'removed',
  removed: 'removed',
  suspend: 'suspended',
});
