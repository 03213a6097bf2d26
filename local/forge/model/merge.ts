import { type Context, now } from '../context.ts';
import { type Commit, commitTree, type GitRepository, mergeTree, type Person, rebaseCommits } from '../git/index.ts';
import { mergeWords } from '../protection/index.ts';
import { Refusal } from '../refusal.ts';
import { ownerOf, userEmail } from '../render/index.ts';
import type { IssueRow, PullRow, RepositoryRow, UserRow } from '../store/index.ts';
import type { Actor } from './actor.ts';
import { observeRefs } from './pushes.ts';
import { unmetOf } from './rules.ts';

export interface MergeRequest {
  readonly method: 'merge' | 'squash' | 'rebase';
  /** The head the caller decided about; 409 if it moved. */
  readonly sha?: string;
  readonly title?: string;
  readonly message?: string;
}

/**
 * Merges a pull request for real and returns the commit that is now the base branch's tip. 405 when it is closed, a draft, does not merge,
 * lacks what the base branch's rules ask or the base moved meanwhile; 409 when the head moved. The intent is written before the branch moves, so that a crash in between still ends as this merge.
 */
export function mergePull(
  ctx: Context,
  repo: RepositoryRow,
  id: number,
  actor: Actor,
  request: MergeRequest,
): Promise<string> {
  const { user } = actor;
  return ctx.locks.run(repo.id, async () => {
    const pull = ctx.store.pulls.get(id)!;
    const issue = ctx.store.issues.get(pull.issueId)!;
    refuse(pull, issue, request);
    refuseMethod(ctx, repo, request.method);
    const unmet = await unmetOf(ctx, repo, pull, { actor, method: request.method });
    if (unmet.length > 0) throw new Refusal(405, mergeWords(unmet));
    const git = ctx.git(repo);
    const base = await git.branch(pull.baseRef);
    const sha = base === null ? null : await makeCommit(ctx, repo, git, { pull, issue, actor: user, base, request });
    if (base === null || sha === null) throw new Refusal(405, 'Pull Request is not mergeable');
    ctx.store.pulls.update(id, { mergeIntent: { sha, userId: user.id } });
    if (!(await git.updateRef(`refs/heads/${pull.baseRef}`, sha, base))) {
      ctx.store.pulls.update(id, { mergeIntent: null });
      throw new Refusal(405, 'Base branch was modified. Review and try the merge again.');
    }
    await observeRefs(ctx, repo, user);
    return sha;
  });
}

function refuse(pull: PullRow, issue: IssueRow, request: MergeRequest): void {
  if (request.sha !== undefined && request.sha !== pull.headSha) {
    throw new Refusal(409, 'Head branch was modified. Review and try the merge again.');
  }
  if (pull.draft) throw new Refusal(405, 'Pull Request is still a draft');
  if (issue.state === 'closed') throw new Refusal(405, 'Pull Request is not mergeable');
}

const METHOD = { merge: 'Merge commits', squash: 'Squash merges', rebase: 'Rebase merges' } as const;

function refuseMethod(ctx: Context, repo: RepositoryRow, method: MergeRequest['method']): void {
  if (ctx.store.repositories.get(repo.id)?.mergeMethods?.[method] !== false) return;
  throw new Refusal(405, `${METHOD[method]} are not allowed on this repository.`);
}

interface Material {
  readonly pull: PullRow;
  readonly issue: IssueRow;
  readonly actor: UserRow;
  readonly base: string;
  readonly request: MergeRequest;
}

async function makeCommit(
  ctx: Context,
  repo: RepositoryRow,
  git: GitRepository,
  { pull, issue, actor, base, request }: Material,
): Promise<string | null> {
  const date = now(ctx);
  const author: Person = { name: actor.name ?? actor.login, email: userEmail(actor), date };
  const committer: Person = { name: 'GitHub', email: 'noreply@github.com', date };
  if (request.method === 'rebase') return rebaseCommits(git.dir, base, pull.headSha, committer);
  const merged = await mergeTree(git.dir, base, pull.headSha);
  if (!merged.clean) return null;
  if (request.method === 'merge') {
    const title =
      request.title ?? `Merge pull request #${pull.number} from ${ownerOf(ctx, repo).login}/${pull.headRef}`;
    const message = joinMessage(title, request.message ?? issue.title);
    return commitTree(git.dir, { tree: merged.tree, parents: [base, pull.headSha], message, author, committer });
  }
  const commits = await git.commits('--reverse', '--topo-order', `${base}..${pull.headSha}`);
  const message = squashMessage(pull, issue, commits, request);
  const squashAuthor = commits.length === 1 ? { ...commits[0]!.author, date } : author;
  return commitTree(git.dir, { tree: merged.tree, parents: [base], message, author: squashAuthor, committer });
}

function squashMessage(pull: PullRow, issue: IssueRow, commits: readonly Commit[], request: MergeRequest): string {
  const [only] = commits;
  const single = commits.length === 1 && only !== undefined;
  const title = request.title ?? `${single ? firstLine(only.message) : issue.title} (#${pull.number})`;
  const list = commits.map((commit) => `* ${commit.message}`).join('\n\n');
  const body = single ? only.message.split('\n').slice(1).join('\n').trim() : list;
  return joinMessage(title, request.message ?? body);
}

const firstLine = (text: string) => text.split('\n', 1)[0] ?? '';
const joinMessage = (title: string, body: string) => (body === '' ? title : `${title}\n\n${body}`);
