import type { Person } from '../../git/index.ts';
import { repositoryPage, userByEmail } from '../../render/index.ts';
import { nodeId } from '../../store/index.ts';
import { connect } from '../connection.ts';
import { type CommitNode, commitNode, type Fields, repositoryNode, userNode } from '../nodes.ts';
import { rollupOf } from './check.ts';

const CO_AUTHOR = /^co-authored-by:\s*(.+?)\s*<([^<>\s]+)>\s*$/gim;

export const Commit: Fields<CommitNode> = {
  id: ({ repo, commit }) => nodeId('commit', `${repo.id}:${commit.sha}`),
  oid: ({ commit }) => commit.sha,
  abbreviatedOid: ({ commit }) => commit.sha.slice(0, 7),
  message: ({ commit }) => commit.message,
  messageHeadline: ({ commit }) => commit.message.split('\n', 1)[0],
  messageBody: ({ commit }) => commit.message.split('\n').slice(1).join('\n').trim(),
  author: ({ commit }) => commit.author,
  committer: ({ commit }) => commit.committer,
  authors: ({ commit }, args) => connect(authorsOf(commit.author, commit.message), args, (person) => person),
  authoredDate: ({ commit }) => commit.author.date,
  committedDate: ({ commit }) => commit.committer.date,
  url: ({ repo, commit }, _, { ctx }) => `${repositoryPage(ctx, repo)}/commit/${commit.sha}`,
  repository: ({ repo }) => repositoryNode(repo),
  statusCheckRollup: ({ repo, commit }, _, { ctx }) => rollupOf(ctx, repo, commit.sha),
  parents: async ({ repo, commit }, args, request) => {
    const parents = await Promise.all(commit.parents.map((sha) => commitNode(request, repo, sha)));
    return connect(parents, args, (parent) => parent);
  },
};

/** The author, then everyone a Co-authored-by trailer names, each email once. */
function authorsOf(author: Person, message: string): Person[] {
  const people = new Map([[author.email.toLowerCase(), author]]);
  for (const [, name = '', email = ''] of message.matchAll(CO_AUTHOR)) {
    if (!people.has(email.toLowerCase())) people.set(email.toLowerCase(), { name, email, date: author.date });
  }
  return [...people.values()];
}

export const GitActor: Fields<Person> = {
  name: ({ name }) => name,
  email: ({ email }) => email,
  date: ({ date }) => date,
  user: ({ email }, _, { ctx }) => {
    const user = userByEmail(ctx, email);
    return user === undefined || user.type !== 'User' ? null : userNode(user);
  },
};
