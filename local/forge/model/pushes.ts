import { type Context, now } from '../context.ts';
import { type Commit, type GitRepository, ZERO_OID } from '../git/index.ts';
import { dismissesStale } from '../protection/index.ts';
import type { IssueRow, PullRow, PullStats, RepositoryRow, UserRow } from '../store/index.ts';
import { recordActivity } from './activity.ts';
import { requestCi } from './checks.ts';
import { requestDeployment } from './deployer.ts';
import { emitPull, setState } from './issues.ts';
import { closeMentioned, finishMerge } from './merged.ts';
import { computeStats, moveThreads, type ThreadMove } from './pull-facts.ts';
import { emitPush, NO_PATHS, type PushedCommit, type RefChange } from './push-events.ts';
import { dismissReview } from './reviews.ts';
import { rulesOn } from './rules.ts';

interface HeadMove {
  readonly pull: PullRow;
  readonly stats: PullStats;
  readonly threads: readonly ThreadMove[];
  readonly after: Commit;
}

interface Observation {
  readonly changes: readonly RefChange[];
  readonly moved: readonly HeadMove[];
  readonly orphaned: readonly PullRow[];
  readonly merged: readonly { pull: PullRow; sha: string }[];
}

/**
 * Compares git's branches and tags with what the forge has told so far and tells the difference: pushes, pull requests that followed their
 * branch, were merged or lost it, issues closed, CI requested. Everything is computed first and recorded in one transaction, so that after
 * a crash at any point the next call tells the rest, once. The caller holds the repository's lock.
 */
export async function observeRefs(ctx: Context, repo: RepositoryRow, pusher: UserRow): Promise<void> {
  const git = ctx.git(repo);
  const changes = await findChanges(ctx, repo, git);
  if (changes.length === 0) return;
  const observation = await examine(ctx, repo, git, changes);
  for (const { pull, after } of observation.moved) await git.updateRef(`refs/pull/${pull.number}/head`, after.sha);
  ctx.store.transaction(() => record(ctx, repo, pusher, observation));
}

async function findChanges(ctx: Context, repo: RepositoryRow, git: GitRepository): Promise<RefChange[]> {
  const actual = await git.refs();
  const known = new Map(ctx.store.refs.find({ repoId: repo.id }).map((row) => [row.name, row.oid]));
  const changes: RefChange[] = [];
  for (const ref of new Set([...known.keys(), ...actual.keys()])) {
    const before = known.get(ref) ?? ZERO_OID;
    const after = actual.get(ref) ?? ZERO_OID;
    if (before !== after) changes.push(await describeChange(repo, git, ref, before, after));
  }
  return changes;
}

const MAX_PUSH_COMMITS = 2048;
const MAX_COMMITS_WITH_PATHS = 50;

async function withPaths(git: GitRepository, commit: Commit, index: number): Promise<PushedCommit> {
  const paths = index < MAX_COMMITS_WITH_PATHS ? await git.changedPaths(commit.sha) : NO_PATHS;
  return { ...commit, ...paths };
}

async function describeChange(
  repo: RepositoryRow,
  git: GitRepository,
  ref: string,
  before: string,
  after: string,
): Promise<RefChange> {
  if (after === ZERO_OID) return { ref, before, after, forced: false, commits: [], head: null };
  const base = before === ZERO_OID ? await git.branch(repo.defaultBranch) : before;
  const isDefault = ref === `refs/heads/${repo.defaultBranch}`;
  const range = base === null || (before === ZERO_OID && isDefault) ? after : `${base}..${after}`;
  const branch = ref.startsWith('refs/heads/');
  const gained = branch ? await git.commits('--reverse', '--topo-order', `-${MAX_PUSH_COMMITS}`, range) : [];
  const commits = await Promise.all(gained.map((commit, index) => withPaths(git, commit, index)));
  const forced = before !== ZERO_OID && !(await git.isAncestor(before, after));
  const head = commits.at(-1) ?? (await withPaths(git, await git.commit(after), 0));
  return { ref, before, after, forced, commits, head };
}

async function examine(
  ctx: Context,
  repo: RepositoryRow,
  git: GitRepository,
  changes: readonly RefChange[],
): Promise<Observation> {
  const moved: HeadMove[] = [];
  const orphaned: PullRow[] = [];
  const merged: { pull: PullRow; sha: string }[] = [];
  const heads = new Map<number, string>();
  for (const change of changes) {
    for (const pull of openPulls(ctx, repo, 'headRef', change.ref)) {
      if (change.after === ZERO_OID) orphaned.push(pull);
      else {
        heads.set(pull.id, change.after);
        moved.push(await followHead(ctx, git, pull, change.after));
      }
    }
  }
  for (const change of changes) {
    for (const pull of openPulls(ctx, repo, 'baseRef', change.ref)) {
      if (change.after === ZERO_OID) {
        orphaned.push(pull);
        continue;
      }
      const sha = await mergedBy(git, pull, heads.get(pull.id) ?? pull.headSha, change);
      if (sha !== null) merged.push({ pull, sha });
    }
  }
  const gone = new Set(merged.map(({ pull }) => pull.id));
  return { changes, moved, orphaned: orphaned.filter(({ id }) => !gone.has(id)), merged };
}

