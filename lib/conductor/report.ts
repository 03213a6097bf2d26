import { type Static, Type } from 'typebox';
import { ConductorError, refusal } from './error.ts';
import type { ReaderOptions } from './reader.ts';

const count = Type.Integer({ minimum: 0 });
const spread = Type.Union([Type.Object({ count, p50: Type.Number(), p95: Type.Number() }), Type.Null()]);
const group = Type.Object({
  key: Type.String(),
  issues: count,
  done: count,
  failed: count,
  cancelled: count,
  open: count,
  filedToMerged: spread,
  filedToLive: spread,
  touchesPerIssue: Type.Number(),
  untouched: count,
  asked: count,
  attempts: count,
  tokens: count,
  costUSD: Type.Null(),
});

/** What became of the issues of a namespace, by week, Agent or class; durations in ms. */
export const ReportResponse = Type.Object({
  namespace: Type.String(),
  since: Type.Union([Type.String(), Type.Null()]),
  by: Type.Union([Type.Literal('week'), Type.Literal('agent'), Type.Literal('class')]),
  all: group,
  groups: Type.Array(group),
});
export type ReportResponse = Static<typeof ReportResponse>;

export interface ReportQuery {
  /** RFC 3339; from the beginning of the log without it. */
  readonly since?: string | undefined;
  /** Default `week`. */
  readonly by?: 'week' | 'agent' | 'class' | undefined;
}

/** The report of a namespace. Throws ConductorError; `Unavailable` may be tried again. */
export async function readReport(reader: ReaderOptions, { since, by = 'week' }: ReportQuery): Promise<ReportResponse> {
  const { url, token, namespace, fetch: send = fetch } = reader;
  const target = new URL(`/v1/namespaces/${encodeURIComponent(namespace)}/report`, url);
  target.searchParams.set('by', by);
  if (since !== undefined) target.searchParams.set('since', since);
  const what = `GET ${target.pathname}`;
  const headers = { accept: 'application/json', authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await send(target, { headers });
  } catch (cause) {
    throw new ConductorError('Unavailable', `${what}: the conductor at ${url} does not answer`, { cause });
  }
  if (!response.ok) throw refusal(what, response.status, await response.json().catch(() => undefined));
  return (await response.json()) as ReportResponse;
}
