import { type Actor, grants } from '../model/index.ts';
import { forbidden, Refusal } from '../refusal.ts';

/** The operations of an App that speaks for itself, by a token it signed. */
const OWN = /^(?:GET|POST|PUT|DELETE) \/app(?:\/|$)/;
const FOR_APPS = new Set(['GET /repos/{owner}/{repo}/installation', 'GET /apps/{app_slug}']);
const FOR_TOKENS = new Set(['GET /installation/repositories', 'DELETE /installation/token', 'GET /rate_limit']);

/** The first that fits the path behind the repository names the permissions one of which is needed. */
const BY_PATH: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^\/commits\/\{ref\}\/check-/, ['checks']],
  [/^\/commits\/\{ref\}\/status/, ['statuses']],
  [/^\/check-/, ['checks']],
  [/^\/statuses/, ['statuses']],
  [/^\/deployments/, ['deployments']],
  [/^\/attestations/, ['attestations']],
  [/^\/(?:issues|labels)/, ['issues', 'pull_requests']],
  [/^\/pulls\/\{pull_number\}\/merge/, ['contents']],
  [/^\/pulls/, ['pull_requests']],
  [/^\/hooks/, ['repository_hooks']],
  [/^\/branches\/\{branch\}\/protection/, ['administration']],
  [/^\/(?:rules|collaborators)/, ['metadata', 'administration']],
  [/^\/(?:git|contents|commits|compare|branches|activity)/, ['contents']],
  [/^(?:\/transfer)?$/, ['metadata', 'administration']],
];

/**
 * Refuses what a token's kind does not reach. An App's own operations are asked for with a signed token alone; an installation's token
 * needs the permission GitHub asks for that operation, reading or writing; people's tokens are asked nothing here.
 */
export function needPermission(actor: Actor, operation: string): void {
  const own = OWN.test(operation);
  if (own && actor.asApp !== true) throw new Refusal(401, 'A JSON web token could not be decoded');
  if (actor.asApp === true && !own && !FOR_APPS.has(operation))
    throw forbidden('Resource not accessible by integration');
  if (FOR_TOKENS.has(operation) && operation.includes('/installation') && actor.installation === undefined) {
    throw forbidden(
      'You must authenticate with an installation access token in order to list repositories for an installation.',
    );
  }
  if (actor.installation === undefined || isOpen(operation) || mayInstalled(actor.installation.permissions, operation))
    return;
  throw forbidden('Resource not accessible by integration');
}

const isOpen = (operation: string) =>
  FOR_TOKENS.has(operation) ||
  FOR_APPS.has(operation) ||
  operation === 'unknown' ||
  operation === 'GET /users/{username}';

function mayInstalled(permissions: Parameters<typeof grants>[0], operation: string): boolean {
  const [method = '', template = ''] = operation.split(' ');
  if (template === '/repositories/{repository_id}') return true;
  const path = template.replace('/repos/{owner}/{repo}', '');
  if (path === template) return false;
  const names = BY_PATH.find(([pattern]) => pattern.test(path))?.[1] ?? [];
  const reads = method === 'GET';
  // Metadata is only ever read: what else it names needs the other permission.
  const asked = reads ? names : names.filter((name) => name !== 'metadata');
  return asked.some((name) => grants(permissions, name, reads ? 'read' : 'write'));
}
