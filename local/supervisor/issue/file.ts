import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { apiVersion, type Issue, resources } from '#crds';
import type { KubeClient, Resource } from '#lib/kube';
import { checkout } from '../checkout.ts';
import { TENANT } from '../tenant/objects.ts';

export const ISSUES: Resource<Issue> = resources.Issue;
/** The Issue that `npm start` works. */
export const SAMPLE_ISSUE = 'sample';

/** The sample as it stands: made now, or found as an earlier start left it. */
export interface SampleIssue {
  readonly name: string;
  readonly isNew: boolean;
  /** When the API server had accepted it, by `performance.now()`. */
  readonly acceptedAt: number;
}

/** Asks for the sample's work, once for a data directory. Without a number: the conductor files it at the forge. */
export async function fileSample(client: KubeClient, repository: string): Promise<SampleIssue> {
  const name = SAMPLE_ISSUE;
  const found = await client.find(ISSUES, { namespace: TENANT, name });
  if (found) return { name, isNew: false, acceptedAt: performance.now() };
  const { title, body, labels } = parse(
    readFileSync(checkout('local', 'sample', 'issue.yaml'), 'utf8'),
  ) as Issue['spec'];
  await client.create(ISSUES, {
    apiVersion,
    kind: 'Issue',
    metadata: { name, namespace: TENANT },
    spec: { repositoryRef: { name: repository }, title, body, labels, source: 'kubectl' },
  } as Issue);
  return { name, isNew: true, acceptedAt: performance.now() };
}
