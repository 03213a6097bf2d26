import { createHash } from 'node:crypto';
import type { ApprovalInput, ApprovalScope } from '../approval/document.ts';

/** The hash that the rules are given: sha256 of the text's UTF-8, in hex. */
export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** An issue with a plan and a pull request, as a document of the scope takes it. */
export function approvalInput(scope: ApprovalScope): ApprovalInput {
  return {
    scope,
    clusterUID: '4f0c8a52-3b1e-4b6e-9d2a-0c9b6a1d7e55',
    namespace: 'acme',
    name: 'shop-42',
    uid: '0b0e8f1e-6a5d-4d8e-9e55-3d2f1c0b9a87',
    forge: { host: 'github.com', repositoryId: 812_345_678, number: 42 },
    baseBranch: 'main',
    effectiveTier: 'T3',
    taskClass: 'feature',
    title: 'Keep sessions in the database',
    body: 'Sessions are lost at every restart.\n',
    taskSpec: { goal: 'A restart keeps sessions.', acceptance: ['A test restarts the server.'] },
    planDigest: `sha256:${sha256('a plan')}`,
    change: {
      number: 57,
      headSHA: 'a'.repeat(40),
      baseSHA: 'b'.repeat(40),
      paths: ['src/session.ts', 'db/0007.sql'],
      manifests: [sha256('a manifest')],
    },
  };
}
