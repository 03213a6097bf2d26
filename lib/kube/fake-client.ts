import type { ApplyOptions, DeleteOptions, ListOptions, WriteOptions } from './calls.ts';
import type { Clock } from './clock.ts';
import { formatTime } from './clock.ts';
import { KubeError } from './errors.ts';
import { checkPreconditions, fieldsOf, matches, mergePatch, removeFields } from './fake-fields.ts';
import { apiVersionOf, keyOf } from './resource.ts';
import type { KubeObject, ObjectList, ObjectRef, Resource } from './types.ts';
import type { WatchEventType, WatchOptions } from './watch.ts';

interface Change {
  version: number;
  resource: string;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: KubeObject;
}

type Verb = 'get' | 'list' | 'watch' | 'create' | 'replace' | 'apply' | 'patch' | 'delete';

interface Stream {
  resource: string;
  options: WatchOptions<KubeObject>;
  end(error?: KubeError): void;
}

/**
 * An API server in memory for unit tests: versions, uids, generations, optimistic concurrency, finalizers, field ownership
 * of apply (lists are replaced whole), the status subresource, watches with history. It takes KubeClient's calls; one suite of contract cases
 * runs against both. Not there: schemas, admission, defaults, selectors other than one label or metadata.name.
 */
export class FakeClient {
  readonly fieldManager = 'rig';
  /** Every call that arrived, as `verb plural`. */
  readonly calls: string[] = [];
  /** Throw here to fail a call. */
  fault: (verb: Verb, plural: string) => void = () => {};
  readonly #clock: Clock;
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #applied = new Map<string, unknown>();
  readonly #history: Change[] = [];
  readonly #streams = new Set<Stream>();
  #version = 1;
  #uids = 0;
  #compacted = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef): Promise<T> {
    this.#enter('get', resource);
    return structuredClone(this.#require(resource, ref)) as T;
  }

