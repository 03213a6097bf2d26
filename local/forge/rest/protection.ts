import { type Static, Type } from 'typebox';
import { deleteProtection, setProtection } from '../model/index.ts';
import { Refusal } from '../refusal.ts';
import { renderProtection } from '../render/index.ts';
import type { ProtectionRow } from '../store/index.ts';
import { noContent, ok } from './answer.ts';
import { type Call, nullable, optional } from './call.ts';
import { needAdmin } from './repositories.ts';
import type { Routes } from './server.ts';

const Names = Type.Array(Type.String());
const People = Type.Object({ users: optional(Names), teams: optional(Names), apps: optional(Names) });
const Checks = Type.Object({
  strict: Type.Boolean(),
  contexts: optional(Names),
  checks: optional(Type.Array(Type.Object({ context: Type.String(), app_id: optional(nullable(Type.Integer())) }))),
});
const Reviews = Type.Object({
  dismiss_stale_reviews: optional(Type.Boolean()),
  require_code_owner_reviews: optional(Type.Boolean()),
  required_approving_review_count: optional(Type.Integer({ minimum: 0, maximum: 6 })),
  require_last_push_approval: optional(Type.Boolean()),
  bypass_pull_request_allowances: optional(People),
});
const Protection = Type.Object({
  required_status_checks: nullable(Checks),
  enforce_admins: nullable(Type.Boolean()),
  required_pull_request_reviews: nullable(Reviews),
  restrictions: nullable(People),
  required_linear_history: optional(Type.Boolean()),
  allow_force_pushes: optional(nullable(Type.Boolean())),
  allow_deletions: optional(Type.Boolean()),
  block_creations: optional(Type.Boolean()),
  required_conversation_resolution: optional(Type.Boolean()),
  lock_branch: optional(Type.Boolean()),
});

export const protectionRoutes: Routes = {
  'GET /repos/{owner}/{repo}/branches/{branch}/protection': (call) =>
    ok(renderProtection(call.ctx, call.repo, protection(call))),
  'PUT /repos/{owner}/{repo}/branches/{branch}/protection': async (call) => {
    const branch = await protectable(call);
    const row = setProtection(call.ctx, call.repo, call.user, branch, readProtection(call, call.json(Protection)));
    return ok(renderProtection(call.ctx, call.repo, row));
  },
  'DELETE /repos/{owner}/{repo}/branches/{branch}/protection': (call) => {
    deleteProtection(call.ctx, call.repo, call.user, protection(call));
    return noContent;
  },
};

async function protectable(call: Call): Promise<string> {
  needAdmin(call);
  const branch = call.param('branch');
  if ((await call.ctx.git(call.repo).branch(branch)) === null) throw new Refusal(404, 'Branch not found');
  return branch;
}

function protection(call: Call): ProtectionRow {
  needAdmin(call);
  const found = call.ctx.store.protections.first({ repoId: call.repo.id, branch: call.param('branch') });
  if (found === undefined) throw new Refusal(404, 'Branch not protected');
  return found;
}

function readProtection(call: Call, body: Static<typeof Protection>) {
  const { required_pull_request_reviews: reviews, required_status_checks: checks, restrictions } = body;
  return {
    checks: checks === null ? null : readChecks(checks),
    enforceAdmins: body.enforce_admins ?? false,
    reviews: reviews === null ? null : readReviews(call, reviews),
    restrictions: restrictions === null ? null : readPeople(call, restrictions),
    linear: body.required_linear_history ?? false,
    allowForce: body.allow_force_pushes ?? false,
    allowDeletions: body.allow_deletions ?? false,
    blockCreations: body.block_creations ?? false,
    conversations: body.required_conversation_resolution ?? false,
    lock: body.lock_branch ?? false,
  };
}

/** `contexts` is the older form of `checks` and names no App; -1 as an App means any. */
function readChecks({ strict, contexts = [], checks = [] }: Static<typeof Checks>) {
  const named = checks.map(({ context, app_id: app }) => ({ context, appId: app == null || app === -1 ? null : app }));
  const known = new Set(named.map(({ context }) => context));
  const older = contexts.filter((context) => !known.has(context)).map((context) => ({ context, appId: null }));
  return { strict, checks: [...named, ...older] };
}

function readReviews(call: Call, reviews: Static<typeof Reviews>) {
  const { userIds, appIds } = readPeople(call, reviews.bypass_pull_request_allowances ?? {});
  return {
    dismissStale: reviews.dismiss_stale_reviews ?? false,
    codeOwners: reviews.require_code_owner_reviews ?? false,
    lastPush: reviews.require_last_push_approval ?? false,
    count: reviews.required_approving_review_count ?? 1,
    bypassUserIds: userIds,
    bypassAppIds: appIds,
  };
}

function readPeople(call: Call, { users = [], teams = [], apps = [] }: Static<typeof People>) {
  if (teams.length > 0) throw new Refusal(422, `There are no teams here: ${teams.join(', ')}`);
  const appIds = apps.map((slug) => {
    const app = call.ctx.store.apps.first({ slug });
    if (app === undefined) throw new Refusal(422, `There is no App ${slug}`);
    return app.id;
  });
  return { userIds: users.map((login) => call.userNamed(login).id), appIds };
}
