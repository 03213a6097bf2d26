import { type Static, Type } from 'typebox';
import { read } from './read.ts';
import type { ReaderOptions } from './reader.ts';

/** What a person would approve: the document that is signed, and the digest (hex) that the signature names. */
export const ApprovalResponse = Type.Object({
  scope: Type.Union([Type.Literal('dispatch'), Type.Literal('interface'), Type.Literal('merge')]),
  digest: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  document: Type.Record(Type.String(), Type.Unknown()),
  /** The plan that an interface is approved by, whose digest the document has. */
  plan: Type.Optional(Type.String({ maxLength: 32_768 })),
});
export type ApprovalResponse = Static<typeof ApprovalResponse>;

/** The document of an issue for a scope, as it is now. Throws ConductorError; `Unavailable` may be tried again. */
export async function readApproval(
  reader: ReaderOptions & { readonly issue: string },
  scope: ApprovalResponse['scope'],
): Promise<ApprovalResponse> {
  const path = `issues/${encodeURIComponent(reader.issue)}/approval`;
  const response = await read(reader, { path, query: { scope } });
  return (await response.json()) as ApprovalResponse;
}
