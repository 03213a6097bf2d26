import { Type } from 'typebox';
import { createAttestation } from '../model/index.ts';
import { created, ok } from './answer.ts';
import type { Routes } from './server.ts';

const NewAttestation = Type.Object({
  bundle: Type.Object({
    mediaType: Type.Optional(Type.String()),
    verificationMaterial: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    dsseEnvelope: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  }),
});
const PAGE = 30;

export const attestationRoutes: Routes = {
  'POST /repos/{owner}/{repo}/attestations': (call) => {
    call.need('write');
    const { bundle } = call.json(NewAttestation);
    return created({ id: createAttestation(call.ctx, call.repo, bundle) });
  },
  'GET /repos/{owner}/{repo}/attestations/{subject_digest}': (call) => {
    const where = { repoId: call.repo.id, digest: call.param('subject_digest') };
    const rows = call.ctx.store.attestations.find(where, { limit: PAGE, descending: true });
    return ok({ attestations: rows.map(({ bundle, repoId }) => ({ bundle, repository_id: repoId })) });
  },
};
