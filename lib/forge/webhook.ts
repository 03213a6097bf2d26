import { createHmac, timingSafeEqual } from 'node:crypto';
import { ForgeError } from './error.ts';
import { parseConversation } from './payload-conversation.ts';
import { parseGit } from './payload-git.ts';
import { parseReview } from './payload-review.ts';
import { isObject, lineOrNull } from './read.ts';
import type { ParsedDelivery } from './updates.ts';

/**
 * Whether `header` (`X-Hub-Signature-256`) is GitHub's HMAC-SHA256 of exactly these bytes under `secret`. Constant time. False for a
 * missing or malformed header and for an empty secret, which would let anyone sign.
 */
export function verifySignature(secret: string, rawBody: Uint8Array, header: string | null | undefined): boolean {
  if (secret === '' || header === null || header === undefined || !/^sha256=[0-9a-f]{64}$/.test(header)) return false;
  const expected = createHmac('sha256', secret).update(rawBody).digest();
  return timingSafeEqual(expected, Buffer.from(header.slice('sha256='.length), 'hex'));
}

const PARSERS = {
  ping: parseGit,
  repository: parseGit,
  push: parseGit,
  create: parseGit,
  delete: parseGit,
  label: parseGit,
  issues: parseConversation,
  issue_comment: parseConversation,
  pull_request: parseConversation,
  pull_request_review: parseReview,
  pull_request_review_comment: parseReview,
  pull_request_review_thread: parseReview,
  check_run: parseReview,
  check_suite: parseReview,
  status: parseReview,
} as const;

/** The webhook events {@link parseDelivery} understands: what a repository's hook subscribes to, ping apart, which always comes. */
export const HOOK_EVENTS: readonly string[] = Object.keys(PARSERS).filter((event) => event !== 'ping');

/**
 * What a delivery says, as updates of the mirror. `event` is `X-GitHub-Event`, `payload` the parsed JSON body. Tolerant: fields
 * that are missing become null or empty, fields that are new are not looked at. What is not understood is ignored with a
 * reason; a payload that misses what identifies its subject throws ForgeError Malformed, and nothing else is ever thrown.
 */
export function parseDelivery(event: string, payload: unknown): ParsedDelivery {
  if (!Object.hasOwn(PARSERS, event))
    return ignored(`No rule looks at the event ${JSON.stringify(event.slice(0, 64))}.`);
  if (!isObject(payload))
    throw new ForgeError('Malformed', 'The delivery is not a JSON object; nothing was taken from it.');
  if (!isObject(payload.repository)) return ignored('The delivery is not about a repository.');
  const updates = PARSERS[event as keyof typeof PARSERS](event, payload);
  const action = lineOrNull(payload.action, 64);
  return updates.length > 0
    ? { updates, ignored: null }
    : ignored(`No rule looks at ${event}${action === null ? '' : ` ${action}`} of this kind.`);
}

function ignored(reason: string): ParsedDelivery {
  return { updates: [], ignored: reason };
}
