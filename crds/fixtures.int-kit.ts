import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { isKubeError, type KubeClient, type KubeObject } from '#lib/kube';
import { until } from '../test/kit/cluster-wait.ts';
import type { CustomResourceDefinition, Schema, ValidationRule } from './definitions.ts';
import { type Kind, resources } from './resources.ts';

const folder = join(import.meta.dirname, 'testdata');

/** One file of `crds/testdata/<kind>/<verdict>`. */
export interface Fixture {
  readonly kind: Kind;
  readonly verdict: 'accept' | 'reject';
  /** File name without its ending. An accept and a reject fixture of one name are a pair. */
  readonly name: string;
  /** The first document is created; each further one replaces it. A document with a status has it applied. */
  readonly documents: readonly KubeObject[];
  /** What the refusal of the last document must contain: the `# message:` line at the top of a reject fixture. */
  readonly message: string | undefined;
}

/** Every fixture of a kind. */
export async function fixturesOf(kind: Kind): Promise<Fixture[]> {
  const fixtures: Fixture[] = [];
  for (const verdict of ['accept', 'reject'] as const) {
    const directory = join(folder, kind.toLowerCase(), verdict);
    for (const file of (await readdir(directory)).sort()) {
      fixtures.push(read(kind, verdict, file, await readFile(join(directory, file), 'utf8')));
    }
  }
  return fixtures;
}

function read(kind: Kind, verdict: Fixture['verdict'], file: string, text: string): Fixture {
  const documents = parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
  return { kind, verdict, name: basename(file, '.yaml'), documents, message: /^# message: (.+)$/m.exec(text)?.[1] };
}

/** Every CEL rule of a definition. */
export function rulesOf(definition: CustomResourceDefinition): ValidationRule[] {
  const collect = (schema: Schema): ValidationRule[] => [
    ...(schema['x-kubernetes-validations'] ?? []),
    ...[...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties].flatMap((child) =>
      child === undefined ? [] : collect(child),
    ),
  ];
  return definition.spec.versions.flatMap((version) => collect(version.schema.openAPIV3Schema));
}

/** Resolves once the API server serves every kind in the namespace: one that was just established may answer 404 or 429. */
export async function served(client: KubeClient, namespace: string): Promise<void> {
  for (const resource of Object.values(resources)) {
    const probe = { metadata: { name: 'probe', ...(resource.namespaced ? { namespace } : {}) } } as KubeObject;
    // A refusal of the probe is an answer of the kind itself.
    const refused = () =>
      client.create(resource, probe, { dryRun: true }).catch((error) => isKubeError(error, 'Invalid'));
    await until(`the API server serves ${resource.kind}`, refused);
  }
}

/** Lets the API server judge a fixture; resolves to its refusal of the last document, or undefined. */
export async function judge(client: KubeClient, namespace: string, fixture: Fixture): Promise<string | undefined> {
  const documents = fixture.documents.map((document) => inNamespace(document, namespace, fixture));
  const last = documents.length - 1;
  let stored: KubeObject | undefined;
  for (const [index, document] of documents.entries()) {
    try {
      stored = await write(client, fixture.kind, document, stored, documents.length === 1);
    } catch (error) {
      const { message } = error as Error;
      if (index === last) return message;
      throw new Error(`document ${index + 1} of ${fixture.kind} ${fixture.name} was refused: ${message}`);
    }
  }
  return undefined;
}

/** Fixtures of several documents are stored, so each has a name of its own. */
function inNamespace(document: KubeObject, namespace: string, fixture: Fixture): KubeObject {
  const name = fixture.documents.length > 1 ? `${fixture.verdict}-${fixture.name}` : document.metadata.name;
  const scope = resources[fixture.kind].namespaced ? { namespace } : {};
  return { ...document, metadata: { ...document.metadata, ...scope, name } };
}

async function write(
  client: KubeClient,
  kind: Kind,
  document: KubeObject,
  before: KubeObject | undefined,
  dryRun: boolean,
) {
  const resource = resources[kind];
  const { status, ...desired } = document as KubeObject & { status?: unknown };
  const metadata = { ...document.metadata, resourceVersion: before?.metadata.resourceVersion };
  const stored = before
    ? await client.replace(resource, { ...desired, metadata } as KubeObject)
    : await client.create(resource, desired as KubeObject, { dryRun });
  return status === undefined ? stored : client.applyStatus(resource, { ...document, metadata: stored.metadata });
}
