import type { FactUpdate } from '#lib/forge';
import type { Conductor } from '../issues/context.ts';
import type { RepositoryKey } from '../mirror/mirror.ts';
import { noteDeployment } from './deployments.ts';
import { noteAccess, noteDelivered } from './hooks.ts';

/** Writes one update into the mirror's tables; answers one sentence. Facts without a date of their own are dated by their arrival. */
export async function applyToMirror(
  conductor: Conductor,
  key: RepositoryKey,
  update: FactUpdate,
  receivedAt: Date,
): Promise<string> {
  const { mirror, log } = conductor;
  const { pool } = log;
  const at = update.updatedAt ?? receivedAt.toISOString();
  await noteDelivered(pool, key, update.installationId, receivedAt);
  switch (update.kind) {
    case 'repository':
      await mirror.putRepository(pool, key.host, update.facts, at);
      return 'The repository was noted.';
    case 'issue':
      await mirror.putIssue(pool, key, update.facts, update.gone !== null);
      return `Issue #${update.number} was noted.`;
    case 'pull-request':
      await mirror.putPull(pool, key, update.facts);
      return `Pull request #${update.number} was noted.`;
    case 'check':
      await mirror.putCheck(pool, key, update.facts, at);
      return `Check ${update.facts.name} on ${update.sha.slice(0, 8)} was noted.`;
    case 'review':
      await mirror.putReview(pool, key, update.number, update.facts, at);
      return `A review of pull request #${update.number} was noted.`;
    case 'thread':
    case 'review-comment':
      await mirror.touchThreads(pool, key, update.number, receivedAt);
      return `The threads of pull request #${update.number} are read again when it matters.`;
    case 'push':
      return applyPush(conductor, key, update, at);
    case 'check-suite':
      return `What has the head ${update.sha.slice(0, 8)} is looked at again.`;
    case 'comment':
      return `A comment on #${update.number} was read.`;
    case 'ping':
      return 'The webhook greets.';
    case 'hook-gone':
      await noteAccess(pool, key, 'unhooked', receivedAt);
      return 'The webhook was taken away.';
    case 'rules':
      return 'What the forge enforces is read again.';
    case 'permission':
      await mirror.forgetPermissions(pool, key, update.account?.id ?? null);
      return `The permission of ${update.account?.login ?? 'everybody'} is asked anew.`;
    case 'deployment':
      await noteDeployment(pool, key, update.facts);
      return `The deployment of ${update.sha.slice(0, 8)} to ${update.facts.environment} was noted: ${update.facts.state}.`;
  }
}

async function applyPush(
  conductor: Conductor,
  key: RepositoryKey,
  update: Extract<FactUpdate, { kind: 'push' }>,
  at: string,
): Promise<string> {
  const { mirror, log } = conductor;
  const branch = /^refs\/heads\/(?<name>.+)$/.exec(update.ref)?.groups?.name;
  if (update.sha === null || branch === undefined) return 'No branch moved.';
  const { actor, before } = update;
  if (actor !== null) await mirror.putPush(log.pool, key, update.sha, branch, actor, at, before);
  await mirror.putTip(log.pool, key, branch, update.sha, at);
  return `The push to ${branch} was noted.`;
}
