import { Type } from 'typebox';
import { type GitRepository, isValidRef, ZERO_OID } from '../git/index.ts';
import { observeRefs, refuseUpdate, rulesOn } from '../model/index.ts';
import { rulesOfType } from '../protection/index.ts';
import { notFound, Refusal } from '../refusal.ts';
import { renderCommit, renderRef, repositoryPage, repositoryURL } from '../render/index.ts';
import { created, noContent, ok, pagedList } from './answer.ts';
import { type Call, optional } from './call.ts';
import type { Routes } from './server.ts';

const NewRef = Type.Object({ ref: Type.String(), sha: Type.String() });
const MovedRef = Type.Object({ sha: Type.String(), force: optional(Type.Boolean()) });

export const refRoutes: Routes = {
  'GET /repos/{owner}/{repo}/branches': async (call) => {
    const heads = [...(await call.ctx.git(call.repo).refs('refs/heads'))];
    return pagedList(
      call,
      heads.map(([ref, sha]) => ({
        name: ref.slice('refs/heads/'.length),
        commit: { sha, url: `${repositoryURL(call.ctx, call.repo)}/commits/${sha}` },
        protected: rulesOn(call.ctx, call.repo, ref).length > 0,
      })),
    );
  },

  'GET /repos/{owner}/{repo}/branches/{branch}': async (call) => {
    const git = call.ctx.git(call.repo);
    const name = call.param('branch');
    const sha = await git.branch(name);
    if (sha === null) throw new Refusal(404, 'Branch not found');
    const self = `${repositoryURL(call.ctx, call.repo)}/branches/${encodeURIComponent(name)}`;
    return ok({
      name,
      commit: renderCommit(call.ctx, call.repo, await git.commit(sha)),
      _links: { self, html: `${repositoryPage(call.ctx, call.repo)}/tree/${name}` },
      ...protectedBy(call, name),
      protection_url: `${self}/protection`,
    });
  },

  'GET /repos/{owner}/{repo}/git/ref/{ref}': async (call) => {
    const ref = `refs/${call.param('ref')}`;
    const oid = (await call.ctx.git(call.repo).refs(ref)).get(ref);
    if (oid === undefined) throw notFound();
    return ok(await refBody(call, ref, oid));
  },

  'GET /repos/{owner}/{repo}/git/matching-refs/{ref}': async (call) => {
    const prefix = `refs/${call.param('ref')}`;
    const refs = [...(await call.ctx.git(call.repo).refs())].filter(([name]) => name.startsWith(prefix));
    return pagedList(call, await Promise.all(refs.map(([name, oid]) => refBody(call, name, oid))));
  },

  'POST /repos/{owner}/{repo}/git/refs': async (call) => {
    call.need('write');
    const { ref, sha } = call.json(NewRef);
    if (!(await isWritable(ref))) throw new Refusal(422, `Reference name must be a valid branch or tag, not ${ref}`);
    await change(call, async (git) => {
      await needObject(git, sha);
      await refuseUpdate(call.ctx, call.repo, call.actor, { ref, old: ZERO_OID, next: sha });
      if (!(await git.updateRef(ref, sha, ZERO_OID))) throw new Refusal(422, 'Reference already exists');
    });
    return created(await refBody(call, ref, sha));
  },

  'PATCH /repos/{owner}/{repo}/git/refs/{ref}': async (call) => {
    call.need('write');
    const { sha, force = false } = call.json(MovedRef);
    const ref = `refs/${call.param('ref')}`;
    await change(call, async (git) => {
      const before = (await git.refs(ref)).get(ref);
      if (before === undefined || !(await isWritable(ref))) throw new Refusal(422, 'Reference does not exist');
      await needObject(git, sha);
      const forward = force || (await git.isAncestor(before, sha));
      if (!forward) throw new Refusal(422, 'Update is not a fast forward');
      await refuseUpdate(call.ctx, call.repo, call.actor, { ref, old: before, next: sha });
      if (!(await git.updateRef(ref, sha, before))) throw new Refusal(409, 'Reference was changed meanwhile');
    });
    return ok(await refBody(call, ref, sha));
  },

  'DELETE /repos/{owner}/{repo}/git/refs/{ref}': async (call) => {
    call.need('write');
    const ref = `refs/${call.param('ref')}`;
    await change(call, async (git) => {
      const known = (await git.refs(ref)).get(ref);
      if (known === undefined || !(await isWritable(ref))) throw new Refusal(422, 'Reference does not exist');
      await refuseUpdate(call.ctx, call.repo, call.actor, { ref, old: known, next: ZERO_OID });
      await git.updateRef(ref, null, known);
    });
    return noContent;
  },
};

/** A branch's `protected` and the short form of its protection. */
function protectedBy(call: Call, branch: string) {
  const rules = rulesOn(call.ctx, call.repo, `refs/heads/${branch}`);
  const required = rulesOfType(rules, 'required_status_checks').flatMap(
    ({ rule }) => rule.parameters.required_status_checks,
  );
  return {
    protected: rules.length > 0,
    protection: {
      enabled: rules.length > 0,
      required_status_checks: {
        enforcement_level: required.length > 0 ? 'everyone' : 'off',
        contexts: required.map(({ context }) => context),
        checks: required.map(({ context, integration_id: app }) => ({ context, app_id: app ?? null })),
      },
    },
  };
}

function change(call: Call, work: (git: GitRepository) => Promise<void>): Promise<void> {
  return call.ctx.locks.run(call.repo.id, async () => {
    await work(call.ctx.git(call.repo));
    await observeRefs(call.ctx, call.repo, call.user);
  });
}

async function isWritable(ref: string): Promise<boolean> {
  return /^refs\/(heads|tags)\/./.test(ref) && (await isValidRef(ref));
}

async function needObject(git: GitRepository, sha: string): Promise<void> {
  if (!/^[0-9a-f]{40}$/.test(sha) || (await git.object(sha)) === null) throw new Refusal(422, 'Object does not exist');
}

async function refBody(call: Call, ref: string, oid: string) {
  const type = (await call.ctx.git(call.repo).object(oid))?.type;
  return renderRef(call.ctx, call.repo, ref, oid, type);
}
