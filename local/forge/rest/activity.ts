import { invalid } from '../refusal.ts';
import { renderActivity } from '../render/index.ts';
import type { ActivityRow, Where } from '../store/index.ts';
import { type Answer, ok } from './answer.ts';
import type { Call } from './call.ts';
import type { Routes } from './server.ts';

const DAY_MS = 24 * 3600 * 1000;
const PERIODS: Readonly<Record<string, number>> = { day: 1, week: 7, month: 30, quarter: 90, year: 365 };

export const activityRoutes: Routes = {
  'GET /repos/{owner}/{repo}/activity': listActivity,
};

/** Newest first; pages by cursors of the Link header, as GitHub does here. */
function listActivity(call: Call): Answer {
  const { perPage } = call.page;
  const descending = call.oneOf('direction', ['desc', 'asc']) === 'desc';
  const where: Where<ActivityRow> = { repoId: call.repo.id };
  const ref = call.query('ref');
  if (ref !== undefined) where.ref = ref.startsWith('refs/') ? ref : `refs/heads/${ref}`;
  const actor = call.query('actor');
  if (actor !== undefined) where.actorId = call.userNamed(actor).id;
  const type = call.query('activity_type');
  if (type !== undefined) where.type = type;
  const period = call.query('time_period');
  if (period !== undefined) where.timestamp = { gte: since(call, period) };
  const cursor = position(call.query('after'));
  if (cursor !== null) where.id = descending ? { lt: cursor } : { gte: cursor + 1 };
  const rows = call.ctx.store.activities.find(where, { descending, limit: perPage + 1 });
  const page = rows.slice(0, perPage);
  const body = page.map((row) => renderActivity(call.ctx, row));
  if (rows.length <= perPage) return ok(body);
  const next = new URL(call.url);
  next.searchParams.set('after', Buffer.from(`activity:${page.at(-1)!.id}`).toString('base64url'));
  return { status: 200, body, headers: { link: `<${next.href}>; rel="next"` } };
}

function since(call: Call, period: string): string {
  const days = PERIODS[period];
  if (days === undefined) throw invalid('Activity', 'time_period');
  return `${new Date(call.ctx.clock() - days * DAY_MS).toISOString().slice(0, 19)}Z`;
}

function position(cursor: string | undefined): number | null {
  if (cursor === undefined) return null;
  const id = /^activity:(\d+)$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1];
  if (id === undefined) throw invalid('Activity', 'after');
  return Number(id);
}
