import { Hono } from 'hono';
import { Check } from 'typebox/value';
import { TrustError } from '../error.ts';
import { knows } from '../knows.ts';
import { Run } from './run.ts';
import type { WorkloadTokens } from './tokens.ts';

/** Under which path of the services workloads are vouched for. */
export const CI_PATH = '/ci';

/** Who vouches for workloads, and to whom. */
export interface Workloads {
  readonly tokens: WorkloadTokens;
  /** What the runner of the forge alone knows. */
  readonly secret: string;
}

/** An issuer of identity tokens for workflows: whoever runs them describes a run, and is given its token. */
export function workloadRoutes({ tokens, secret }: Workloads): Hono {
  const { issuer } = tokens;
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header('Cache-Control', 'no-store');
  });
  app.get('/.well-known/openid-configuration', (context) =>
    context.json({
      issuer,
      jwks_uri: `${issuer}/keys`,
      subject_types_supported: ['public'],
      response_types_supported: ['id_token'],
      id_token_signing_alg_values_supported: ['ES256'],
    }),
  );
  app.get('/keys', async (context) => context.json(await tokens.keys()));
  app.post('/token', async (context) => {
    const said = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
    if (!knows(said, secret))
      throw new TrustError('BadToken', 'Only the runner of the forge asks here, by its secret.');
    const run: unknown = await context.req.json();
    if (!Check(Run, run)) throw new TrustError('BadRequest', 'The body does not describe the run of a workflow.');
    return context.json({ value: await tokens.issue(run) });
  });
  return app;
}