async function followHead(ctx: Context, git: GitRepository, pull: PullRow, after: string): Promise<HeadMove> {
  const base = (await git.branch(pull.baseRef)) ?? pull.baseSha;
  const threads = await moveThreads(git, ctx.store.threads.find({ pullId: pull.id }), after);
  return { pull, stats: await computeStats(git, base, after), threads, after: await git.commit(after) };
}

/** The commit of the base branch that brought the pull request in, or null if it is not in. */
async function mergedBy(git: GitRepository, pull: PullRow, head: string, change: RefChange): Promise<string | null> {
  const intent = pull.mergeIntent;
  if (intent !== null && (await git.isAncestor(intent.sha, change.after))) return intent.sha;
  // A head that the base already contained is not merged by this push.
  if (change.before === ZERO_OID || (await git.isAncestor(head, change.before))) return null;
  if (!(await git.isAncestor(head, change.after))) return null;
  const path = await git.commits('--reverse', '--first-parent', '--ancestry-path', `${head}..${change.after}`);
  return path[0]?.sha ?? change.after;
}

function openPulls(ctx: Context, repo: RepositoryRow, field: 'headRef' | 'baseRef', ref: string): PullRow[] {
  if (!ref.startsWith('refs/heads/')) return [];
  const pulls = ctx.store.pulls.find({ repoId: repo.id, [field]: ref.slice('refs/heads/'.length) });
  return pulls.filter((pull) => ctx.store.issues.get(pull.issueId)?.state === 'open');
}

function record(ctx: Context, repo: RepositoryRow, pusher: UserRow, seen: Observation): void {
  const at = now(ctx);
  ctx.store.repositories.update(repo.id, { pushedAt: at, updatedAt: at, pusherId: null });
  for (const change of seen.changes) {
    rememberRef(ctx, repo, change);
    const merge = seen.merged.find(
      ({ pull }) => pull.mergeIntent !== null && change.ref === `refs/heads/${pull.baseRef}`,
    );
    const merger = merge && ctx.store.users.get(merge.pull.mergeIntent!.userId);
    recordActivity(ctx, repo, merger ?? pusher, change, merge !== undefined);
  }
  const closed: IssueRow[] = [];
  for (const { pull, sha } of seen.merged) closed.push(...finishMerge(ctx, repo, pull, sha, pusher));
  for (const change of seen.changes) emitPush(ctx, repo, pusher, change);
  const merged = new Set(seen.merged.map(({ pull }) => pull.id));
  for (const move of seen.moved) if (!merged.has(move.pull.id)) recordHead(ctx, repo, pusher, move);
  for (const pull of seen.orphaned) {
    setState(ctx, repo, ctx.store.issues.get(pull.issueId)!, pusher, 'closed', null);
  }
  for (const change of seen.changes) afterDefaultBranch(ctx, repo, pusher, change);
  for (const issue of closed) setState(ctx, repo, ctx.store.issues.get(issue.id)!, pusher, 'closed', 'completed');
}

function rememberRef(ctx: Context, repo: RepositoryRow, { ref, after }: RefChange): void {
  const row = ctx.store.refs.first({ repoId: repo.id, name: ref });
  if (after === ZERO_OID) row && ctx.store.refs.delete(row.id);
  else if (row === undefined) ctx.store.refs.insert({ repoId: repo.id, name: ref, oid: after });
  else ctx.store.refs.update(row.id, { oid: after });
}

function recordHead(ctx: Context, repo: RepositoryRow, pusher: UserRow, move: HeadMove): void {
  const before = move.pull.headSha;
  const base = ctx.store.refs.first({ repoId: repo.id, name: `refs/heads/${move.pull.baseRef}` });
  const pull = ctx.store.pulls.update(move.pull.id, {
    headSha: move.after.sha,
    baseSha: base?.oid ?? move.pull.baseSha,
    stats: move.stats,
  });
  for (const { id, ...place } of move.threads) ctx.store.threads.update(id, place);
  ctx.store.issues.update(pull.issueId, { updatedAt: now(ctx) });
  emitPull(ctx, repo, pull, 'synchronize', pusher, { before, after: move.after.sha });
  dismissStale(ctx, repo, pusher, pull);
  requestCi(ctx, repo, { commit: move.after, branch: pull.headRef });
}

/** Approvals fall with the head they were given for, where the base branch's rules say so. */
function dismissStale(ctx: Context, repo: RepositoryRow, pusher: UserRow, pull: PullRow): void {
  if (!dismissesStale(rulesOn(ctx, repo, `refs/heads/${pull.baseRef}`))) return;
  const approvals = ctx.store.reviews.find({ pullId: pull.id, state: 'APPROVED' });
  for (const review of approvals) dismissReview(ctx, repo, pull, review, pusher);
}

function afterDefaultBranch(ctx: Context, repo: RepositoryRow, pusher: UserRow, change: RefChange): void {
  if (change.ref !== `refs/heads/${repo.defaultBranch}` || change.head === null) return;
  const texts = change.commits.map((commit) => commit.message);
  for (const issue of closeMentioned(ctx, repo, texts.join('\n')))
    setState(ctx, repo, issue, pusher, 'closed', 'completed');
  requestCi(ctx, repo, { commit: change.head, branch: repo.defaultBranch });
  requestDeployment(ctx, repo, change.head.sha);
}
