import { byUnits, canonicalJSON } from './canonical.ts';
import { type Json, withoutDefaults } from './defaults.ts';
import { ApprovalError } from './error.ts';

/** An object of a cluster: as a file has it, or as the API server does. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name?: string;
    readonly generateName?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly object[];
    readonly [member: string]: unknown;
  };
  readonly [member: string]: unknown;
}

/** Labels and annotations that whoever applies an object adds, and that mean nothing to the object. */
const NOISE = [
  'kubectl.kubernetes.io/last-applied-configuration',
  'kustomize.toolkit.fluxcd.io/',
  'helm.toolkit.fluxcd.io/',
  'reconcile.fluxcd.io/requestedAt',
  'deployment.kubernetes.io/revision',
];
/**
 * What the scheduler and the controllers of a cluster note on a claim (Kubernetes 1.36), none of which says what becomes of its data. Each by
 * its whole name: beside them are names that choose the storage class, the mount options, and who deletes what is behind a volume. On a volume
 * they note nothing that is noise.
 */
const CLAIM_NOTES = [
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/bound-by-controller',
  'volume.kubernetes.io/storage-provisioner',
  'volume.beta.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/selected-node',
  'volume.kubernetes.io/storage-resizer',
  'volume.kubernetes.io/node-expansion-not-required',
];

/**
 * What a manifest says, and nothing else: the same for the file, for the file with defaults written out, and for the object that
 * the API server made of it. What the server keeps (status, uid, managed fields, finalizers), what appliers note, members that
 * are null, and fields that have the value they have when left out are not in it; a Secret's `stringData` is its `data`. A
 * default that is not known here stays, so that two objects of one form never differ in what they do: a manifest then has to
 * write it out.
 */
export function normalManifest(manifest: Manifest): { readonly [member: string]: unknown } {
  const { status: _, metadata, ...rest } = withoutNulls(manifest as unknown as Json) as unknown as Manifest;
  const plain = { ...rest, metadata: metadataOf(manifest, metadata) } as unknown as Record<string, Json>;
  return withoutDefaults(manifest.kind === 'Secret' ? secretOf(plain) : plain);
}

/** The digest that consent to a manifest names: sha256 of its normal form's one text (RFC 8785). `sha256` answers lower-case hex. Throws ApprovalError for what has no such text. */
export function manifestDigest(manifest: Manifest, sha256: (text: string) => string): string {
  return sha256(canonicalJSON(normalManifest(manifest)));
}

/** The digest that consent to the deletion of an object names: having consented to an object is not having consented to its end. */
export function removalDigest(
  { apiVersion, kind, metadata: { name, namespace } }: Manifest,
  sha256: (text: string) => string,
): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return sha256(canonicalJSON({ deleted: { group, kind, namespace, name } }));
}

function metadataOf({ apiVersion, kind }: Manifest, metadata: Manifest['metadata']): Record<string, unknown> {
  const { name, generateName, namespace, labels = {}, annotations = {}, ownerReferences = [] } = metadata;
  const notes = apiVersion === 'v1' && kind === 'PersistentVolumeClaim' ? CLAIM_NOTES : [];
  // Every namespace has its name as this label.
  const isNamed = (key: string, value: string) =>
    kind === 'Namespace' && key === 'kubernetes.io/metadata.name' && value === name;
  const kept = {
    labels: without(labels, (key, value) => isNoise(key) || isNamed(key, value)),
    annotations: without(annotations, (key) => isNoise(key) || notes.includes(key)),
  };
  return {
    ...(name === undefined ? { generateName } : { name }),
    // A cluster-scoped object has none, and some writers say so with an empty one.
    ...(namespace ? { namespace } : {}),
    ...Object.fromEntries(Object.entries(kept).filter(([, entries]) => Object.keys(entries).length > 0)),
    ...(ownerReferences.length > 0 ? { ownerReferences } : {}),
  };
}

function isNoise(key: string): boolean {
  return NOISE.some((one) => (one.endsWith('/') ? key.startsWith(one) : key === one));
}

function without(
  entries: Readonly<Record<string, string>>,
  drop: (key: string, value: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).filter(([key, value]) => !drop(key, value)));
}

function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null && member !== undefined)
      .map(([key, member]) => [key, withoutNulls(member)]),
  );
}

function secretOf({ stringData, data, ...rest }: Record<string, Json>): Record<string, Json> {
  const written = Object.entries((stringData ?? {}) as Record<string, unknown>).map(([key, text]) => [
    key,
    base64(String(text)),
  ]);
  const all = { ...(data as object | undefined), ...Object.fromEntries(written) };
  return Object.keys(all).length === 0 ? rest : { ...rest, data: all };
}

function base64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/**
 * What a change of files consents to, sorted and each there once: the digest of each object that is new or another than before, and that
 * of the removal of each that is there no more. A value that is no object of a cluster, or that nobody can name by a digest, is consented
 * to by nobody.
 */
export function changedManifests(
  { before, after }: { readonly before: readonly unknown[]; readonly after: readonly unknown[] },
  sha256: (text: string) => string,
): string[] {
  const was = new Set(digestsOf(before, manifestDigest, sha256));
  const there = new Set(digestsOf(after, removalDigest, sha256));
  const made = digestsOf(after, manifestDigest, sha256).filter((digest) => !was.has(digest));
  const ended = digestsOf(before, removalDigest, sha256).filter((digest) => !there.has(digest));
  return [...new Set([...made, ...ended])].sort(byUnits);
}

function digestsOf(
  values: readonly unknown[],
  digest: typeof manifestDigest,
  sha256: (text: string) => string,
): string[] {
  return values.filter(isManifest).flatMap((one) => {
    try {
      return [digest(one, sha256)];
    } catch (error) {
      if (error instanceof ApprovalError) return [];
      throw error;
    }
  });
}

/** Whether a value is an object of a cluster with a name of its own. */
export function isManifest(value: unknown): value is Manifest {
  const { apiVersion, kind, metadata } = (value ?? {}) as Partial<Manifest>;
  const isWord = (word: unknown) => typeof word === 'string' && word !== '';
  return (
    isWord(apiVersion) && isWord(kind) && typeof metadata === 'object' && metadata !== null && isWord(metadata.name)
  );
}
