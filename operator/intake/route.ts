import type { Context } from 'hono';
import type { Repository } from '#crds';
import type { Queryable } from '#lib/db';
import { storeDelivery } from '#lib/events';
import { verifySignature } from '#lib/forge';
import { HttpError, InFlight, readBounded } from '#lib/http';
import { Stalled } from '#lib/kube';
import { type Metrics, noMetrics } from '#lib/observe';
import { forgeHost } from '../forges/forges.ts';
import { type NamedRepository, ownersOf } from './owners.ts';

/** GitHub's own limit for a delivery. */
const MAX_BODY = 25 * 1024 * 1024;
/** Of all deliveries that are being read, in bytes: anybody may send one. */
const MAX_IN_FLIGHT = 4 * MAX_BODY;
/** GitHub gives a delivery up after 10 s. */
const READ_WITHIN_MS = 10_000;
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
 * POST /webhooks/github: checks the signature over the raw bytes, stores the delivery, answers 202; nothing is parsed before it is known to be
 * signed, nothing applied before it is durable. 200 for a delivery that is stored already, 400 for what is no delivery, 401 for a bad signature,
 * 404 for a repository nobody follows, 408 for a body of more than 10 s, 413 over 25 MiB, 503 where 100 MiB are being read; where a secret or the
 * database cannot be reached it is a 5xx, and the delivery has to be sent again.
 */
export function intakeRoute(options: IntakeOptions): (context: Context) => Promise<Response> {
  const metrics = options.metrics ?? noMetrics;
  const inFlight = new InFlight(MAX_IN_FLIGHT);
  return async (context) => {
    const { id, event } = deliveryHeaders(context);
    const count = (outcome: string) => metrics.count('rig_deliveries_total', { event, outcome });
    const outcome = await receive(options, inFlight, context, id, event).catch((error: unknown) => {
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
  inFlight: InFlight,
  context: Context,
  id: string,
  event: string,
): Promise<'stored' | 'duplicate'> {
  const share = inFlight.share();
  try {
    const body = await readBounded(context.req.raw, MAX_BODY, { share, withinMs: READ_WITHIN_MS });
    const repository = await authenticate(options, context, body);
    const headers = Object.fromEntries(
      KEPT_HEADERS.flatMap((name) =>
        context.req.header(name) === undefined ? [] : [[name, context.req.header(name)!]],
      ),
    );
    headers['rig-forge-host'] = forgeHost(repository);
    return await storeDelivery(options.db, { id, event, headers, body, receivedAt: new Date(options.now()) });
  } finally {
    share.release();
  }
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

/**
 * The Repository that the delivery names and whose secret signed these bytes. The signature comes first, over the bytes as they are: what
 * nobody here signed is not parsed. An id may be in use at several hosts; the signature tells them apart.
 */
async function authenticate(options: IntakeOptions, context: Context, body: Buffer): Promise<Repository> {
  const repositories = options.repositories();
  const signers = await signersOf(options, candidates(repositories, context), context, body);
  const named = repositoryOf(body);
  const owners = ownersOf(repositories, named);
  if (owners.length === 0)
    throw new HttpError(
      'NotFound',
      'UnknownRepository',
      `No Repository here follows ${named.owner}/${named.name}; apply one, or remove the webhook.`,
    );
  const owner = owners.find((one) => signers.has(one));
  if (owner === undefined) throw badSignature();
  return owner;
}

/**
 * Every Repository whose secret signed these bytes; throws where there is none. A secret that many share is tried once, and one that
 * cannot be read now fails the delivery only where no other signed it.
 */
async function signersOf(
  options: IntakeOptions,
  repositories: readonly Repository[],
  context: Context,
  body: Buffer,
): Promise<Set<Repository>> {
  const signature = context.req.header('x-hub-signature-256');
  const signed = new Map<string, boolean>();
  const signers = new Set<Repository>();
  let unread: { readonly error: unknown } | null = null;
  for (const repository of repositories) {
    try {
      const secret = await usableSecret(options, repository);
      if (secret === null) continue;
      if (!signed.has(secret)) signed.set(secret, verifySignature(secret, body, signature));
      if (signed.get(secret)) signers.add(repository);
    } catch (error) {
      unread = { error };
    }
  }
  if (signers.size > 0) return signers;
  throw unread === null ? badSignature() : unread.error;
}

/** The forge says whose hook it is before the body does; where it does not, each Repository's secret is tried. */
function candidates(repositories: readonly Repository[], context: Context): readonly Repository[] {
  const id = context.req.header('x-github-hook-installation-target-id');
  if (id === undefined || context.req.header('x-github-hook-installation-target-type') !== 'repository')
    return repositories;
  return repositories.filter(({ status }) => String(status?.forge?.repositoryID) === id);
}

function badSignature(): HttpError {
  return new HttpError(
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
