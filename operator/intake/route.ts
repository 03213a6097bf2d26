import type { Context } from 'hono';
import type { Repository } from '#crds';
import type { Queryable } from '#lib/db';
import { storeDelivery } from '#lib/events';
import { verifySignature } from '#lib/forge';
import { HttpError, readBounded } from '#lib/http';
import { Stalled } from '#lib/kube';
import { type Metrics, noMetrics } from '#lib/observe';
import { forgeHost } from '../forges/forges.ts';
import { type NamedRepository, ownersOf } from './owners.ts';

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
  /** Default none. */
  readonly metrics?: Metrics;
}

/**
 * POST /webhooks/github: checks the signature over the raw bytes, stores the delivery, answers 202; nothing is applied before it is durable.
 * 200 for a delivery that is stored already, 400 for what is no delivery, 401 for a bad signature, 404 for a repository nobody follows, 413 over 25 MiB;
 * where a secret or the database cannot be reached it is a 5xx, and the forge delivers again.
 */
export function intakeRoute(options: IntakeOptions): (context: Context) => Promise<Response> {
  const metrics = options.metrics ?? noMetrics;
  return async (context) => {
    const { id, event } = deliveryHeaders(context);
    const count = (outcome: string) => metrics.count('rig_deliveries_total', { event, outcome });
    const outcome = await receive(options, context, id, event).catch((error: unknown) => {
      count('refused');
      throw error;
    });
    count(outcome);
    if (outcome === 'duplicate')
      return context.json({ delivery: id, stored: false, detail: 'This delivery is stored already.' }, 200);
    options.onStored();
    return context.json({ delivery: id, stored: true }, 202);
  };
}

async function receive(
  options: IntakeOptions,
  context: Context,
  id: string,
  event: string,
): Promise<'stored' | 'duplicate'> {
  const body = await readBounded(context.req.raw, MAX_BODY);
  const repository = await authenticate(options, body, context.req.header('x-hub-signature-256'));
  const headers = Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => (context.req.header(name) === undefined ? [] : [[name, context.req.header(name)!]])),
  );
  headers['rig-forge-host'] = forgeHost(repository);
  return storeDelivery(options.db, { id, event, headers, body, receivedAt: new Date(options.now()) });
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

/** The Repository whose secret signed these bytes. An id may be in use at several hosts; the signature tells them apart. */
async function authenticate(options: IntakeOptions, body: Buffer, signature: string | undefined): Promise<Repository> {
  const named = repositoryOf(body);
  const owners = ownersOf(options.repositories(), named);
  if (owners.length === 0)
    throw new HttpError(
      'NotFound',
      'UnknownRepository',
      `No Repository here follows ${named.owner}/${named.name}; apply one, or remove the webhook.`,
    );
  for (const repository of owners) {
    const secret = await usableSecret(options, repository);
    if (secret !== null && verifySignature(secret, body, signature)) return repository;
  }
  throw new HttpError(
    'Unauthenticated',
    'BadSignature',
    'X-Hub-Signature-256 does not match the body; the webhook and the Repository have to share one secret.',
  );
}

/** Null where the Repository has no secret that may be read; its own status says why. A Secret that cannot be read now is a failure. */
async function usableSecret(options: IntakeOptions, repository: Repository): Promise<string | null> {
  try {
    return await options.webhookSecret(repository);
  } catch (error) {
    if (error instanceof Stalled) return null;
    throw error;
  }
}

function repositoryOf(body: Buffer): NamedRepository {
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
  const [owner = '', name = ''] = repository.full_name.slice(0, 256).split('/');
  return { id: repository.id, owner, name };
}
