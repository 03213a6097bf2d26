import type { Context } from 'hono';
import type { Repository } from '#crds';
import type { Queryable } from '#lib/db';
import { storeDelivery } from '#lib/events';
import { verifySignature } from '#lib/forge';
import { HttpError, readBounded } from '#lib/http';
import { forgeHost } from '../forges/forges.ts';

/** GitHub's own limit for a delivery. */
const MAX_BODY = 25 * 1024 * 1024;
const KEPT_HEADERS = [
  'x-github-event',
  'x-github-delivery',
  'x-github-hook-id',
  'x-hub-signature-256',
  'x-github-hook-installation-target-id',
];

export interface IntakeOptions {
  readonly db: Queryable;
  readonly repositories: () => readonly Repository[];
  readonly webhookSecret: (repository: Repository) => Promise<string | null>;
  /** Called when a new delivery is durable. */
  readonly onStored: () => void;
  readonly now: () => number;
}

/**
 * POST /webhooks/github: checks the signature over the raw bytes, stores the delivery, answers 202; nothing is applied before it is durable.
 * 200 for a delivery that is stored already, 400 for what is no delivery, 401 for a bad signature, 404 for a repository nobody follows, 413 over 25 MiB.
 */
export function intakeRoute(options: IntakeOptions): (context: Context) => Promise<Response> {
  return async (context) => {
    const { id, event } = deliveryHeaders(context);
    const body = await readBounded(context.req.raw, MAX_BODY);
    const repository = await authenticate(options, body, context.req.header('x-hub-signature-256'));
    const headers = Object.fromEntries(
      KEPT_HEADERS.flatMap((name) =>
        context.req.header(name) === undefined ? [] : [[name, context.req.header(name)!]],
      ),
    );
    headers['rig-forge-host'] = forgeHost(repository);
    const stored = await storeDelivery(options.db, { id, event, headers, body, receivedAt: new Date(options.now()) });
    if (stored === 'duplicate')
      return context.json({ delivery: id, stored: false, detail: 'This delivery is stored already.' }, 200);
    options.onStored();
    return context.json({ delivery: id, stored: true }, 202);
  };
}

function deliveryHeaders(context: Context): { id: string; event: string } {
  const id = context.req.header('x-github-delivery') ?? '';
  const event = context.req.header('x-github-event') ?? '';
  if (!/^[\w-]{1,128}$/.test(id) || !/^[a-z_]{1,64}$/.test(event)) {
    throw new HttpError(
      'BadRequest',
      'NotADelivery',
      'X-GitHub-Delivery and X-GitHub-Event are missing or malformed; point a GitHub webhook here.',
    );
  }
  const type = context.req.header('content-type') ?? '';
  if (!type.startsWith('application/json')) {
    throw new HttpError(
      'BadRequest',
      'NotJSON',
      `The content type is ${type || 'missing'}; set the webhook's content type to application/json.`,
    );
  }
  return { id, event };
}

/** The Repository whose secret signed these bytes. One of several Repositories of one forge repository is enough. */
async function authenticate(options: IntakeOptions, body: Buffer, signature: string | undefined): Promise<Repository> {
  const { id, fullName } = repositoryOf(body);
  const candidates = options.repositories().filter((repository) => follows(repository, id, fullName));
  if (candidates.length === 0)
    throw new HttpError(
      'NotFound',
      'UnknownRepository',
      `No Repository here follows ${fullName}; apply one, or remove the webhook.`,
    );
  for (const repository of candidates) {
    const secret = await options.webhookSecret(repository).catch(() => null);
    if (secret !== null && verifySignature(secret, body, signature)) return repository;
  }
  throw new HttpError(
    'Unauthenticated',
    'BadSignature',
    'X-Hub-Signature-256 does not match the body; the webhook and the Repository have to share one secret.',
  );
}

function repositoryOf(body: Buffer): { id: number; fullName: string } {
  let payload: unknown;
  try {
    payload = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new HttpError('BadRequest', 'NotJSON', 'The body is not JSON.', { cause });
  }
  const repository = (payload as { repository?: { id?: unknown; full_name?: unknown } } | null)?.repository;
  if (typeof repository?.id !== 'number' || typeof repository.full_name !== 'string') {
    throw new HttpError(
      'BadRequest',
      'NoRepository',
      'The delivery names no repository; this endpoint takes repository webhooks.',
    );
  }
  return { id: repository.id, fullName: repository.full_name.slice(0, 256) };
}

/** By the forge's id where it is known; by name only before. */
function follows(repository: Repository, id: number, fullName: string): boolean {
  const known = repository.status?.forge?.repositoryID;
  if (known !== undefined) return known === id;
  return `${repository.spec.owner}/${repository.spec.name}`.toLowerCase() === fullName.toLowerCase();
}
