import type { Client } from './client.ts';
import { ForgeError } from './error.ts';
import type { RepositoryFacts } from './facts.ts';
import { listActivity } from './history.ts';
import { conditional } from './listing.ts';
import { checkBranch, checkLogin, checkRepository, checkSHA, encodePath } from './names.ts';
import type { Conditional, Forge, RateLimit, RepositoryName } from './port.ts';
import {
  choice,
  commitSHA,
  integer,
  integerOrNull,
  lineOrNull,
  object,
  objectOrNull,
  requiredMoment,
  type Untrusted,
} from './read.ts';
import { actorOf, repositoryOf } from './rest.ts';

const MAX_FILE_BYTES = 1024 * 1024;

type Reading = Parameters<Parameters<Client['read']>[0]>[0];

type Repositories = Pick<
  Forge,
  | 'whoami'
  | 'repository'
  | 'repositoryById'
  | 'repositoryIfChanged'
  | 'branchIfChanged'
  | 'listActivity'
  | 'branchSHA'
  | 'fileAt'
  | 'permission'
  | 'rateLimit'
>;

/** Who this identity is, and what it sees of repositories. */
export function repositories(client: Client): Repositories {
  let self: ReturnType<Forge['whoami']> | undefined;
  return {
    whoami: () => {
      self ??= client.read(async (octokit) => {
        // An installation has no `GET /user`: its account is called after the App.
        const { data } =
          client.appSlug === undefined
            ? await octokit.rest.users.getAuthenticated()
            : await octokit.rest.users.getByUsername({ username: `${await client.appSlug()}[bot]` });
        return actorOf(object(data, 'account'));
      });
      self.catch(() => {
        self = undefined;
      });
      return self;
    },
    repository: (repo) =>
      withTip(client, () => client.read(async (octokit) => (await octokit.rest.repos.get(checkRepository(repo))).data)),
    repositoryById: (id) =>
      withTip(client, () =>
        client.read(async (octokit) => (await octokit.request('GET /repositories/{id}', { id })).data),
      ),
    repositoryIfChanged: (id, etag) =>
      ifChanged(client, etag, async (octokit, headers) => {
        const { data, headers: told } = await octokit.request('GET /repositories/{id}', { id, headers });
        return { value: await withRights(client, repositoryOf(data)), etag: lineOrNull(told.etag, 256) };
      }),
    branchIfChanged: (repo, branch, etag) => branchIfChanged(client, repo, branch, etag),
    listActivity: (repo, options = {}) => listActivity(client, repo, options),
    branchSHA: (repo, branch) => branchSHA(client, repo, branch),
    fileAt: (repo, sha, path) => fileAt(client, repo, sha, path),
    permission: (repo, login, id) => permission(client, repo, login, id),
    rateLimit: () =>
      client.read(async (octokit) => {
        const { data } = await octokit.rest.rateLimit.get();
        const resources = object(object(data, 'rate limit').resources, 'rate limit');
        return { rest: limitOf(resources.core), graphql: limitOf(resources.graphql ?? resources.core) };
      }),
  };
}

async function withTip(client: Client, read: () => Promise<unknown>) {
  const raw = await read();
  const facts = repositoryOf(raw);
  const tip = await branchOrNull(client, { owner: facts.owner, name: facts.name }, facts.defaultBranch);
  return withRights(client, { ...facts, defaultBranchSHA: tip });
}

/** What a repository says of permissions is about accounts: an installation has what its token was made with. */
async function withRights(client: Client, facts: RepositoryFacts): Promise<RepositoryFacts> {
  return client.appMayPush === undefined ? facts : { ...facts, mayPush: await client.appMayPush() };
}

async function branchSHA(client: Client, repo: RepositoryName, branch: string): Promise<string | null> {
  const sha = await branchOrNull(client, repo, branch);
  if (sha === null) await mustExist(client, repo);
  return sha;
}

function branchOrNull(client: Client, repo: RepositoryName, branch: string): Promise<string | null> {
  // The refs API and not the branches one: the latter follows a renamed branch to another name.
  const ref = `heads/${encodePath(checkBranch(branch))}`;
  return absentAsNull(() =>
    client.read(async (octokit) => {
      const { data } = await octokit.request('GET /repos/{owner}/{repo}/git/ref/{+ref}', {
        ...checkRepository(repo),
        ref,
      });
      return commitSHA(object(object(data, 'ref').object, 'ref').sha, "ref's commit");
    }),
  );
}

