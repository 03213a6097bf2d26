import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { EventsError } from './errors.ts';
import type { EventBody, EventMeta, NewEvent } from './types.ts';

/** What is known of an event type. */
export interface EventType {
  /** The newest schema of the data that this release reads. */
  readonly schema: number;
  /** The schema it writes; default `schema`. One release reads a new schema before the next one writes it. */
  readonly writes?: number;
  /** JSON Schema (2020-12) of the data. */
  readonly data: object;
}

export type EventTypes = Readonly<Record<string, EventType>>;

const META_SCHEMA = {
  type: 'object',
  required: ['actor'],
  additionalProperties: false,
  properties: {
    actor: pair('kind', ['webhook', 'controller', 'task', 'person'], 'name'),
    causation: pair('kind', ['delivery', 'event', 'task', 'request'], 'id'),
    policy: {
      type: 'object',
      required: ['name', 'digest'],
      additionalProperties: false,
      properties: { name: { type: 'string' }, digest: { type: 'string' } },
    },
    traceId: { type: 'string' },
  },
};

function pair(kind: string, kinds: readonly string[], value: string): object {
  return {
    type: 'object',
    required: [kind, value],
    additionalProperties: false,
    properties: { [kind]: { enum: kinds }, [value]: { type: 'string', minLength: 1, maxLength: 512 } },
  };
}

/** The event types a release knows, with their validators. Built once; compiling is the slow part. */
export class Registry {
  readonly #types: EventTypes;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: false });
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #meta: ValidateFunction;

  constructor(types: EventTypes) {
    this.#types = types;
    this.#meta = this.#ajv.compile(META_SCHEMA);
  }

  /** True when this release can read the stored event. */
  reads(type: string, schema: number): boolean {
    const known = this.#lookUp(type);
    return known !== undefined && schema <= known.schema;
  }

  /** The schema number to write the event with. Throws `InvalidEvent` naming type and path. */
  check(event: NewEvent<EventBody>): number {
    const known = this.#lookUp(event.type);
    if (known === undefined)
      throw new EventsError('InvalidEvent', `The event type ${event.type} is not in the registry.`);
    this.#validate(this.#validator(event.type, known), event.type, 'data', event.data);
    this.#validate(this.#meta, event.type, 'meta', event.meta satisfies EventMeta);
    return known.writes ?? known.schema;
  }

  #lookUp(type: string): EventType | undefined {
    return Object.hasOwn(this.#types, type) ? this.#types[type] : undefined;
  }

  #validator(type: string, known: EventType): ValidateFunction {
    const made = this.#validators.get(type) ?? this.#ajv.compile(known.data);
    this.#validators.set(type, made);
    return made;
  }

  #validate(validate: ValidateFunction, type: string, part: string, value: unknown): void {
    if (!validate(value)) throw new EventsError('InvalidEvent', `${type}: ${part}${describe(validate.errors?.[0])}.`);
  }
}

function describe(error: ErrorObject | undefined | null): string {
  if (error === undefined || error === null) return ' does not fit its schema';
  const extra = error.params.additionalProperty ?? error.params.allowedValues;
  return `${error.instancePath} ${error.message}${extra === undefined ? '' : ` (${String(extra)})`}`;
}
