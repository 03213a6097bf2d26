import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';
import type { ApprovalDocument } from './document.ts';

const MergeDocument = Type.Object({
  clusterUID: Type.String(),
  namespace: Type.String(),
  name: Type.String(),
  uid: Type.String(),
  forge: Type.Object({ host: Type.String(), repositoryId: Type.Integer() }),
  baseBranch: Type.String(),
  pullRequest: Type.Object({
    number: Type.Integer(),
    headSHA: Type.String(),
    manifests: Type.Array(Type.String()),
  }),
});

/** What a document v1 of scope merge says of which merge it is, and of what it consents to beside that. */
export type MergeDocument = Static<typeof MergeDocument>;

/** Reads it from a document, whoever wrote that; null where a part of it is not there, or is something else. */
export function mergeOf(document: ApprovalDocument): MergeDocument | null {
  return Check(MergeDocument, document) ? document : null;
}
