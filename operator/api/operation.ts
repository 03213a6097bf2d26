import type { TSchema } from 'typebox';
import { Problem } from '#lib/conductor';

/** What one route takes and answers. */
export interface Operation {
  readonly summary: string;
  /** Scheme of the credential; none where everybody may call. */
  readonly security?: 'pod' | 'task' | 'client' | 'reader' | readonly ('pod' | 'task' | 'client' | 'reader')[];
  readonly request?: TSchema;
  /** True where a call without a body means something else. */
  readonly bodyOptional?: boolean;
  /** Description of each query parameter. */
  readonly query?: Readonly<Record<string, string>>;
  /** Schema of the answer 200, or the media type of one that is no JSON. */
  readonly response?: TSchema | string;
  /** Answers without a body, or with that of `response`, beside 200. */
  readonly also?: Readonly<Record<number, string>>;
  /** Further refusals that this route has, beside those of its security. */
  readonly refusals?: readonly (keyof typeof REFUSALS)[];
}

const REFUSALS = {
  400: 'The request is not understood: no JSON, no push, a bad parameter.',
  401: 'The token is missing, expired, or not for this service.',
  403: 'The token is of another task, or this kind of task may not do that.',
  404: 'There is no such thing.',
  408: 'The body is not here in time.',
  409: 'DeadFence: the task no longer holds its claim; stop. Or what is asked for is not there yet.',
  413: 'The body is too large.',
  422: 'The body does not fit its schema, or the forge refused.',
  429: 'Too many ask at once.',
  502: 'The forge does not answer.',
  503: 'Ask again after Retry-After.',
} as const;

const OF_SECURITY: Readonly<Record<string, readonly (keyof typeof REFUSALS)[]>> = {
  pod: [401, 403, 404, 409, 503],
  task: [401, 403, 409, 503],
  client: [401, 503],
  reader: [401, 503],
};

const json = (schema: TSchema) => ({ 'application/json': { schema } });

/** The OpenAPI operation of a route at `path`, whose parameters stand in braces. */
export function operation(path: string, of: Operation): object {
  const schemes = typeof of.security === 'string' ? [of.security] : (of.security ?? []);
  const refusals = new Set([...schemes.flatMap((scheme) => OF_SECURITY[scheme]!), ...(of.refusals ?? [])]);
  if (path.includes('{')) refusals.add(404);
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => parameter(name!, 'path'));
  for (const [name, description] of Object.entries(of.query ?? {}))
    parameters.push({ ...parameter(name, 'query'), description });
  return {
    summary: of.summary,
    security: schemes.map((scheme) => ({ [scheme]: [] })),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(of.request === undefined ? {} : { requestBody: { required: !of.bodyOptional, content: json(of.request) } }),
    responses: {
      '200': { description: 'Done.', ...contentOf(of.response) },
      ...Object.fromEntries(Object.entries(of.also ?? {}).map(([status, description]) => [status, { description }])),
      ...Object.fromEntries([...refusals].sort().map((status) => [status, refusalOf(status, path)])),
    },
  };
}

function parameter(name: string, place: 'path' | 'query'): Record<string, unknown> {
  return { name, in: place, required: place === 'path', schema: { type: 'string' } };
}

function contentOf(response: Operation['response']): object {
  if (response === undefined) return {};
  return { content: typeof response === 'string' ? { [response]: {} } : json(response) };
}

/** A git client shows text to whoever pushes; everybody else is answered with a problem document. */
function refusalOf(status: keyof typeof REFUSALS, path: string): object {
  const content = path.includes('/git/') ? { 'text/plain': {} } : { 'application/problem+json': { schema: Problem } };
  return { description: REFUSALS[status], content };
}
