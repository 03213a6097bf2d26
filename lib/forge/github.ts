import { attestations } from './attestations.ts';
import { checkRuns } from './check-runs.ts';
import { createClient, type ForgeOptions } from './client.ts';
import { deployments } from './deployments.ts';
import { hooks } from './hooks.ts';
import { issues } from './issues.ts';
import { checkRepository } from './names.ts';
import type { Forge } from './port.ts';
import { pulls } from './pulls.ts';
import { repositories } from './repositories.ts';
import { reviews } from './reviews.ts';
import { rules } from './rules.ts';

/**
 * One identity at GitHub, at GitHub Enterprise Server, or at anything that speaks the same REST and GraphQL. Sends nothing by
 * itself. Throws ForgeError Validation for a `baseURL` that is none.
 */
export function createForge(options: ForgeOptions): Forge {
  const client = createClient(options);
  const seen = repositories(client);
  const gitURL = (options.gitURL ?? gitURLOf(client.origin)).replace(/\/+$/, '');
  return {
    origin: client.origin,
    ...seen,
    ...issues(client, seen.whoami),
    ...pulls(client),
    ...reviews(client, seen.whoami),
    ...hooks(client),
    ...rules(client),
    ...checkRuns(client),
    ...attestations(client),
    ...deployments(client),
    gitAuthorization: async () => {
      const basic = Buffer.from(`x-access-token:${await client.token()}`).toString('base64');
      return { headerName: 'authorization', headerValue: `Basic ${basic}` };
    },
    cloneURL: (repository) => {
      const { owner, repo } = checkRepository(repository);
      return `${gitURL}/${owner}/${repo}.git`;
    },
  };
}

function gitURLOf(origin: string): string {
  return origin === 'https://api.github.com' ? 'https://github.com' : origin;
}
