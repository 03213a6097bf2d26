import { type Context, Hono } from 'hono';
import type { TSchema } from 'typebox';
import { parseFence } from '#domain';
import {
  CommentRequest,
  EventsRequest,
  type FenceResponse,
  type HeartbeatResponse,
  PlanRequest,
  PullRequestRequest,
  TASK_TOKEN_AUDIENCES,
  ThreadsRequest,
  TokenRequest,
  VerdictRequest,
} from '#lib/conductor';
import type { Queryable } from '#lib/db';
import { HttpError, observeRequests } from '#lib/http';
import { continueFrom, correlate, type Logger, type Metrics, noMetrics, traced } from '#lib/observe';
import type { PresentReader } from '../approvals/present.ts';
import { approvalView } from '../approvals/view.ts';
import { refuseBehind } from '../audit/guard.ts';
import type { GitGateway } from '../gateway/routes.ts';
import type { Conductor } from '../issues/context.ts';
import { ledgerView } from '../ledger/view.ts';
import type { Pull } from '../pull/routes.ts';
import { reportView } from '../report/view.ts';
import { findTask, heartbeat } from '../store/tasks.ts';
import { type ExchangeOptions, exchange } from '../tokens/exchange.ts';
import { assignmentOf } from './assignment.ts';
import { Bodies } from './bodies.ts';
import { bearerOf, deadFence, identify, liveCall, type TaskCall } from './caller.ts';
import { comment, openPullRequest, reportEvents } from './deliver.ts';
import { egressOf } from './egress.ts';
import type { History } from './history.ts';
import { agentsView, listIssues, queueView } from './listings.ts';
import { requireNames } from './names.ts';
import { openapi } from './openapi.ts';
import { proposePlan } from './plan.ts';
import type { ReaderToken } from './readers.ts';
import { refuse } from './refusal.ts';
import { settleThreads, submitVerdict } from './review.ts';

/** What the API serves. `ready` answers one sentence for each thing that is still missing. */
export interface ApiOptions {
  readonly conductor: Conductor;
  readonly exchange: ExchangeOptions;
  readonly pull: Pull;
  readonly gateway: GitGateway;
  /** Says what a person would approve. */
  readonly present: PresentReader;
  readonly intake: (context: Context) => Promise<Response>;
  readonly history: History;
  readonly readers: ReaderToken;
  readonly ready: () => Promise<readonly string[]>;
  /** Each thing this program stands on. Default: nothing is said. */
  readonly deep?: () => Promise<{ status: 200 | 503; dependencies: readonly object[] }>;
  readonly db: Queryable;
  readonly logger: Logger;
  /** Default none. */
  readonly metrics?: Metrics;
}

const TASK = '/v1/namespaces/:ns/tasks/:name';

/** The conductor API. Every refusal is a problem document (RFC 9457) with a reason and one sentence. */
export function createApi(options: ApiOptions): Hono {
  const app = new Hono();
  app.use(observeRequests(options.metrics ?? noMetrics));
  app.onError(refuse(options.logger));
  app.notFound((context) => {
    throw new HttpError(
      'NotFound',
      'NoRoute',
      `There is no ${context.req.method} ${context.req.path}; /openapi.json lists what there is.`,
    );
  });
  app.get('/healthz', (context) => context.json({ ok: true }));
  app.get('/readyz', async (context) => {
    const waitingFor = await options.ready();
    return context.json({ ok: waitingFor.length === 0, waitingFor }, waitingFor.length === 0 ? 200 : 503);
  });
  app.get('/healthz/deep', async (context) => {
    const { status, dependencies } = (await options.deep?.()) ?? { status: 200, dependencies: [] };
    return context.json({ ok: status === 200, dependencies }, status);
  });
  app.use('/v1/namespaces/:ns/*', requireNames);
  for (const fenced of ['tasks', 'assignments'])
    app.use(`/v1/namespaces/:ns/${fenced}/*`, refuseBehind(options.conductor.mark));
  app.get('/openapi.json', (context) => context.json(openapi()));
  app.get('/v1/jwks', (context) => context.json(options.exchange.tokens.jwks()));
  app.post('/webhooks/github', options.intake);
  addTaskRoutes(app, options);
  addGitRoutes(app, options);
  addReaderRoutes(app, options);
  return app;
}

