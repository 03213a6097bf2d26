import type { Hono } from 'hono';
import type { Context } from '../context.ts';
import { activityRoutes } from './activity.ts';
import { appRoutes } from './apps.ts';
import { attestationRoutes } from './attestations.ts';
import { checkRoutes, statusRoutes } from './checks.ts';
import { commitRoutes } from './commits.ts';
import { deploymentRoutes } from './deployments.ts';
import { historyRoutes } from './history.ts';
import { hookRoutes } from './hooks.ts';
import { issueRoutes, labelRoutes } from './issues.ts';
import { type Meter, rateLimit } from './meter.ts';
import { protectionRoutes } from './protection.ts';
import { pullRoutes } from './pulls.ts';
import { reactionRoutes } from './reactions.ts';
import { refRoutes } from './refs.ts';
import { repositoryRoutes, userRoutes } from './repositories.ts';
import { repositoryChangeRoutes } from './repository-changes.ts';
import { reviewRoutes } from './reviews.ts';
import { rulesetRoutes } from './rulesets.ts';
import { type Routes, restApp } from './server.ts';

export { Meter } from './meter.ts';
export { cut, identify, refusalOf } from './server.ts';

const ROUTES: Routes = {
  ...appRoutes,
  ...userRoutes,
  ...repositoryRoutes,
  // Before the refs: a branch's name may hold slashes, and would take what follows it too.
  ...protectionRoutes,
  ...refRoutes,
  ...rulesetRoutes,
  ...activityRoutes,
  ...checkRoutes,
  ...statusRoutes,
  ...commitRoutes,
  // Before the issues: `events` is none of their numbers.
  ...historyRoutes,
  ...reactionRoutes,
  ...issueRoutes,
  ...repositoryChangeRoutes,
  ...labelRoutes,
  ...reviewRoutes,
  ...pullRoutes,
  ...hookRoutes,
  ...deploymentRoutes,
  ...attestationRoutes,
};

/** GitHub's REST API, to be mounted at /api/v3. */
export function rest(ctx: Context, meter: Meter): Hono {
  return restApp(ctx, meter, { 'GET /rate_limit': (call) => rateLimit(meter, call.actor), ...ROUTES });
}

/** Every REST operation that is served, as `METHOD /path/{template}`. */
export const servedOperations = (): string[] => ['GET /rate_limit', ...Object.keys(ROUTES)];
