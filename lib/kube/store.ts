import { keyOf } from './resource.ts';
import type { KubeObject } from './types.ts';

/** The values an object is found under in one index; none leaves it out. */
export type IndexFunction<T extends KubeObject> = (object: T) => string[];

interface Index<T extends KubeObject> {
  fn: IndexFunction<T>;
  keys: Map<string, Set<string>>;
}

const NAMESPACE_INDEX = ' namespace';

/** Objects by key and by indexes of their content. An index function that throws finds nothing for that object. */
export class Store<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();

  constructor() {
    this.addIndex(NAMESPACE_INDEX, (object) => [object.metadata.namespace ?? '']);
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  /** All objects, or those of one namespace. */
  list(namespace?: string): T[] {
    return namespace === undefined ? [...this.#objects.values()] : this.byIndex(NAMESPACE_INDEX, namespace);
  }

  keys(): string[] {
    return [...this.#objects.keys()];
  }

  /** Stores `object` and returns what it replaces. */
  set(object: T): T | undefined {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    for (const index of this.#indexes.values()) {
      if (old !== undefined) unindex(index, key, old);
      include(index, key, object);
    }
    this.#objects.set(key, object);
    return old;
  }

  /** Returns what was removed. */
  delete(key: string): T | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    for (const index of this.#indexes.values()) unindex(index, key, old);
    this.#objects.delete(key);
    return old;
  }

  /** Adds an index over what is and will be stored. `fn` must be pure. Throws for a name that is taken. */
  addIndex(name: string, fn: IndexFunction<T>): void {
    if (this.#indexes.has(name)) throw new Error(`index ${name} exists already`);
    const index: Index<T> = { fn, keys: new Map() };
    for (const [key, object] of this.#objects) include(index, key, object);
    this.#indexes.set(name, index);
  }

  /** Objects that index `name` finds under `value`. Throws for an index nobody added. */
  byIndex(name: string, value: string): T[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`there is no index ${name}: add it before the informer starts`);
    const found: T[] = [];
    for (const key of index.keys.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }
}

function include<T extends KubeObject>(index: Index<T>, key: string, object: T): void {
  for (const value of valuesOf(index, object)) {
    const keys = index.keys.get(value);
    if (keys === undefined) index.keys.set(value, new Set([key]));
    else keys.add(key);
  }
}

function unindex<T extends KubeObject>(index: Index<T>, key: string, object: T): void {
  for (const value of valuesOf(index, object)) {
    const keys = index.keys.get(value);
    keys?.delete(key);
    if (keys?.size === 0) index.keys.delete(value);
  }
}

function valuesOf<T extends KubeObject>(index: Index<T>, object: T): string[] {
  try {
    return index.fn(object);
  } catch {
    return [];
  }
}
