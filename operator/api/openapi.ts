import type { TSchema } from 'typebox';
import * as contract from '#lib/conductor';

const json = (schema: TSchema) => ({ content: { 'application/json': { schema } } });
const answer = (description: string, schema?: TSchema) => ({
  description,
  ...(schema === undefined ? {} : json(schema)),
});

const refusals = {
  '401': { description: 'The token is missing, expired, or not for this service.' },
  '409': { description: 'DeadFence: the task no longer holds its claim; stop.' },
};

function call(summary: string, answers: { request?: TSchema; response?: TSchema; security?: string }): object {
  return {
    summary,
    security: [{ [answers.security ?? 'task']: [] }],
    ...(answers.request === undefined ? {} : { requestBody: { required: true, ...json(answers.request) } }),
    responses: { '200': answer('Done.', answers.response), ...refusals },
  };
}

/** The OpenAPI 3.1 document of the conductor API, made from the schemas that the routes check with. */
export function openapi(): object {
  const task = '/v1/namespaces/{ns}/tasks/{name}';
  const ns = '/v1/namespaces/{ns}';
  const reader = 'reader';
  return {
    openapi: '3.1.0',
    info: { title: 'Rig conductor', version: 'v1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    components: {
      securitySchemes: {
        pod: {
          type: 'http',
          scheme: 'bearer',
          description: 'A ServiceAccount token of the task\u2019s pod for the audience rig-conductor.',
        },
        task: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The task token, from POST \u2026/token.',
        },
        reader: { type: 'http', scheme: 'bearer', description: 'The static token of people and dashboards.' },
      },
    },
    paths: {
      '/webhooks/github': {
        post: {
          summary: 'Store a delivery of the forge.',
          responses: {
            '202': { description: 'Stored.' },
            '200': { description: 'Stored before.' },
            '401': { description: 'Bad signature.' },
            '413': { description: 'Over 25 MiB.' },
          },
        },
      },
      '/v1/jwks': {
        get: { summary: 'Public keys of task tokens.', responses: { '200': { description: 'A JWK set.' } } },
      },
      '/healthz': { get: { summary: 'The process is alive.', responses: { '200': { description: 'Alive.' } } } },
      '/readyz': {
        get: {
          summary: 'Caches are filled and, on the leader, controllers run.',
          responses: { '200': { description: 'Ready.' }, '503': { description: 'What is missing.' } },
        },
      },
      [`${task}/token`]: {
        post: call('Exchange the pod\u2019s identity for task tokens.', {
          response: contract.TokenResponse,
          security: 'pod',
        }),
      },
      [task]: { get: call('Read the assignment.', { response: contract.Assignment }) },
      [`${task}/fence`]: { get: call('Whether the claim is live.', { response: contract.FenceResponse }) },
      [`${task}/egress`]: {
        get: call('Where the task may connect to, and whether its claim is live.', {
          response: contract.EgressResponse,
        }),
      },
      [`${task}/heartbeat`]: { post: call('Give a sign of life.', { response: contract.HeartbeatResponse }) },
      [`${task}/events`]: { post: call('Report progress or the outcome.', { request: contract.EventsRequest }) },
      [`${task}/pull-request`]: {
        post: call('Open or describe the pull request of the branch.', {
          request: contract.PullRequestRequest,
          response: contract.PullRequestResponse,
        }),
      },
      [`${task}/comments`]: {
        post: call('Comment on the issue or pull request.', {
          request: contract.CommentRequest,
          response: contract.CommentResponse,
        }),
      },
      [`${task}/verdict`]: {
        post: call('Submit the review.', { request: contract.VerdictRequest, response: contract.VerdictResponse }),
      },
      [`${task}/threads`]: {
        post: call('Resolve or reopen review threads.', {
          request: contract.ThreadsRequest,
          response: contract.ThreadsResponse,
        }),
      },
      [`${task}/git/info/refs`]: { get: call('Smart HTTP: refs.', {}) },
      [`${task}/git/git-upload-pack`]: { post: call('Smart HTTP: fetch.', {}) },
      [`${task}/git/git-receive-pack`]: { post: call('Smart HTTP: push of the task\u2019s one branch.', {}) },
      [`${ns}/issues`]: { get: call('List issues.', { security: reader }) },
      [`${ns}/queue`]: { get: call('List what waits for an Agent.', { security: reader }) },
      [`${ns}/agents`]: { get: call('List Agents.', { security: reader }) },
      [`${ns}/events`]: { get: call('Read the log, or follow it live.', { security: reader }) },
    },
  };
}
