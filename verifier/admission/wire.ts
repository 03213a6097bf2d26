import type { Hono } from 'hono';
import type { OpenedBundle } from '#domain';
import { openedOrRefused } from '#lib/attest';
import type { TierPolicies } from '#lib/grading';
import { type KubeClient, NAMESPACES } from '#lib/kube';
import type { Logger, Metrics } from '#lib/observe';
import type { Signatures } from '../approvals/signatures.ts';
import type { TrustReader, TrustView } from '../approvals/trust.ts';
import type { VerifierForges } from '../forge/forges.ts';
import type { Objects } from '../objects.ts';
import { isApproved } from './approved.ts';
import { Consents, type ConsentTrust, sha256 } from './consents.ts';
import { Fates } from './fate.ts';
import { keptFresh } from './fresh.ts';
import { type GoingOnSources, mayGoOn } from './going-on.ts';
import { Admission } from './judge.ts';
import { Machines } from './machines.ts';
import { admissionRoutes } from './routes.ts';
import { wholeOf } from './scale.ts';

export interface AdmissionParts {
  readonly client: Pick<KubeClient, 'get'>;
  readonly objects: Objects;
  readonly forges: VerifierForges;
  readonly policies: TierPolicies;
  readonly trust: TrustReader;
  readonly signatures: Signatures;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** How long it is believed who may approve, in ms: a hundred writes a second are not a hundred reads of three lists. */
const FRESH_MS = 2_000;
const KEPT = 2_000;

/**
 * Admission of a verifier, on every replica, for TLS alone: what is asked about may be a Secret, and the answer is believed. Judging has no side effect:
 * which signatures count is written down by the check, when it has held them against their pull requests.
 */
export function verifierAdmission(parts: AdmissionParts): Hono {
  const { client, objects, forges, policies, now, logger, metrics } = parts;
  const fates = new Fates({ repositories: objects.repositories, forges, now });
  const machines = new Machines({ repositories: objects.repositories, forges, now });
  const counts = { trust: trustOf(parts), clusterUID: clusterOf(client), now };
  const consents = new Consents({
    ...counts,
    approvals: objects.approvals,
    fate: (approved) => fates.of(approved),
    machines: (document, view) => machines.of(document, view),
  });
  const goingOn: GoingOnSources = {
    repositories: objects.repositories,
    policies,
    forges,
    isApproved: (issue, pull) => isApproved({ ...counts, objects }, issue, pull),
  };
  const admission = new Admission({
    consents,
    policies: objects.policies,
    mayGoOn: (issue) => mayGoOn(goingOn, issue),
    wholeOf: (asked) => wholeOf(client, asked),
    logger,
  });
  return admissionRoutes(admission, logger, metrics);
}

function trustOf({ trust, signatures, now }: AdmissionParts): () => Promise<ConsentTrust> {
  const opened = new Map<string, OpenedBundle | null>();
  const open =
    ({ trust: root, rootVersion }: TrustView) =>
    (name: string, bundle: string): OpenedBundle | null => {
      const key = `${name} ${rootVersion}`;
      const known = opened.get(key);
      if (known !== undefined) return known;
      const found = openedOrRefused(bundle, root);
      opened.set(key, 'refused' in found ? null : found);
      const [oldest] = opened.keys();
      if (opened.size > KEPT && oldest !== undefined) opened.delete(oldest);
      return 'refused' in found ? null : found;
    };
  const read = async (): Promise<ConsentTrust> => {
    const [view, { counted, revoked }] = await Promise.all([trust.read(), signatures.standing(0)]);
    const kept = await signatures.consents();
    const opens = open(view);
    return {
      humans: view.humans,
      machines: view.machines,
      counted,
      revoked,
      kept,
      open: ({ metadata, spec }) => opens(metadata.uid!, spec.bundle),
      openText: (bundle) => opens(sha256(bundle), bundle),
    };
  };
  return keptFresh(read, { freshMs: FRESH_MS, now });
}

function clusterOf(client: Pick<KubeClient, 'get'>): () => Promise<string> {
  let known: string | undefined;
  return async () => {
    known ??= (await client.get(NAMESPACES, { name: 'kube-system' })).metadata.uid!;
    return known;
  };
}
