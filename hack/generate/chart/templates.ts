import { stringify } from 'yaml';
import type { Manifest, SourceFile } from './source.ts';
import { type Place, type Value, written } from './values.ts';

/** Kinds that a value switches off, and the value. */
const SWITCHES: Readonly<Record<string, string>> = {
  CustomResourceDefinition: '.Values.crds.install',
  PodDisruptionBudget: '.Values.podDisruptionBudgets.enabled',
  NetworkPolicy: '.Values.networkPolicies.enabled',
};
/** Objects that a value switches off: without a webhook nobody has a right to change one. What protects is switched off by nothing. */
const NAMED_SWITCHES: Readonly<Record<string, string>> = {
  'ValidatingWebhookConfiguration rig-conductor': '.Values.webhooks.enabled',
  'rig-webhooks': '.Values.webhooks.enabled',
  'rig-certificates': 'and .Values.webhooks.enabled .Values.webhooks.certificates',
};

/** This namespace belongs to whoever runs helm: its release is kept there before the chart can make it. */
const RELEASE_NAMESPACE = 'rig-system';
const REGISTRY = 'ghcr.io/dashecorp/';

const LABELS = {
  'app.kubernetes.io/name': 'rig',
  'app.kubernetes.io/part-of': 'rig',
};
const WRITTEN_LABELS = {
  'app.kubernetes.io/version': '{{ .Chart.AppVersion | toJson }}',
  'app.kubernetes.io/managed-by': '{{ .Release.Service | toJson }}',
  'helm.sh/chart': '{{ printf "%s-%s" .Chart.Name .Chart.Version | toJson }}',
};

/** The chart's template of a source file; undefined where nothing of it is left. */
export function templateOf({ name, manifests }: SourceFile, values: readonly Value[]): string | undefined {
  const kept = manifests.filter(({ kind, metadata }) => kind !== 'Namespace' || metadata.name !== RELEASE_NAMESPACE);
  if (kept.length === 0) return undefined;
  const head = `{{- /* Generated from config/ and crds/ by hack/generate (${name}). Do not edit. */ -}}\n`;
  return head + kept.map((manifest) => documentOf(manifest, values)).join('');
}

function documentOf(source: Manifest, values: readonly Value[]): string {
  const manifest = structuredClone(source);
  const tokens = new Map<string, string>();
  const put = (replacement: string): string => {
    const token = `__${tokens.size}__TOKEN__`;
    tokens.set(token, replacement);
    return token;
  };
  label(manifest, put);
  for (const value of values) setValue(manifest, value, put);
  if (manifest.kind === 'Namespace') keep(manifest);
  if (manifest.kind === 'CustomResourceDefinition') keepOnDemand(manifest, put);
  else setImages(manifest, put);
  let text = stringify(manifest, { lineWidth: 0 });
  if (manifest.kind === 'CustomResourceDefinition') text = text.replaceAll('{{', '{{ "{{" }}');
  else text = text.replaceAll('rig-system', '{{ .Release.Namespace }}');
  for (const [token, replacement] of tokens) {
    const entries = (_: string, indent: string) =>
      `\n${indent}{{- range ${replacement} }}\n${indent}- {{ toJson . }}\n${indent}{{- end }}`;
    text = text.replaceAll(new RegExp(`\\n( *)- ${APPENDED}${token}`, 'g'), entries);
    text = text.replaceAll(new RegExp(`"?${token}"?`, 'g'), () => replacement);
  }
  const switched = switchOf(manifest);
  const body = `---\n${text}`;
  return switched === undefined ? body : `{{- if ${switched} }}\n${body}{{- end }}\n`;
}

function switchOf({ kind, metadata }: Manifest): string | undefined {
  return NAMED_SWITCHES[`${kind} ${metadata.name}`] ?? NAMED_SWITCHES[metadata.name] ?? SWITCHES[kind];
}

/** Before the token of what is not an entry itself, but lists them. */
const APPENDED = 'each-of-';

