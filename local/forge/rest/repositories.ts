import { Type } from 'typebox';
import { removeCollaborator, setPermission } from '../model/index.ts';
import { notFound } from '../refusal.ts';
import {
  allows,
  permissionFlags,
  permissionOf,
  renderFullRepository,
  renderFullUser,
  renderRepository,
  renderUser,
} from '../render/index.ts';
import type { Permission } from '../store/index.ts';
import { noContent, ok, pagedList } from './answer.ts';
import { type Call, optional } from './call.ts';
import type { Routes } from './server.ts';

const GIVEN = { pull: 'read', triage: 'triage', push: 'write', maintain: 'maintain', admin: 'admin' } as const;
const Invitation = Type.Object({
  permission: optional(Type.Enum(['pull', 'triage', 'push', 'maintain', 'admin'])),
});

export const userRoutes: Routes = {
  'GET /user': (call) => ok(renderFullUser(call.ctx, call.user)),
  'GET /users/{username}': (call) => ok(renderFullUser(call.ctx, call.userNamed(call.param('username')))),
  'GET /user/repos': (call) => {
    const all = call.ctx.store.repositories.find();
    const visible = all.filter((repo) => {
      const given = call.ctx.store.collaborators.first({ repoId: repo.id, userId: call.user.id });
      return repo.deletedAt === undefined && (repo.ownerId === call.user.id || given !== undefined);
    });
    return pagedList(
      call,
      visible.map((repo) => ({
        ...renderRepository(call.ctx, repo),
        permissions: permissionFlags(permissionOf(call.ctx, repo, call.user.id)),
      })),
    );
  },
};

export const repositoryRoutes: Routes = {
  'GET /repos/{owner}/{repo}': (call) =>
    ok(renderFullRepository(call.ctx, call.repo, permissionOf(call.ctx, call.repo, call.user.id))),

  // In no OpenAPI document, but where GitHub's redirects of renamed repositories lead: a repository by what never changes.
  'GET /repositories/{repository_id}': (call) => {
    const repo = call.ctx.store.repositories.get(call.id('repository_id'));
    const permission = repo === undefined ? 'none' : permissionOf(call.ctx, repo, call.user.id);
    if (repo === undefined || !allows(permission, 'read')) throw notFound();
    return ok(renderFullRepository(call.ctx, repo, permission));
  },

  'GET /repos/{owner}/{repo}/collaborators': (call) => {
    call.need('write', 'Must have push access to view repository collaborators.');
    const given = call.ctx.store.collaborators.find({ repoId: call.repo.id });
    const people = [{ userId: call.repo.ownerId, permission: 'admin' as Permission }, ...given];
    return pagedList(
      call,
      people.map(({ userId, permission }) => ({
        ...renderUser(call.ctx, call.ctx.store.users.get(userId)!),
        permissions: permissionFlags(permission),
        role_name: permission,
      })),
    );
  },

  'GET /repos/{owner}/{repo}/collaborators/{username}/permission': (call) => {
    call.need('read');
    const user = call.userNamed(call.param('username'));
    const role = permissionOf(call.ctx, call.repo, user.id);
    return ok({
      // GitHub folds the finer roles into the four older ones here; role_name keeps them.
      permission: role === 'maintain' ? 'write' : role === 'triage' ? 'read' : role,
      role_name: role,
      user: { ...renderUser(call.ctx, user), permissions: permissionFlags(role), role_name: role },
    });
  },

  'GET /repos/{owner}/{repo}/collaborators/{username}': (call) => {
    const user = call.userNamed(call.param('username'));
    const listed = call.ctx.store.collaborators.first({ repoId: call.repo.id, userId: user.id });
    if (listed === undefined && call.repo.ownerId !== user.id) throw notFound();
    return noContent;
  },

  'PUT /repos/{owner}/{repo}/collaborators/{username}': (call) => {
    needAdmin(call);
    const { permission = 'push' } = call.json(Invitation);
    setPermission(call.ctx, call.repo, call.userNamed(call.param('username')).id, GIVEN[permission]);
    return noContent;
  },

  'DELETE /repos/{owner}/{repo}/collaborators/{username}': (call) => {
    needAdmin(call);
    removeCollaborator(call.ctx, call.repo, call.userNamed(call.param('username')).id);
    return noContent;
  },
};

/** Settings answer 404 to those who may write but not administer. */
export function needAdmin(call: Call): void {
  // Whether an App may was asked of its permissions, which name the operation.
  if (call.actor.installation !== undefined) return;
  if (!allows(permissionOf(call.ctx, call.repo, call.user.id), 'admin')) throw notFound();
}
