import type { Client } from './client.ts';
import type { IssueEditorFacts, PullRequestState } from './facts.ts';
import { actorOf } from './graphql.ts';
import { checkNumber, checkRepository } from './names.ts';
import type { RepositoryName } from './port.ts';
import { issueEditorsQuery, pullRequestStatesQuery } from './queries.ts';
import { commitSHA, isObject, moment, object, objectOrNull, type Untrusted } from './read.ts';

const STATES_AT_ONCE = 50;
const EDITORS_AT_ONCE = 100;

/** See `Forge.pullRequestStates`. Longer lists are asked for in several queries. */
export function readStates(
  client: Client,
  repo: RepositoryName,
  numbers: readonly number[],
): Promise<Map<number, PullRequestState>> {
  return askEach(client, repo, numbers, STATES_AT_ONCE, pullRequestStatesQuery, (pull) => {
    const { __typename: _, ...told } = pull;
    return { headSHA: commitSHA(pull.headRefOid, 'head commit'), text: JSON.stringify(told) };
  });
}

/** See `Forge.issueEditors`. */
export function readEditors(
  client: Client,
  repo: RepositoryName,
  numbers: readonly number[],
): Promise<Map<number, IssueEditorFacts>> {
  return askEach(client, repo, numbers, EDITORS_AT_ONCE, issueEditorsQuery, (issue) => ({
    editor: isObject(issue.editor) ? actorOf(issue.editor) : null,
    editedAt: moment(issue.lastEditedAt),
  }));
}

async function askEach<T>(
  client: Client,
  repo: RepositoryName,
  numbers: readonly number[],
  atOnce: number,
  query: (numbers: readonly number[]) => string,
  parse: (node: Untrusted) => T,
): Promise<Map<number, T>> {
  const { owner, repo: name } = checkRepository(repo);
  const wanted = [...new Set(numbers.map(checkNumber))];
  const found = new Map<number, T>();
  for (let at = 0; at < wanted.length; at += atOnce) {
    const some = wanted.slice(at, at + atOnce);
    await client.read(async (octokit) => {
      const answer = object(await octokit.graphql(query(some), { owner, name }), 'answer');
      const nodes = object(answer.repository, 'repository');
      for (const number of some) {
        const node = objectOrNull(nodes[`n${number}`]);
        if (node !== null) found.set(number, parse(node));
      }
    });
  }
  return found;
}
