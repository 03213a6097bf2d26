import { Type } from 'typebox';
import { changeRepository, deleteRepository, transferRepository } from '../model/index.ts';
import { forbidden, Refusal, unprocessable } from '../refusal.ts';
import { permissionOf, renderFullRepository, renderMinimalRepository } from '../render/index.ts';
import { noContent, ok } from './answer.ts';
import { type Call, nullable, optional } from './call.ts';
import type { Routes } from './server.ts';

const Change = Type.Object({
  name: optional(Type.String()),
  description: optional(nullable(Type.String())),
  private: optional(Type.Boolean()),
  archived: optional(Type.Boolean()),
  default_branch: optional(Type.String()),
  allow_merge_commit: optional(Type.Boolean()),
  allow_squash_merge: optional(Type.Boolean()),
  allow_rebase_merge: optional(Type.Boolean()),
});
const Transfer = Type.Object({ new_owner: Type.String(), new_name: optional(Type.String()) });

export const repositoryChangeRoutes: Routes = {
  'PATCH /repos/{owner}/{repo}': async (call) => {
    needOwnership(call);
    const wanted = call.json(Change);
    refuseArchived(call, wanted.archived);
    const defaultBranch = wanted.default_branch;
    if (defaultBranch !== undefined && (await call.ctx.git(call.repo).branch(defaultBranch)) === null) {
      throw unprocessable(
        'Repository',
        `The branch ${defaultBranch} was not found. Please push that ref first or create it via the Git Data API.`,
      );
    }
    const { name, description, archived } = wanted;
    const fields = { name, description, archived, defaultBranch, private: wanted.private };
    const mergeMethods = {
      ...(wanted.allow_merge_commit === undefined ? {} : { merge: wanted.allow_merge_commit }),
      ...(wanted.allow_squash_merge === undefined ? {} : { squash: wanted.allow_squash_merge }),
      ...(wanted.allow_rebase_merge === undefined ? {} : { rebase: wanted.allow_rebase_merge }),
    };
    const repo = await call.ctx.locks.run(call.repo.id, async () =>
      changeRepository(call.ctx, call.repo, call.user, { ...fields, mergeMethods }),
    );
    return ok(renderFullRepository(call.ctx, repo, permissionOf(call.ctx, repo, call.user.id)));
  },
  'DELETE /repos/{owner}/{repo}': async (call) => {
    needOwnership(call);
    await call.ctx.locks.run(call.repo.id, async () => {
      deleteRepository(call.ctx, call.repo, call.user);
    });
    return noContent;
  },
  'POST /repos/{owner}/{repo}/transfer': async (call) => {
    needOwnership(call);
    const { new_owner: login, new_name: name } = call.json(Transfer);
    const owner = call.userNamed(login);
    const repo = await call.ctx.locks.run(call.repo.id, async () =>
      transferRepository(call.ctx, call.repo, call.user, owner, name),
    );
    return { status: 202, body: renderMinimalRepository(call.ctx, repo) };
  },
};

function needOwnership(call: Call): void {
  if (call.actor.installation !== undefined) return;
  if (!call.can('admin')) throw forbidden('Must have admin rights to Repository.');
}

/** An archived repository takes one change: not to be archived any more. */
function refuseArchived(call: Call, archived: boolean | undefined): void {
  if (call.repo.archived === true && archived !== false) {
    throw new Refusal(403, 'Repository was archived so is read-only.');
  }
}
