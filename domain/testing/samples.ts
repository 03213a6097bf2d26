import fc from 'fast-check';
import { catalogue, type EventType, type StoredEvent } from '../events/catalogue.ts';
import { BRANCH, HEAD, OLD_HEAD, PULL, sha } from './facts.ts';

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** Words that events of one issue share, so that random events sometimes fit each other. */
const WORDS = ['task-1', 'task-2', 'claim-1', 'claim-2', 'dev-e', BRANCH, 'title', 'number', 'suspend'];
const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  '^[0-9a-f]{40}$': [HEAD, OLD_HEAD, sha('d')],
  '^sha256:[0-9a-f]{64}$': [`sha256:${'f'.repeat(64)}`],
  '^[0-9a-f]{64}$': ['d'.repeat(64), 'e'.repeat(64)],
  '^[0-9]+\\.[0-9]+$': ['1.1', '1.2'],
  '^[A-Z][A-Za-z0-9]{0,63}$': ['TaskFailed', 'InfrastructureLost', 'PullRequestClosed', 'MergeRefused', 'HumanNeeded'],
};

function arbitrary(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(arbitrary));
  if (schema.const !== undefined) return fc.constant(schema.const);
  switch (schema.type) {
    case 'object':
      return fc.record(
        Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, one]) => [name, arbitrary(one)])),
        { requiredKeys: [...(schema.required ?? [])] },
      );
    case 'array':
      return fc.array(arbitrary(schema.items ?? {}), { maxLength: Math.min(3, schema.maxItems ?? 3) });
    case 'integer':
      return fc.oneof(fc.constantFrom(1, 2, PULL), fc.integer({ min: schema.minimum ?? 0, max: 100 }));
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'string':
      return fc.constantFrom(...(schema.pattern === undefined ? WORDS : patterned(schema.pattern)));
    default:
      throw new TypeError(`no sample for ${JSON.stringify(schema)}`);
  }
}

function patterned(pattern: string): readonly string[] {
  const words = PATTERNS[pattern];
  if (words === undefined) throw new TypeError(`no sample for the pattern ${pattern}`);
  return words;
}

/** Data that the schema of an event type accepts. */
export function sampleData(type: EventType): fc.Arbitrary<Record<string, unknown>> {
  return arbitrary(catalogue[type].data as Schema) as fc.Arbitrary<Record<string, unknown>>;
}

/** Any events in any order, as a stream would store them. */
export function sampleStream(maxLength: number): fc.Arbitrary<StoredEvent[]> {
  const types = Object.keys(catalogue) as EventType[];
  const one = fc.constantFrom(...types).chain((type) => sampleData(type).map((data) => ({ type, data })));
  return fc
    .array(one, { maxLength })
    .map((events) =>
      events.map((event, index) => ({ ...event, version: index + 1, at: index * 1_000 }) as StoredEvent),
    );
}