async function branchIfChanged(
  client: Client,
  repo: RepositoryName,
  branch: string,
  etag: string | undefined,
): Promise<Conditional<string | null>> {
  const where = { ...checkRepository(repo), ref: `heads/${encodePath(checkBranch(branch))}` };
  const read = () =>
    ifChanged(client, etag, async (octokit, headers) => {
      const { data, headers: told } = await octokit.request('GET /repos/{owner}/{repo}/git/ref/{+ref}', {
        ...where,
        headers,
      });
      const value = commitSHA(object(object(data, 'ref').object, 'ref').sha, "ref's commit");
      return { value, etag: lineOrNull(told.etag, 256) };
    });
  const found = await absentAsNull(read);
  if (found !== null) return found;
  await mustExist(client, repo);
  return { notModified: false, value: null, etag: null };
}

async function ifChanged<T>(
  client: Client,
  etag: string | undefined,
  read: (octokit: Reading, headers: Record<string, string>) => Promise<{ value: T; etag: string | null }>,
): Promise<Conditional<T>> {
  return client.read(async (octokit) => {
    try {
      return { notModified: false, ...(await read(octokit, conditional(etag))) };
    } catch (error) {
      if ((error as { status?: unknown }).status === 304) return { notModified: true };
      throw error;
    }
  });
}

async function fileAt(client: Client, repo: RepositoryName, sha: string, path: string): Promise<string | null> {
  const where = { ...checkRepository(repo), path: encodePath(path), ref: checkSHA(sha) };
  const content = await absentAsNull(() =>
    client.read(async (octokit) => {
      const { data } = await octokit.request('GET /repos/{owner}/{repo}/contents/{+path}{?ref}', where);
      return { file: objectOrNull(data) };
    }),
  );
  if (content !== null) return content.file === null ? null : textOf(content.file, path);
  await commitMustExist(client, repo, sha);
  return null;
}

/** The file or the commit may be what is missing; of a commit it does not know GitHub says 422. */
async function commitMustExist(client: Client, repo: RepositoryName, sha: string): Promise<void> {
  try {
    await client.read((octokit) => octokit.rest.repos.getCommit({ ...checkRepository(repo), ref: sha, per_page: 1 }));
  } catch (error) {
    if (!(error instanceof ForgeError && error.code === 'Validation')) throw error;
    throw new ForgeError('NotFound', `There is no commit ${sha} in ${repo.owner}/${repo.name}.`, { status: 422 });
  }
}

/** Directories, symbolic links and submodules are no files. */
function textOf(file: Untrusted, path: string): string | null {
  if (file.type !== 'file') return null;
  if (
    integer(file.size, 'file size') > MAX_FILE_BYTES ||
    file.encoding !== 'base64' ||
    typeof file.content !== 'string'
  )
    throw new ForgeError(
      'Malformed',
      `${path} is larger than ${MAX_FILE_BYTES} bytes or comes in no readable encoding.`,
    );
  return Buffer.from(file.content, 'base64').toString('utf8');
}

async function permission(client: Client, repo: RepositoryName, login: string, id: number | undefined) {
  const where = { ...checkRepository(repo), username: checkLogin(login) };
  const read = () =>
    client.read(async (octokit) => {
      const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel(where);
      const answer = object(data, 'permission');
      const changedHands = id !== undefined && integerOrNull(objectOrNull(answer.user)?.id) !== id;
      return changedHands ? 'none' : choice(answer.permission, ['admin', 'write', 'read', 'none'], 'permission');
    });
  const found = await absentAsNull(read);
  if (found === null) await mustExist(client, repo);
  return found ?? 'none';
}

/** A 404 says nothing of what is missing: reading the repository tells an absent part from an absent whole. */
function mustExist(client: Client, repo: RepositoryName): Promise<unknown> {
  return client.read((octokit) => octokit.rest.repos.get(checkRepository(repo)));
}

/** GitHub answers 404 for what is not there and 409 for any ref of an empty repository. */
async function absentAsNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ForgeError && (error.code === 'NotFound' || error.code === 'Conflict')) return null;
    throw error;
  }
}

function limitOf(value: unknown): RateLimit {
  const limit = object(value, 'rate limit');
  return {
    limit: integer(limit.limit, 'rate limit'),
    remaining: integer(limit.remaining, 'rate limit'),
    resetAt: requiredMoment(limit.reset, 'rate limit reset'),
  };
}