  async find<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef): Promise<T | undefined> {
    this.#enter('get', resource);
    return structuredClone(this.#table(resource).get(keyOf(ref))) as T | undefined;
  }

  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    this.#enter('list', resource);
    const items = [...this.#table(resource).values()].filter((object) => matches(object, options));
    return { items: structuredClone(items) as T[], resourceVersion: String(this.#version) };
  }

  async *pages<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): AsyncGenerator<ObjectList<T>> {
    yield await this.list(resource, options);
  }

  async create<T extends KubeObject>(resource: Resource<T>, object: T, _options: WriteOptions = {}): Promise<T> {
    this.#enter('create', resource);
    const key = keyOf(object);
    if (this.#table(resource).has(key))
      throw new KubeError('AlreadyExists', `${resource.plural} "${key}" already exists`);
    return this.#insert(resource, object) as T;
  }

  async replace<T extends KubeObject>(resource: Resource<T>, object: T, _options: WriteOptions = {}): Promise<T> {
    this.#enter('replace', resource);
    const old = this.#require(resource, object.metadata as ObjectRef);
    checkPreconditions(old, object.metadata);
    return this.#store(resource, old, { ...structuredClone(object), status: old.status }) as T;
  }

  async apply<T extends KubeObject>(resource: Resource<T>, object: KubeObject, options: ApplyOptions = {}): Promise<T> {
    this.#enter('apply', resource);
    const { status: _, ...body } = structuredClone(object);
    const old = this.#table(resource).get(keyOf(object));
    if (old === undefined) {
      this.#swapApplied(resource, object, 'spec', options, body);
      return this.#insert(resource, body) as T;
    }
    checkPreconditions(old, object.metadata);
    const before = this.#swapApplied(resource, object, 'spec', options, body);
    return this.#store(resource, old, mergePatch(removeFields(old, before, body), body) as KubeObject) as T;
  }

  async applyStatus<T extends KubeObject>(
    resource: Resource<T>,
    object: KubeObject,
    { resourceVersion, ...options }: ApplyOptions & { resourceVersion?: string } = {},
  ): Promise<T> {
    this.#enter('apply', resource);
    const old = this.#require(resource, object.metadata as ObjectRef);
    checkPreconditions(old, { uid: object.metadata.uid, resourceVersion });
    const status = structuredClone(object.status);
    const before = this.#swapApplied(resource, object, 'status', options, status);
    const next = mergePatch(removeFields(old.status ?? {}, before, status), status);
    return this.#store(resource, old, { ...old, status: next }) as T;
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: unknown,
    options: WriteOptions & { subresource?: string } = {},
  ): Promise<T> {
    this.#enter('patch', resource);
    const old = this.#require(resource, ref);
    checkPreconditions(old, (patch as Partial<KubeObject>).metadata ?? {});
    const merged = mergePatch(old, patch) as KubeObject;
    const next =
      options.subresource === 'status' ? { ...old, status: merged.status } : { ...merged, status: old.status };
    return this.#store(resource, old, next) as T;
  }

  async patchStatus<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, status: unknown): Promise<T> {
    return this.patch(resource, ref, { status }, { subresource: 'status' });
  }

  async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    this.#enter('delete', resource);
    const old = this.#table(resource).get(keyOf(ref));
    if (old === undefined) return false;
    checkPreconditions(old, options);
    const deletionTimestamp = old.metadata.deletionTimestamp ?? formatTime(this.#clock.date());
    this.#store(resource, old, { ...old, metadata: { ...old.metadata, deletionTimestamp } });
    return true;
  }

  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions<T>): Promise<void> {
    try {
      this.#enter('watch', resource);
      if (Number(options.resourceVersion ?? 0) < this.#compacted)
        throw new KubeError('Gone', 'too old resource version');
    } catch (error) {
      return Promise.reject(error);
    }
    const over = Promise.withResolvers<void>();
    const stream: Stream = {
      resource: nameOf(resource),
      options: options as unknown as WatchOptions<KubeObject>,
      end: (error) => {
        this.#streams.delete(stream);
        if (error === undefined) over.resolve();
        else over.reject(error);
      },
    };
    this.#streams.add(stream);
    options.signal.addEventListener('abort', () => stream.end(), { once: true });
    for (const change of this.#history.slice())
      if (change.version > Number(options.resourceVersion ?? 0)) deliver(stream, change);
    return over.promise;
  }

  /** Ends every watch: in order, or with an error. */
  endWatches(error?: KubeError): void {
    for (const stream of [...this.#streams]) stream.end(error);
  }

  /** Forgets history, so that watches from before now answer Gone. */
  compact(): void {
    this.#compacted = ++this.#version;
    this.#history.length = 0;
  }

  /** Tells every watch the current version. */
  bookmark(): void {
    const object = { metadata: { resourceVersion: String(this.#version) } };
    for (const { options } of this.#streams) options.onEvent('BOOKMARK', object);
  }

  #enter(verb: Verb, resource: Resource): void {
    this.calls.push(`${verb} ${resource.plural}`);
    this.fault(verb, resource.plural);
  }

  #table(resource: Resource): Map<string, KubeObject> {
    const name = nameOf(resource);
    let table = this.#objects.get(name);
    if (table === undefined) {
      table = new Map();
      this.#objects.set(name, table);
    }
    return table;
  }

  #require(resource: Resource, ref: ObjectRef): KubeObject {
    const object = this.#table(resource).get(keyOf(ref));
    if (object === undefined)
      throw new KubeError('NotFound', `${resource.plural} "${ref.name}" not found`, { status: 404 });
    return object;
  }

  #insert(resource: Resource, object: KubeObject): KubeObject {
    const { status: _, ...rest } = structuredClone(object);
    const uid = `uid-${++this.#uids}`;
    const creationTimestamp = formatTime(this.#clock.date());
    const metadata = { ...rest.metadata, uid, generation: 1, creationTimestamp };
    return this.#commit('ADDED', resource, { ...rest, ...typeOf(resource), metadata });
  }

  #store(resource: Resource, old: KubeObject, next: KubeObject): KubeObject {
    const { uid, creationTimestamp, resourceVersion, generation = 1 } = old.metadata;
    const specChanged = JSON.stringify(old.spec) !== JSON.stringify(next.spec);
    const metadata = {
      ...next.metadata,
      uid,
      creationTimestamp,
      resourceVersion,
      generation: generation + (specChanged ? 1 : 0),
    };
    const object = { ...next, ...typeOf(resource), metadata };
    const gone = metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;
    if (!gone && JSON.stringify(fieldsOf(object)) === JSON.stringify(fieldsOf(old))) return structuredClone(old);
    return this.#commit(gone ? 'DELETED' : 'MODIFIED', resource, object);
  }

  #commit(type: Change['type'], resource: Resource, object: KubeObject): KubeObject {
    const version = ++this.#version;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    if (type === 'DELETED') this.#table(resource).delete(keyOf(stored));
    else this.#table(resource).set(keyOf(stored), stored);
    const change: Change = { version, resource: nameOf(resource), type, object: stored };
    this.#history.push(change);
    for (const stream of [...this.#streams]) deliver(stream, change);
    return structuredClone(stored);
  }

  #swapApplied(resource: Resource, object: KubeObject, part: string, options: ApplyOptions, body: unknown): unknown {
    const manager = options.fieldManager ?? this.fieldManager;
    const key = `${nameOf(resource)}/${keyOf(object)}/${part}/${manager}`;
    const before = this.#applied.get(key);
    this.#applied.set(key, body);
    return before;
  }
}

function deliver(stream: Stream, change: Change): void {
  if (stream.resource !== change.resource || !matches(change.object, stream.options)) return;
  try {
    stream.options.onEvent(change.type as WatchEventType, structuredClone(change.object));
  } catch (cause) {
    stream.end(new KubeError('Unexpected', 'the handler threw', { cause }));
  }
}

function typeOf(resource: Resource): { apiVersion: string; kind: string } {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind };
}

function nameOf(resource: Resource): string {
  return `${resource.group}/${resource.plural}`;
}
