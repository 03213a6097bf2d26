import type { Client } from './client.ts';
import { readGateFacts } from './gate-facts.ts';
import { list, PAGE, updatedBefore } from './listing.ts';
import { merge } from './merge.ts';
import { checkBranch, checkNumber, checkRepository } from './names.ts';
import type { Forge } from './port.ts';
import { objects } from './read.ts';
import { pullRequestOf } from './rest.ts';
import { readStates } from './states.ts';

type PullRequests = Pick<
  Forge,
  | 'createPullRequest'
  | 'findPullRequestByHead'
  | 'updatePullRequest'
  | 'pullRequest'
  | 'pullRequestStates'
  | 'listPullRequests'
  | 'merge'
>;

/** Pull requests: opened, found, read for the gate, merged. */
export function pulls(client: Client): PullRequests {
  return {
    createPullRequest: (repo, { head, base, title, body, draft = false }) =>
      client.write(async (octokit) => {
        const refs = { head: checkBranch(head), base: checkBranch(base) };
        return pullRequestOf(
          (await octokit.rest.pulls.create({ ...checkRepository(repo), ...refs, title, body, draft })).data,
        );
      }),
    findPullRequestByHead: (repo, headRef) =>
      client.read(async (octokit) => {
        const where = {
          ...checkRepository(repo),
          head: `${repo.owner}:${checkBranch(headRef)}`,
          state: 'all',
        } as const;
        const order = { sort: 'created', direction: 'desc', per_page: PAGE } as const;
        const { data } = await octokit.rest.pulls.list({ ...where, ...order });
        // A forge that does not know the filter's owner answers with every pull request.
        const found = objects(data)
          .map(pullRequestOf)
          .filter(({ head, base }) => head.ref === headRef && head.repositoryId === base.repositoryId);
        return found.find((pull) => pull.state === 'open') ?? found[0] ?? null;
      }),
    updatePullRequest: (repo, number, { title, body, state }) =>
      client.write(async (octokit) => {
        const where = { ...checkRepository(repo), pull_number: checkNumber(number) };
        return pullRequestOf((await octokit.rest.pulls.update({ ...where, title, body, state })).data);
      }),
    pullRequest: (repo, number, expectedHead) => {
      checkRepository(repo);
      return client.read((octokit) => readGateFacts(octokit.graphql, repo, checkNumber(number), expectedHead));
    },
    pullRequestStates: (repo, numbers) => readStates(client, repo, numbers),
    listPullRequests: (repo, options = {}) => {
      const where = { ...checkRepository(repo), state: options.state ?? 'all' } as const;
      const order = { sort: 'updated', direction: 'desc', per_page: PAGE } as const;
      // The listing takes no `since`; newest first, the first older one ends it.
      return list(
        client,
        (octokit, headers) => octokit.paginate.iterator(octokit.rest.pulls.list, { ...where, ...order, headers }),
        options,
        pullRequestOf,
        updatedBefore(options.since),
      );
    },
    merge: (repo, number, request) => merge(client, repo, number, request),
  };
}
