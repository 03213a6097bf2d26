import type { Hono } from 'hono';
import { type Static, Type } from 'typebox';
import type { Context } from '../context.ts';
import { setDeployer } from '../model/index.ts';
import type { DeployerConfig } from '../store/index.ts';
import { json, repositoryOf } from './body.ts';

const optional = Type.Optional;
const MAX_DELAY_SECONDS = 3600;

export const Deployer = Type.Object({
  app: optional(Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,33}$' })),
  environment: optional(Type.String({ minLength: 1, maxLength: 255 })),
  url: optional(Type.String({ pattern: '^https?://' })),
  root: optional(Type.String()),
  outcome: optional(Type.Enum(['success', 'failure', 'error'])),
  delaySeconds: optional(Type.Number({ minimum: 0, maximum: MAX_DELAY_SECONDS })),
});

/** What is not said: `rig-deployer` deploys to `production`, at once and with success, and the forge itself shows the commit's files. */
export function deployerOf(wanted: Static<typeof Deployer>): DeployerConfig {
  const { app = 'rig-deployer', environment = 'production', url = null, root = '' } = wanted;
  return { app, environment, url, root, outcome: wanted.outcome ?? 'success', delaySeconds: wanted.delaySeconds ?? 0 };
}

export function deployerRoutes(app: Hono, ctx: Context): void {
  app.put('/repositories/:owner/:name/deployer', async (c) => {
    const deployer = deployerOf(await json(c, Deployer));
    setDeployer(ctx, repositoryOf(ctx, c), deployer);
    return c.body(null, 204);
  });
  app.delete('/repositories/:owner/:name/deployer', (c) => {
    setDeployer(ctx, repositoryOf(ctx, c), null);
    return c.body(null, 204);
  });
}
