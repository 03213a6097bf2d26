import { Ajv2020 } from 'ajv/dist/2020.js';
import { type Context, Hono } from 'hono';
import type { TSchema } from 'typebox';
import {
  type Assignment,
  CommentRequest,
  EventsRequest,
  PlanRequest,
  PullRequestRequest,
  type TaskEvent,
  ThreadsRequest,
  VerdictRequest,
} from '#lib/conductor';

type Refuse = (call: string) => { status: 401 | 404 | 409 | 503; reason: string } | undefined;

export interface ConductorDouble {
  readonly app: Hono;
  /** What was called, in order, by the last part of its path with its body. */
  readonly seen: { readonly call: string; readonly body: unknown }[];
  readonly events: TaskEvent[];
  cancel: boolean;
  refuse: Refuse;
  bodies(call: string): unknown[];
}

const BODIES: Record<string, TSchema> = {
  events: EventsRequest,
  'pull-request': PullRequestRequest,
  comments: CommentRequest,
  plan: PlanRequest,
  verdict: VerdictRequest,
  threads: ThreadsRequest,
};
const ajv = new Ajv2020({ strict: false });

/** Answers the task's calls as the conductor does, holds bodies to the contract, and remembers them. */
export function conductorDouble(assignment: Assignment, now: () => number = Date.now): ConductorDouble {
  const app = new Hono();
  const double: ConductorDouble = {
    app,
    seen: [],
    events: [],
    cancel: false,
    refuse: () => undefined,
    bodies: (call) => double.seen.filter((each) => each.call === call).map(({ body }) => body),
  };
  const root = `/v1/namespaces/${assignment.task.namespace}/tasks/${assignment.task.name}`;
  app.all(`${root}/:call?`, async (c) => {
    const call = c.req.param('call') ?? 'assignment';
    const body = c.req.method === 'POST' ? await c.req.json().catch(() => undefined) : undefined;
    double.seen.push({ call, body });
    const refused = double.refuse(call);
    if (refused) return c.json({ reason: refused.reason, detail: 'Refused by the double.' }, refused.status);
    const schema = BODIES[call];
    if (schema && !ajv.validate(schema, body)) return c.json({ reason: 'BadBody', detail: ajv.errorsText() }, 404);
    if (call === 'events') double.events.push(...(body as EventsRequest).events);
    return answer(c, call, assignment, double, now);
  });
  return double;
}

const TOKENS = { conductor: 'conductor-token', proxy: 'proxy-token', egress: 'egress-token' };

function answer(
  c: Context,
  call: string,
  assignment: Assignment,
  double: ConductorDouble,
  now: () => number,
): Response {
  const expiresAt = new Date(now() + 600_000).toISOString();
  if (call === 'assignment') return c.json(assignment);
  if (call === 'token') return c.json({ tokens: TOKENS, expiresAt });
  if (call === 'heartbeat') return c.json({ deadline: assignment.task.deadline, cancel: double.cancel });
  if (call === 'pull-request') return c.json({ number: 12, url: 'http://forge.test/12', headSHA: '0'.repeat(40) });
  if (call === 'comments') return c.json({ url: 'http://forge.test/c' });
  if (call === 'verdict') return c.json({ submitted: true, reason: null });
  if (call === 'plan') return c.json({ url: 'http://forge.test/p', digest: 'sha256:0' });
  if (call === 'threads') return c.json({ resolved: [], reopened: [] });
  return c.body(null, 204);
}
