/** The part of a structural schema that the rig's own tools read. */
export interface Schema {
  type?: string;
  title?: string;
  description?: string;
  format?: string;
  pattern?: string;
  enum?: string[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-validations'?: ValidationRule[];
}

/** One CEL rule and the sentence a person reads when it refuses. */
export interface ValidationRule {
  rule: string;
  message: string;
  fieldPath?: string;
}

/** A CustomResourceDefinition, as far as the rig's own tools read it. */
export interface CustomResourceDefinition {
  apiVersion: 'apiextensions.k8s.io/v1';
  kind: 'CustomResourceDefinition';
  metadata: { name: string };
  spec: {
    group: string;
    scope: 'Namespaced' | 'Cluster';
    names: {
      kind: string;
      listKind: string;
      plural: string;
      singular: string;
      shortNames: string[];
      categories: string[];
    };
    versions: {
      name: string;
      served: boolean;
      storage: boolean;
      subresources: { status: object };
      additionalPrinterColumns: { name: string; type: string; jsonPath: string }[];
      schema: { openAPIV3Schema: Schema };
    }[];
  };
}

const files = ['repository.yaml', 'agent.yaml', 'issue.yaml', 'agenttask.yaml', 'tierpolicy.yaml', 'approval.yaml'];

/**
 * The CustomResourceDefinitions of the rig, read from the YAML beside this file, in the order in which they are
 * applied. Reads files at each call and never at import, so that importing this folder stays free of I/O.
 */
export async function customResourceDefinitions(): Promise<CustomResourceDefinition[]> {
  const [{ readFile }, { parse }] = await Promise.all([import('node:fs/promises'), import('yaml')]);
  const texts = files.map((file) => readFile(new URL(file, import.meta.url), 'utf8'));
  return (await Promise.all(texts)).map((text) => parse(text) as CustomResourceDefinition);
}
