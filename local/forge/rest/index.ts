import type { Hono } from 'hono';
import type { Context } from '../context.ts';
import { activityRoutes } from './activity.ts';
import { appRoutes } from './apps.ts';
import { checkRoutes, statusRoutes } from './checks.ts';
import { commitRoutes } from './commits.ts';
import { deploymentRoutes } from './deployments.ts';
import { hookRoutes } from './hooks.ts';
import { issueRoutes, labelRoutes } from './issues.ts';
import { type Meter, rateLimit } from './meter.ts';
import { protectionRoutes } from './protection.ts';
import { pullRoutes } from './pulls.ts';
import { refRoutes } from './refs.ts';
import { repositoryRoutes, userRoutes } from './repositories.ts';
import { reviewRoutes } from './reviews.ts';
import { rulesetRoutes } from './rulesets.ts';
import { type Routes, restApp } from './server.ts';

export { Meter } from './meter.ts';
export { identify, refusalOf } from './server.ts';

function routesWith(meter: Meter): Routes {
  return {
    'GET /rate_limit': (call) => rateLimit(meter, call.user.id),
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
    ...issueRoutes,
    ...labelRoutes,
    ...reviewRoutes,
    ...pullRoutes,
    ...hookRoutes,
    ...deploymentRoutes,
  };
}

/** GitHub's REST API, to be mounted at /api/v3. */
export function rest(ctx: Context, meter: Meter): Hono {
  return restApp(ctx, meter, routesWith(meter));
}

/** Every REST operation that is served, as `METHOD /path/{template}`. */
export const servedOperations = (meter: Meter): string[] => Object.keys(routesWith(meter));