function addTaskRoutes(app: Hono, options: ApiOptions): void {
  const { conductor } = options;
  const { tokens } = options.exchange;
  const bodies = new Bodies();
  const pathOf = (context: Context) => ({ namespace: context.req.param('ns')!, task: context.req.param('name')! });
  const called = async (context: Context) =>
    liveCall(conductor, await identify(tokens, pathOf(context), context.req.header('authorization')));
  const post = <S extends TSchema, A extends object>(
    route: string,
    schema: S,
    handle: (call: TaskCall, body: never) => Promise<A>,
  ) =>
    app.post(`${TASK}/${route}`, async (context) => {
      const call = await called(context);
      const body = (await bodies.read(context, schema)) as never;
      return context.json(await served(context, route, call.task.name, () => handle(call, body)));
    });

  app.post(`${TASK}/token`, async (context) => {
    const { namespace, task } = pathOf(context);
    const header = context.req.header('authorization');
    const bearer = bearerOf(header);
    const asked = await bodies.optional(context, TokenRequest);
    return context.json(
      asked === undefined
        ? await exchange(options.exchange, namespace, task, bearer)
        : await options.pull.exchange(options.exchange, { namespace, task }, header, asked.client),
    );
  });
  app.get('/v1/namespaces/:ns/assignments/next', (context) => options.pull.next(context, context.req.param('ns')));
  app.get(TASK, async (context) => {
    const call = await called(context);
    return context.json(await served(context, 'assignment', call.task.name, () => assignmentOf(conductor, call)));
  });
  app.get(`${TASK}/fence`, async (context) => context.json(await fenceOf(options, context, pathOf(context))));
  app.get(`${TASK}/egress`, async (context) => {
    const header = context.req.header('authorization');
    return context.json(await egressOf(conductor, await identify(tokens, pathOf(context), header, 'rig-egress')));
  });
  app.post(`${TASK}/heartbeat`, async (context) => context.json(await beat(options, context, pathOf(context))));
  app.post(`${TASK}/events`, async (context) => {
    const identity = await identify(tokens, pathOf(context), context.req.header('authorization'));
    const { events } = await bodies.read(context, EventsRequest);
    await served(context, 'events', identity.task, () => reportEvents(conductor, identity, events));
    return context.json({});
  });
  post('pull-request', PullRequestRequest, (call, body: PullRequestRequest) => openPullRequest(conductor, call, body));
  post('comments', CommentRequest, (call, body: CommentRequest) => comment(conductor, call, body));
  post('plan', PlanRequest, (call, body: PlanRequest) => proposePlan(conductor, call, body));
  post('verdict', VerdictRequest, (call, body: VerdictRequest) => submitVerdict(conductor, call, body));
  post('threads', ThreadsRequest, (call, body: ThreadsRequest) => settleThreads(conductor, call, body));
}

/** What a task asked for, under the span that its request names. Heartbeats and questions about the fence are too many for that. */
function served<T>(context: Context, what: string, task: string, work: () => Promise<T>): Promise<T> {
  continueFrom(context.req.header('traceparent'));
  return traced(`task ${what}`, { kind: 'server', attributes: { 'rig.task': task } }, work);
}

async function beat(
  options: ApiOptions,
  context: Context,
  path: { namespace: string; task: string },
): Promise<HeartbeatResponse> {
  const { conductor, exchange: exchangeOptions } = options;
  const identity = await identify(exchangeOptions.tokens, path, context.req.header('authorization'));
  const row = await findTask(conductor.log.pool, path.namespace, path.task);
  if (row === null || fenceText(row) !== identity.fence) throw deadFence(path.task);
  const live = await heartbeat(conductor.log.pool, path.namespace, path.task, conductor.now());
  return { deadline: new Date(row.deadline).toISOString(), cancel: !live };
}

async function fenceOf(
  options: ApiOptions,
  context: Context,
  path: { namespace: string; task: string },
): Promise<FenceResponse> {
  const identity = await options.exchange.tokens.verify(
    bearerOf(context.req.header('authorization')),
    TASK_TOKEN_AUDIENCES,
  );
  if (identity.namespace !== path.namespace || identity.task !== path.task)
    throw new HttpError('Forbidden', 'NotTheTask', 'The token is of another task.');
  correlate(identity.issue);
  const row = await findTask(options.conductor.log.pool, path.namespace, path.task);
  return {
    live:
      row !== null && row.endedAt === null && fenceText(row) === identity.fence && parseFence(identity.fence) !== null,
    fence: identity.fence,
  };
}

function fenceText({ fence }: { fence: { epoch: number; sequence: number } }): string {
  return `${fence.epoch}.${fence.sequence}`;
}

function addGitRoutes(app: Hono, { gateway, exchange: { tokens } }: ApiOptions): void {
  const identityOf = (context: Context) =>
    identify(
      tokens,
      { namespace: context.req.param('ns')!, task: context.req.param('name')! },
      context.req.header('authorization'),
    );
  app.get(`${TASK}/git/info/refs`, async (context) => gateway.refs(context, await identityOf(context)));
  app.post(`${TASK}/git/git-upload-pack`, async (context) => gateway.fetch(context, await identityOf(context)));
  app.post(`${TASK}/git/git-receive-pack`, async (context) => gateway.push(context, await identityOf(context)));
}

function addReaderRoutes(app: Hono, { conductor, readers, history, present }: ApiOptions): void {
  const read = (route: string, handle: (context: Context, namespace: string) => Promise<Response> | Response) =>
    app.get(`/v1/namespaces/:ns/${route}`, async (context) => {
      await readers.require(context.req.header('authorization'));
      return handle(context, context.req.param('ns')!);
    });
  read('issues', (context, namespace) => context.json(listIssues(conductor, namespace, context.req.query())));
  read('queue', async (context, namespace) => context.json(await queueView(conductor, namespace)));
  read('agents', async (context, namespace) => context.json(await agentsView(conductor, namespace)));
  read('events', (context, namespace) => history.serve(context, namespace));
  read('ledger', async (context, namespace) =>
    context.json(await ledgerView(conductor.log.pool, namespace, context.req.query(), conductor.trust())),
  );
  read('issues/:name/approval', async (context, namespace) => {
    const asked = { namespace, name: context.req.param('name')!, scope: context.req.query('scope') };
    return context.json(await approvalView(conductor, present, asked));
  });
  read('report', async (context, namespace) =>
    context.json(await reportView(conductor.log.pool, namespace, context.req.query())),
  );
}