type Put = (replacement: string) => string;
type Labelled = { labels?: Record<string, string> };

function label(manifest: Manifest, put: Put): void {
  for (const metadata of [manifest.metadata, ...templatesOf(manifest)] as Labelled[]) {
    const more = Object.entries(WRITTEN_LABELS).map(([name, value]) => [name, put(value)]);
    metadata.labels = { ...metadata.labels, ...LABELS, ...Object.fromEntries(more) };
  }
}

/** Metadata of the pods and Jobs that an object makes. */
function templatesOf(manifest: Manifest): object[] {
  const made: object[] = [];
  const visit = (value: unknown): void => {
    const template = (value as { template?: { spec?: unknown }; jobTemplate?: { spec?: unknown } } | undefined) ?? {};
    for (const one of [template.template, template.jobTemplate] as (
      | { metadata?: object; spec?: unknown }
      | undefined
    )[]) {
      if (one === undefined) continue;
      one.metadata ??= {};
      made.push(one.metadata);
      visit(one.spec);
    }
  };
  visit(manifest.spec);
  return made;
}

/** A namespace holds what is not the chart's: who may approve, and the root their signatures are verified with. */
function keep(manifest: Manifest): void {
  Object.assign(manifest.metadata, { annotations: { 'helm.sh/resource-policy': 'keep' } });
}

function keepOnDemand(manifest: Manifest, put: Put): void {
  // Helm neither keeps nor deletes what carries another policy than keep.
  const policy = put('{{ ternary (dict "helm.sh/resource-policy" "keep") dict .Values.crds.keep | toJson }}');
  Object.assign(manifest.metadata, { annotations: policy });
}

function setImages(node: unknown, put: Put): void {
  if (Array.isArray(node)) for (const entry of node) setImages(entry, put);
  if (typeof node !== 'object' || node === null) return;
  const object = node as Record<string, unknown>;
  if (typeof object.image === 'string' && object.image.startsWith(REGISTRY)) {
    const name = object.image.slice(REGISTRY.length);
    object.image = put(
      `{{ printf "%s/${name}:%s" .Values.image.registry (.Values.image.tag | default .Chart.AppVersion) | toJson }}`,
    );
  }
  for (const value of Object.values(object)) setImages(value, put);
}

function setValue(manifest: Manifest, value: Value, put: Put): void {
  for (const place of value.places) {
    if (place.kind !== manifest.kind || place.name !== manifest.metadata.name) continue;
    const holder = descend(manifest, place);
    const key = place.at.at(-1) as string;
    if (Array.isArray(holder)) holder.push(APPENDED + put(`.Values.${value.path}`));
    else holder[key] = put(written(value, holder[key]));
  }
}

/** The default of a value: what the source says at its first place. Throws where the source has no such place. */
export function defaultOf(value: Value, manifests: readonly Manifest[]): unknown {
  if (value.default !== undefined) return value.default;
  const [place] = value.places;
  const manifest = manifests.find(({ kind, metadata }) => kind === place?.kind && metadata.name === place.name);
  if (place === undefined || manifest === undefined) throw new Error(`${value.path} goes nowhere`);
  const found = descend(manifest, place)[place.at.at(-1) as string];
  return (value.schema as { type?: string }).type === 'integer' ? Number(found) : found;
}

function descend(manifest: Manifest, { at, name }: Place): Record<string, unknown> {
  let here: unknown = manifest;
  for (const step of at.slice(0, -1)) {
    const wanted = /^name=(.*)$/.exec(step)?.[1];
    here =
      wanted === undefined
        ? (here as Record<string, unknown>)?.[step]
        : (here as { name: string }[] | undefined)?.find((entry) => entry.name === wanted);
  }
  const last = at.at(-1) as string;
  if (typeof here !== 'object' || here === null || !(last === '+' ? Array.isArray(here) : last in here))
    throw new Error(`${manifest.kind} ${name} has nothing at ${at.join('.')}`);
  return here as Record<string, unknown>;
}
