import type { Client } from './client.ts';
import { PAGE, search } from './listing.ts';
import { checkRepository } from './names.ts';
import type { Forge } from './port.ts';
import { integer, object, objectOrNull } from './read.ts';

/** The repository's webhook: one for each URL. */
export function hooks(client: Client): Pick<Forge, 'ensureWebhook'> {
  return {
    ensureWebhook: async (repo, { url, secret, events }) => {
      const where = checkRepository(repo);
      const settings = {
        active: true,
        events: [...events],
        config: { url, secret, content_type: 'json', insecure_ssl: '0' },
      };
      const existing = await search(
        client,
        (octokit) => octokit.paginate.iterator(octokit.rest.repos.listWebhooks, { ...where, per_page: PAGE }),
        (hook) => (objectOrNull(hook.config)?.url === url ? integer(hook.id, 'webhook id') : null),
      );
      return client.write(async (octokit) => {
        // A forge never tells a secret, so an existing hook is always written again.
        const { data } =
          existing === null
            ? await octokit.rest.repos.createWebhook({ ...where, name: 'web', ...settings })
            : await octokit.rest.repos.updateWebhook({ ...where, hook_id: existing, ...settings });
        return { id: integer(object(data, 'webhook').id, 'webhook id'), created: existing === null };
      });
    },
  };
}
