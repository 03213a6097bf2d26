import * as contract from '#lib/conductor';
import { type Operation, operation } from './operation.ts';

const NS = '/v1/namespaces/{ns}';
const TASK = `${NS}/tasks/{name}`;

const described = (type: string, description: string) => ({ type, scheme: 'bearer', description });
const securitySchemes = {
  pod: described('http', 'A ServiceAccount token of the task’s pod for the audience rig-conductor.'),
  task: { ...described('http', 'The task token, from POST …/token.'), bearerFormat: 'JWT' },
  client: described('http', 'The client credential of an Agent with dispatch pull, from the Secret that it names.'),
  reader: described('http', 'The static token of people and dashboards.'),
};

const open: Record<string, Operation> = {
  'GET /healthz': { summary: 'The process is alive.', response: contract.HealthResponse },
  'GET /healthz/deep': {
    summary: 'Each thing the process stands on.',
    response: contract.DeepHealthResponse,
    also: { 503: 'One of them does not hold.' },
  },
  'GET /readyz': {
    summary: 'Caches are filled and, on the leader, controllers run.',
    response: contract.ReadyResponse,
    also: { 503: 'What is missing.' },
  },
  'GET /v1/jwks': { summary: 'Public keys of task tokens.', response: contract.KeysResponse },
  'POST /webhooks/github': {
    summary: 'Store a delivery of the forge.',
    also: { 202: 'Stored.' },
    refusals: [400, 401, 404, 408, 413, 503],
  },
};

/** Calls with a body of a live task: what every one of them may be refused for. */
const delivery = (summary: string, rest: Omit<Operation, 'summary'>): Operation => ({
  summary,
  security: 'task',
  refusals: [400, 413, 422, 502],
  ...rest,
});

const tasks: Record<string, Operation> = {
  [`GET ${NS}/assignments/next`]: {
    summary: 'The task that an Agent which pulls its work does next; the same until it is started.',
    security: 'client',
    query: {
      agentId: 'Name of the Agent.',
      wait: 'Seconds to wait for work, at most 60; default 0.',
    },
    response: contract.NextAssignment,
    also: { 204: 'There is no work.' },
    refusals: [400, 429],
  },
  [`POST ${TASK}/token`]: {
    summary:
      'Exchange the identity of a pod, or with a body the client credential, for task tokens. It starts the task.',
    security: ['pod', 'client'],
    request: contract.TokenRequest,
    bodyOptional: true,
    response: contract.TokenResponse,
    refusals: [400, 413, 422],
  },
  [`GET ${TASK}`]: {
    summary: 'Read the assignment.',
    security: 'task',
    response: contract.Assignment,
    refusals: [422, 502],
  },
  [`GET ${TASK}/fence`]: {
    summary: 'Whether the claim is live.',
    security: 'task',
    response: contract.FenceResponse,
  },
  [`GET ${TASK}/egress`]: {
    summary: 'Where the task may connect to, and whether its claim is live.',
    security: 'task',
    response: contract.EgressResponse,
  },
  [`POST ${TASK}/heartbeat`]: {
    summary: 'Give a sign of life.',
    security: 'task',
    response: contract.HeartbeatResponse,
  },
  [`POST ${TASK}/events`]: delivery('Report progress or the outcome.', {
    request: contract.EventsRequest,
    response: contract.Empty,
  }),
  [`POST ${TASK}/pull-request`]: delivery('Open or describe the pull request of the branch.', {
    request: contract.PullRequestRequest,
    response: contract.PullRequestResponse,
  }),
  [`POST ${TASK}/comments`]: delivery('Comment on the issue or pull request.', {
    request: contract.CommentRequest,
    response: contract.CommentResponse,
  }),
  [`POST ${TASK}/plan`]: delivery('Propose how the work would be done.', {
    request: contract.PlanRequest,
    response: contract.PlanResponse,
  }),
  [`POST ${TASK}/verdict`]: delivery('Submit the review.', {
    request: contract.VerdictRequest,
    response: contract.VerdictResponse,
  }),
  [`POST ${TASK}/threads`]: delivery('Resolve or reopen review threads.', {
    request: contract.ThreadsRequest,
    response: contract.ThreadsResponse,
  }),
  [`GET ${TASK}/git/info/refs`]: {
    summary: 'Smart HTTP: refs.',
    security: 'task',
    query: { service: 'git-upload-pack or git-receive-pack.' },
    response: 'application/x-git-upload-pack-advertisement',
    refusals: [422, 502],
  },
  [`POST ${TASK}/git/git-upload-pack`]: delivery('Smart HTTP: fetch.', {
    response: 'application/x-git-upload-pack-result',
  }),
  [`POST ${TASK}/git/git-receive-pack`]: delivery('Smart HTTP: push of the task’s one branch.', {
    response: 'application/x-git-receive-pack-result',
  }),
};

const readers: Record<string, Operation> = {
  [`GET ${NS}/issues`]: {
    summary: 'List issues.',
    security: 'reader',
    query: { state: 'open, closed or a phase.', after: 'Name to go on behind.', limit: 'At most 500, the default.' },
    response: contract.IssuesResponse,
    refusals: [400],
  },
  [`GET ${NS}/queue`]: {
    summary: 'List what waits for an Agent.',
    security: 'reader',
    response: contract.QueueResponse,
  },
  [`GET ${NS}/agents`]: { summary: 'List Agents.', security: 'reader', response: contract.AgentsResponse },
  [`GET ${NS}/events`]: {
    summary: 'Read the log, or with Accept: text/event-stream follow it live.',
    security: 'reader',
    query: {
      issue: 'Only of this Issue.',
      stream: 'Only of this stream.',
      after: 'Cursor to go on from.',
      limit: 'At most 500, the default.',
    },
    response: contract.EventsResponse,
    refusals: [400, 404],
  },
  [`GET ${NS}/issues/{name}/approval`]: {
    summary: 'What a person would sign of an issue, as it is now, and its digest.',
    security: 'reader',
    query: { scope: 'dispatch, interface or merge.' },
    response: contract.ApprovalResponse,
    refusals: [400, 422, 503],
  },
  [`GET ${NS}/ledger`]: {
    summary: 'What each Agent is trusted with, by class of work and model.',
    security: 'reader',
    query: {
      agent: 'Only of the Agent of this name.',
      class: 'Only of this class of work.',
      explain: 'Anything: with the changes that each line hangs on.',
    },
    response: contract.LedgerResponse,
  },
  [`GET ${NS}/report`]: {
    summary: 'How long issues took to be merged and live, and what they took of people, from the log alone.',
    security: 'reader',
    query: { since: 'From this moment on.', by: 'week, the default, agent or class.' },
    response: contract.ReportResponse,
    refusals: [400],
  },
};

/** The OpenAPI 3.1 document of the conductor API, made from the schemas that the routes check with. */
export function openapi(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [route, of] of Object.entries({ ...open, ...tasks, ...readers })) {
    const [method, path] = route.split(' ') as [string, string];
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(path, of) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Rig conductor', version: 'v1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    components: { securitySchemes },
    paths,
  };
}
