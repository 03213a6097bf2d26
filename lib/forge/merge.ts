import type { Client } from './client.ts';
import { ForgeError } from './error.ts';
import { checkNumber, checkRepository, checkSHA } from './names.ts';
import type { MergeRequest, MergeResult, RepositoryName } from './port.ts';
import { commitSHA, object } from './read.ts';

/** What GitHub says in a 405 when a rule or a setting forbids the merge, rather than the state of the branches. */
const RULED_OUT = /not allowed|required|protected|rule violation/i;

/** Merges exactly `request.sha`, or says why not. Throws what `request.still` throws, and has sent nothing then. */
export async function merge(
  client: Client,
  repo: RepositoryName,
  number: number,
  request: MergeRequest,
): Promise<MergeResult> {
  const where = { ...checkRepository(repo), pull_number: checkNumber(number) };
  const how = { sha: checkSHA(request.sha), merge_method: request.method };
  const words = { commit_title: request.title, commit_message: request.message };
  const guard = guarded(request.still);
  try {
    return await client.write(async (octokit) => {
      const send = guard.around(octokit.request.endpoint.DEFAULTS.request?.fetch as typeof fetch);
      const { data } = await octokit.rest.pulls.merge({ ...where, ...how, ...words, request: { fetch: send } });
      return { merged: true, sha: commitSHA(object(data, 'merge').sha, 'merge commit') };
    });
  } catch (error) {
    guard.rethrow();
    const refusal = error instanceof ForgeError ? refusalOf(error) : null;
    if (refusal === null) throw error;
    return { merged: false, code: refusal, message: (error as ForgeError).message };
  }
}

/** Asks `still` behind every queue of the client, right before the request leaves; `rethrow` throws what it threw. */
function guarded(still: MergeRequest['still']) {
  let stopped: { error: unknown } | undefined;
  return {
    around:
      (send: typeof fetch): typeof fetch =>
      async (input, init) => {
        await still?.().catch((error: unknown) => {
          stopped = { error };
          throw error;
        });
        return send(input, init);
      },
    rethrow: () => {
      if (stopped !== undefined) throw stopped.error;
    },
  };
}

function refusalOf(error: ForgeError): 'HeadMoved' | 'NotMergeable' | 'Refused' | null {
  if (error.code === 'RateLimited' || error.outcome === 'unknown') return null;
  if (error.status === 409) return 'HeadMoved';
  if (error.status === 405) return RULED_OUT.test(error.message) ? 'Refused' : 'NotMergeable';
  return error.status === 403 || error.status === 422 ? 'Refused' : null;
}
