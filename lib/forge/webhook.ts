import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Effect, ruleOf, subscribable } from './deliveries.ts';
import { ForgeError } from './error.ts';
import { hookGoneUpdate, installationUpdate, permissionUpdate, rulesUpdate } from './payload-access.ts';
import { commentUpdate, issueUpdate, pullRequestUpdate } from './payload-conversation.ts';
import { deploymentUpdate } from './payload-deployment.ts';
import { pingUpdate, pushUpdate, repositoryUpdate } from './payload-git.ts';
import { checkSuiteUpdate, checkUpdate, reviewCommentUpdate, reviewUpdate, threadUpdate } from './payload-review.ts';
import { isObject, lineOrNull, type Untrusted } from './read.ts';
import type { FactUpdate, ParsedDelivery } from './updates.ts';

/**
 * Whether `header` (`X-Hub-Signature-256`) is GitHub's HMAC-SHA256 of exactly these bytes under `secret`. Constant time. False for a
 * missing or malformed header and for an empty secret, which would let anyone sign.
 */
export function verifySignature(secret: string, rawBody: Uint8Array, header: string | null | undefined): boolean {
  if (secret === '' || header === null || header === undefined || !/^sha256=[0-9a-f]{64}$/.test(header)) return false;
  const expected = createHmac('sha256', secret).update(rawBody).digest();
  return timingSafeEqual(expected, Buffer.from(header.slice('sha256='.length), 'hex'));
}

type Reader = (event: string, payload: Untrusted, effect: Effect) => FactUpdate | null;

/** How the update of each effect is read out of a payload. */
const READERS: Readonly<Record<Exclude<Effect, 'installation'>, Reader>> = {
  ping: pingUpdate,
  repository: repositoryUpdate,
  rules: rulesUpdate,
  'hook-gone': hookGoneUpdate,
  permission: permissionUpdate,
  permissions: permissionUpdate,
  issue: issueUpdate,
  'issue-label': issueUpdate,
  'issue-text': issueUpdate,
  'issue-reopened': issueUpdate,
  'issue-gone': issueUpdate,
  command: commentUpdate,
  'pull-request': pullRequestUpdate,
  review: reviewUpdate,
  thread: threadUpdate,
  'review-comment': reviewCommentUpdate,
  check: checkUpdate,
  'check-suite': checkSuiteUpdate,
  push: pushUpdate,
  deployment: deploymentUpdate,
};

/** The webhook events a repository's hook subscribes to: those of which something follows; ping and meta always come. */
export const HOOK_EVENTS: readonly string[] = subscribable();

/**
 * What a delivery says, as updates of the mirror. `event` is `X-GitHub-Event`, `payload` the parsed JSON body. Tolerant: fields
 * that are missing become null or empty, fields that are new are not looked at. What is not understood is ignored with a
 * reason; a payload that misses what identifies its subject throws ForgeError Malformed, and nothing else is ever thrown.
 */
export function parseDelivery(event: string, payload: unknown): ParsedDelivery {
  if (!isObject(payload))
    throw new ForgeError('Malformed', 'The delivery is not a JSON object; nothing was taken from it.');
  const action = lineOrNull(payload.action, 64);
  const rule = ruleOf(event, action);
  if (typeof rule === 'string') return ignored(rule);
  if (rule.includes('installation'))
    return { updates: [], installation: installationUpdate(event, payload), ignored: null };
  if (!isObject(payload.repository)) return ignored('The delivery is not about a repository.');
  const updates = rule.flatMap((effect) =>
    effect === 'installation' ? [] : (READERS[effect](event, payload, effect) ?? []),
  );
  return updates.length > 0
    ? { updates, installation: null, ignored: null }
    : ignored(`No rule looks at ${event}${action === null ? '' : ` ${action}`} of a pull request.`);
}

function ignored(reason: string): ParsedDelivery {
  return { updates: [], installation: null, ignored: reason };
}
