import type { Hono } from 'hono';
import { type Static, Type } from 'typebox';
import type { Context } from '../context.ts';
import { CI_APP, setCi } from '../model/index.ts';
import { Refusal } from '../refusal.ts';
import type { Attester } from '../runner/index.ts';
import type { CiConfig } from '../store/index.ts';
import { json, repositoryOf } from './body.ts';

const optional = Type.Optional;
const DEFAULT_SECONDS = 600;

export const Ci = Type.Object({
  command: Type.String({ minLength: 1 }),
  env: optional(Type.Record(Type.String(), Type.String())),
  path: optional(Type.Array(Type.String())),
  timeoutSeconds: optional(Type.Number({ exclusiveMinimum: 0, maximum: 86_400 })),
});

export function ciOf({ command, env = {}, path = [], timeoutSeconds = DEFAULT_SECONDS }: Static<typeof Ci>): CiConfig {
  return { command, env, path, timeoutSeconds };
}

/** How many runs of the forge's own tests are not over, how a repository is tested, and as whom the runner signs for what passed; null where it signs for nothing. */
export function ciRoutes(app: Hono, ctx: Context, attester: Attester | null): void {
  app.get('/ci', (c) => {
    const { id } = ctx.store.apps.first({ slug: CI_APP })!;
    const open = (['queued', 'in_progress'] as const).flatMap((status) => ctx.store.checkRuns.find({ status }));
    return c.json({ open: open.filter(({ appId }) => appId === id).length });
  });
  app.get('/repositories/:owner/:name/ci', (c) => {
    const repo = repositoryOf(ctx, c);
    if (repo.ci === null) throw new Refusal(404, 'The repository has no test command');
    return c.json({ ...repo.ci, attestor: attester?.identityFor(repo) ?? null });
  });
  app.put('/repositories/:owner/:name/ci', async (c) => {
    const ci = ciOf(await json(c, Ci));
    setCi(ctx, repositoryOf(ctx, c), ci);
    return c.body(null, 204);
  });
  app.delete('/repositories/:owner/:name/ci', (c) => {
    setCi(ctx, repositoryOf(ctx, c), null);
    return c.body(null, 204);
  });
}
