import type { StageFacts } from '#domain';
import type { KubeObject } from '#lib/kube';
import type { Contains } from '../port.ts';

/** A Kustomization of kustomize.toolkit.fluxcd.io/v1, as far as it is read. */
export interface Kustomization extends KubeObject {
  spec?: { suspend?: boolean };
  status?: {
    observedGeneration?: number;
    lastAppliedRevision?: string;
    lastAttemptedRevision?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string; observedGeneration?: number }[];
  };
}

/** Reasons under which Flux is not ready although nothing failed. */
const WAITING = new Set(['Progressing', 'ProgressingWithRetry', 'DependencyNotReady', 'ArtifactFailed', 'Suspended']);

/**
 * What a Kustomization says of the revision it applied. Live is only what it calls Ready for its present spec. Flux writes conditions before
 * the rest of a status: for a moment Ready speaks of a later revision than the one named as applied, and the older one is taken. Rejects where
 * `contains` does.
 */
export async function stageOf(object: Kustomization, contains: Contains): Promise<StageFacts> {
  const { namespace, name } = object.metadata;
  const environment = `${namespace}/${name}`;
  const ready = readyOf(object);
  const applied = commitOf(object.status?.lastAppliedRevision);
  const attempted = commitOf(object.status?.lastAttemptedRevision);
  const failing = ready?.status === 'False' && !WAITING.has(ready.reason ?? '') && attempted !== null;
  return {
    environment,
    live:
      ready?.status === 'True' && applied !== null
        ? { revision: applied, contains: await contains(applied), url: null, deployment: `${environment}@${applied}` }
        : null,
    failed:
      failing && (await contains(attempted))
        ? {
            revision: attempted,
            deployment: `${environment}@${attempted}`,
            message: `${ready.reason}: ${ready.message ?? 'Flux gives no message.'}`,
          }
        : null,
    says: saying(object, ready),
  };
}

type Ready = NonNullable<NonNullable<Kustomization['status']>['conditions']>[number];

/** The condition Ready, if it speaks of the spec as it is now. */
function readyOf({ metadata, status }: Kustomization): Ready | null {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const seen = ready?.observedGeneration ?? status?.observedGeneration ?? 0;
  return ready === undefined || seen < (metadata.generation ?? 1) ? null : ready;
}

function saying({ metadata, spec, status }: Kustomization, ready: Ready | null): string {
  const what = `Kustomization ${metadata.namespace}/${metadata.name}`;
  const at = status?.lastAppliedRevision ?? 'no revision yet';
  if (spec?.suspend) return `${what} is suspended at ${at}.`;
  if (ready === null) return `${what} has not been reconciled by Flux yet.`;
  return ready.status === 'True'
    ? `${what} is at ${at}, without the change in it so far.`
    : sentence(`${what} is not ready (${ready.reason ?? 'no reason'}): ${ready.message ?? 'Flux gives no message'}`);
}

/** Flux's messages end as they like. */
const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** The commit in `main@sha1:…` or `sha1:…`; null for another sort of revision, such as that of an OCI artifact. */
function commitOf(revision: string | undefined): string | null {
  return /(?:^|@)sha1:([0-9a-f]{40})$/.exec(revision ?? '')?.[1] ?? null;
}
