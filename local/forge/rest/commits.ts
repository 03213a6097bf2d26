import { childrenOf, entryAt, readBlob, type TreeEntry } from '../git/index.ts';
import { notFound, notServed, Refusal } from '../refusal.ts';
import { renderCommit, renderFile, repositoryPage, repositoryURL } from '../render/index.ts';
import { type Answer, ok, pagedList } from './answer.ts';
import type { Call } from './call.ts';
import type { Routes } from './server.ts';

/** GitHub itself lists no more of one comparison. */
const MAX_COMPARED = 250;
const MAX_LISTED = 10_000;
/** Every git knows this tree without having it stored. */
const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

export const commitRoutes: Routes = {
  'GET /repos/{owner}/{repo}/commits': async (call) => {
    const git = call.ctx.git(call.repo);
    const start = await commitNamed(
      call,
      call.query('sha') ?? call.repo.defaultBranch,
      new Refusal(409, 'Git Repository is empty.'),
    );
    const commits = await git.commits(`-${MAX_LISTED}`, start);
    return pagedList(
      call,
      commits.map((commit) => renderCommit(call.ctx, call.repo, commit)),
    );
  },

  'GET /repos/{owner}/{repo}/compare/{basehead}': compare,

  'GET /repos/{owner}/{repo}/contents/{path}': contents,

  'GET /repos/{owner}/{repo}/commits/{ref}': async (call) => {
    refuseDiff(call, 'GET /repos/{owner}/{repo}/commits/{ref} as a diff');
    const git = call.ctx.git(call.repo);
    const sha = await commitNamed(call, call.param('ref'));
    const commit = await git.commit(sha);
    const files = await git.diff(commit.parents[0] ?? EMPTY_TREE, sha);
    return ok(renderCommit(call.ctx, call.repo, commit, files));
  },
};

/** The commit a branch, tag or SHA names; 422 as GitHub says it, unless another refusal is given. */
export async function commitNamed(call: Call, name: string, otherwise?: Refusal): Promise<string> {
  const sha = await call.ctx.git(call.repo).commitOf(name);
  if (sha === null) throw otherwise ?? new Refusal(422, `No commit found for SHA: ${name}`);
  return sha;
}

export function refuseDiff(call: Call, operation: string): void {
  if (/vnd\.github\.(v3\.)?(diff|patch)/.test(call.headers.get('accept') ?? '')) throw notServed(operation);
}

async function compare(call: Call): Promise<Answer> {
  const [baseName = '', headName = ''] = call.param('basehead').split('...');
  const git = call.ctx.git(call.repo);
  const [base, head] = await Promise.all([baseName, headName].map((name) => commitNamed(call, name, notFound())));
  const mergeBase = await git.mergeBase(base!, head!);
  if (mergeBase === null) throw new Refusal(404, `No common ancestor between ${baseName} and ${headName}.`);
  const [ahead, behind, files] = await Promise.all([
    git.count(`${base}..${head}`),
    git.count(`${head}..${base}`),
    git.diff(mergeBase, head!),
  ]);
  const commits = await git.commits('--reverse', '--topo-order', `-${MAX_COMPARED}`, `${base}..${head}`);
  const page = `${repositoryPage(call.ctx, call.repo)}/compare/${baseName}...${headName}`;
  const render = async (sha: string) => renderCommit(call.ctx, call.repo, await git.commit(sha));
  return ok({
    url: `${repositoryURL(call.ctx, call.repo)}/compare/${encodeURIComponent(baseName)}...${encodeURIComponent(headName)}`,
    html_url: page,
    permalink_url: `${repositoryPage(call.ctx, call.repo)}/compare/${base}...${head}`,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    base_commit: await render(base!),
    merge_base_commit: await render(mergeBase),
    status: ahead > 0 ? (behind > 0 ? 'diverged' : 'ahead') : behind > 0 ? 'behind' : 'identical',
    ahead_by: ahead,
    behind_by: behind,
    total_commits: ahead,
    commits: commits.map((commit) => renderCommit(call.ctx, call.repo, commit)),
    files: files.map((file) => renderFile(call.ctx, call.repo, head!, file)),
  });
}

async function contents(call: Call): Promise<Answer> {
  const git = call.ctx.git(call.repo);
  const ref = call.query('ref') ?? call.repo.defaultBranch;
  const sha = await git.commitOf(ref);
  if (sha === null) throw new Refusal(404, `No commit found for the ref ${ref}`);
  const path = call.param('path').replace(/\/$/, '');
  const entry = await entryAt(git.dir, sha, path);
  if (entry === null) throw notFound();
  if (entry.type === 'tree') {
    const children = await childrenOf(git.dir, entry.sha);
    return ok(
      children.map((child) =>
        describe(call, { ...child, path: path === '' ? child.path : `${path}/${child.path}` }, ref),
      ),
    );
  }
  const blob = entry.type === 'blob' ? await readBlob(git.dir, entry.sha) : Buffer.alloc(0);
  if (/vnd\.github\.(v3\.)?raw/.test(call.headers.get('accept') ?? '')) return { status: 200, body: blob };
  const text = blob.toString('base64').replaceAll(/.{60}/g, '$&\n');
  return ok({ ...describe(call, entry, ref), content: text, encoding: 'base64' });
}

function describe(call: Call, entry: TreeEntry, ref: string) {
  const api = repositoryURL(call.ctx, call.repo);
  const page = repositoryPage(call.ctx, call.repo);
  const path = encodeURI(entry.path);
  const kind = entry.type === 'tree' ? 'tree' : 'blob';
  const url = `${api}/contents/${path}?ref=${encodeURIComponent(ref)}`;
  const gitURL = `${api}/git/${kind}s/${entry.sha}`;
  const html = `${page}/${kind}/${ref}/${path}`;
  return {
    name: entry.path.split('/').at(-1) ?? '',
    path: entry.path,
    sha: entry.sha,
    size: entry.size,
    type: entry.type === 'tree' ? 'dir' : entry.type === 'commit' ? 'submodule' : 'file',
    url,
    git_url: gitURL,
    html_url: html,
    download_url: kind === 'tree' ? null : `${page}/raw/${ref}/${path}`,
    _links: { self: url, git: gitURL, html },
  };
}
