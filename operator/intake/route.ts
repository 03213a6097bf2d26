import type { Context } from 'hono';
import type { Repository } from '#crds';
import type { Queryable } from '#lib/db';
import { storeDelivery } from '#lib/events';
import { HttpError, InFlight, readBounded } from '#lib/http';
import { type Metrics, noMetrics } from '#lib/observe';
import { forgeHost } from '../forges/forges.ts';
import { ownersOf } from './owners.ts';
import { IntakeError } from './payload.ts';
import type { Payloads } from './payloads.ts';
import { signersOf, type WebhookSecret } from './signers.ts';

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
  /** Resolves once `repositories` knows all there are; rejects where that takes too long. Default: it does from the start. */
  readonly known?: () => Promise<void>;
  readonly webhookSecret: WebhookSecret;
  readonly payloads: Payloads;
  /** Called when a new delivery is durable. */
  readonly onStored: () => void;
  readonly now: () => number;
  /** Default none. */
  readonly metrics?: Metrics;
}

/**
 * POST /webhooks/github: checks the signature over the raw bytes, stores the delivery, answers 202; nothing is parsed before it is known to be
 * signed, nothing applied before it is durable. 200 for a delivery that is stored already, 400 for what is no delivery, 401 for a bad signature,
 * 404 for a repository nobody follows, 408 for a body of more than 10 s, 413 over 25 MiB or a million values, 503 where 100 MiB are being read;
 * where a secret or the database cannot be reached, or the Repositories are not known within seconds of a start, it is a 5xx, and the delivery has
 * to be sent again.
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
    await untilKnown(options);
    const host = await authenticate(options, context, body);
    const headers = Object.fromEntries(
      KEPT_HEADERS.flatMap((name) =>
        context.req.header(name) === undefined ? [] : [[name, context.req.header(name)!]],
      ),
    );
    headers['rig-forge-host'] = host;
    return await storeDelivery(options.db, { id, event, headers, body, receivedAt: new Date(options.now()) });
  } finally {
    share.release();
  }
}

/** A conductor that has just started knows no Repository yet: what it is sent then is not badly signed, and nothing that the forge sends a second time. */
async function untilKnown({ known }: IntakeOptions): Promise<void> {
  await known?.().catch((cause: unknown) => {
    throw new HttpError('Unavailable', 'NotKnownYet', 'The Repositories are not known yet; send the delivery again.', {
      cause,
      retryAfterSeconds: 1,
    });
  });
}

function deliveryHeaders(context: Context): { id: string; event: string } {
  const id = context.req.header('x-github-delivery') ?? '';
  const event = context.req.header('x-github-event') ?? '';
  if (!/^[\w-]{1,128}$/.test(id) || !/^[a-z0-9_]{1,64}$/.test(event)) {
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
 * The forge's host, of a delivery that one of the Repositories' secrets signed; of one that is about a repository, the secret of the one that
 * follows it. The signature comes first, over the bytes as they are: what nobody here signed is not parsed. An id may be in use at several
 * hosts; the signature tells them apart.
 */
async function authenticate(options: IntakeOptions, context: Context, body: Buffer): Promise<string> {
  const repositories = options.repositories();
  const signature = context.req.header('x-hub-signature-256');
  const { signers, unread } = await options.payloads.inTurn(body, () =>
    signersOf(candidates(repositories, context), options.webhookSecret, body, signature),
  );
  // One that could not be read fails the delivery only where no other signed it.
  if (signers.size === 0) throw unread === null ? badSignature() : unread.error;
  const named = await options.payloads.envelope(body).catch((error: unknown) => {
    throw asRefusal(error);
  });
  if (named === null) return forgeHost([...signers][0]!);
  const owners = ownersOf(repositories, named);
  if (owners.length === 0)
    throw new HttpError(
      'NotFound',
      'UnknownRepository',
      `No Repository here follows ${named.owner}/${named.name}; apply one, or remove the webhook.`,
    );
  const owner = owners.find((one) => signers.has(one));
  if (owner === undefined) throw badSignature();
  return forgeHost(owner);
}

function asRefusal(error: unknown): unknown {
  if (!(error instanceof IntakeError)) return error;
  const { code, message, cause } = error;
  if (code === 'Busy') return new HttpError('Unavailable', code, message, { cause, retryAfterSeconds: 10 });
  return new HttpError(code === 'TooManyValues' ? 'TooLarge' : 'BadRequest', code, message, { cause });
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
