import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { approvalDigest, approvalDocument, approvalStatement, judgeApproval, statementPayloadType } from '#domain';
import { openBundle, readTrust, signStatement } from '#lib/attest';
import { signInWithBrowser, withCode } from '../../../cli/approve/sign-in.ts';
import { approvalInput } from '../../../domain/testing/approval.ts';
import { startTrust } from '../../../local/trust/index.ts';

const PERSON = { email: 'ada@example.com', name: 'Ada' };
/** A change of the size that people still read. */
const PATHS = 200;

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

/**
 * Verifies one merge Approval so often, offline: bundle, certificate, log entry, timestamp, statement, digest and signer, each
 * time from its text. Answers milliseconds each. Throws where it does not hold.
 */
export async function measureApprovals({ times }: { readonly times: number }): Promise<number[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'rig-bench-'));
  const signInCode = randomBytes(24).toString('hex');
  const trust = await startTrust({ dataDir, person: PERSON, signInCode, codeFile: '' });
  try {
    const input = approvalInput('merge');
    const paths = Array.from({ length: PATHS }, (_, index) => `src/part-${index}/file.ts`);
    const document = approvalDocument({ ...input, change: { ...input.change!, paths } });
    const digest = approvalDigest(document, sha256);
    const identityToken = await signInWithBrowser(trust.url, withCode(signInCode, trust.url));
    const services = { fulcioURL: trust.url, rekorURL: trust.url, timestampURL: trust.url };
    const statement = JSON.stringify(approvalStatement(document, digest));
    const bundle = await signStatement(statement, { payloadType: statementPayloadType, identityToken, services });
    const root = readTrust(JSON.stringify(trust.root));
    const humans = [{ subject: PERSON.email, issuer: trust.url, logins: [], groups: [] }];
    const people = { humans, machines: [], fourEyes: null, authors: [], revoked: () => false };
    const question = { scope: 'merge', digest, ...people, sha256 } as const;
    return Array.from({ length: times }, () => {
      const started = performance.now();
      const verdict = judgeApproval(openBundle(bundle, root), { ...question, now: Date.now() });
      const took = performance.now() - started;
      if (!verdict.verified) throw new Error(verdict.message);
      return took;
    });
  } finally {
    await trust.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}
