import { type Static, Type } from 'typebox';
import { ConductorError, refusal } from './error.ts';
import type { ReaderOptions } from './reader.ts';

/** What a person would approve: the document that is signed, and the digest (hex) that the signature names. */
export const ApprovalResponse = Type.Object({
  scope: Type.Union([Type.Literal('dispatch'), Type.Literal('interface'), Type.Literal('merge')]),
  digest: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  document: Type.Record(Type.String(), Type.Unknown()),
});
export type ApprovalResponse = Static<typeof ApprovalResponse>;

/** The document of an issue for a scope, as it is now. Throws ConductorError; `Unavailable` may be tried again. */
export async function readApproval(
  reader: ReaderOptions & { readonly issue: string },
  scope: ApprovalResponse['scope'],
): Promise<ApprovalResponse> {
  const { url, token, namespace, issue, fetch: send = fetch } = reader;
  const path = `/v1/namespaces/${encodeURIComponent(namespace)}/issues/${encodeURIComponent(issue)}/approval`;
  const target = new URL(path, url);
  target.searchParams.set('scope', scope);
  const what = `GET ${target.pathname}`;
  let response: Response;
  try {
    response = await send(target, { headers: { accept: 'application/json', authorization: `Bearer ${token}` } });
  } catch (cause) {
    throw new ConductorError('Unavailable', `${what}: the conductor at ${url} does not answer`, { cause });
  }
  if (!response.ok) throw refusal(what, response.status, await response.json().catch(() => undefined));
  return (await response.json()) as ApprovalResponse;
}
