import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { type AppCredential, appIdOf } from './app.ts';
import { Budget } from './budget.ts';
import { type ForgeOptions, sharedOptions } from './client.ts';
import { ForgeError } from './error.ts';
import { checkRepository } from './names.ts';
import type { RepositoryName } from './port.ts';
import { integer, object } from './read.ts';
import { translate } from './translate.ts';

/**
 * Number of an App's installation that covers a repository. Rejects with ForgeError: `InstallationRemoved` where it is not installed there,
 * Unauthorized where the forge does not take its key.
 */
export async function installationOf(
  options: Pick<ForgeOptions, 'baseURL' | 'fetch' | 'timeoutMs' | 'onAnswer'>,
  { appId, privateKey }: Pick<AppCredential, 'appId' | 'privateKey'>,
  repo: RepositoryName,
): Promise<number> {
  const where = checkRepository(repo);
  const base = URL.parse(options.baseURL);
  if (base === null) throw new ForgeError('Validation', 'The forge API URL is no URL.');
  const octokit = new Octokit(sharedOptions(options, base, 'read', new Budget()));
  const auth = createAppAuth({
    appId: appIdOf(appId),
    privateKey,
    request: octokit.request,
    log: { warn: () => undefined },
  });
  try {
    const { token } = await auth({ type: 'app' });
    const headers = { authorization: `bearer ${token}` };
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/installation', { ...where, headers });
    return integer(object(data, 'installation').id, 'installation id');
  } catch (error) {
    const failure = translate(error, 'read', '');
    if (failure.code !== 'NotFound') throw failure;
    throw new ForgeError(
      'InstallationRemoved',
      `The App ${appId} is not installed on ${where.owner}/${where.repo}; install it there.`,
    );
  }
}
