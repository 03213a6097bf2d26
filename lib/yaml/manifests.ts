import { type Document, isAlias, isMap, isPair, isScalar, isSeq, parseAllDocuments, type YAMLMap } from 'yaml';

/** The objects in a text of YAML or JSON, as Kubernetes names them. */
export interface Manifests {
  /** Kinds of maps that have an `apiVersion` too, and of documents. */
  readonly kinds: readonly string[];
  readonly apiVersions: readonly string[];
  /** Whether some of them cannot be told: by a tag, a merge or a key that is no word, which other readers take otherwise; or by its size. */
  readonly untold: boolean;
}

/** Characters of JSON, and of other YAML, that are read. */
const LONGEST_JSON = 4 * 1024 * 1024;
const LONGEST = 512 * 1024;
const UNTOLD: Manifests = { kinds: [], apiVersions: [], untold: true };

/**
 * Reads which objects a text holds, aliases followed, every document and every depth. Null where it is neither YAML nor JSON, as a template is: then whoever asks
 * has to look at its lines. Untold where it is longer than 512 Ki characters (4 Mi of JSON), or nested deeper than can be followed.
 */
export function readManifests(text: string): Manifests | null {
  const found: Found = { kinds: new Set(), apiVersions: new Set(), untold: false };
  try {
    const json = jsonOf(text);
    if (json !== undefined) fromJSON(json, true, found);
    else if (text.length > LONGEST) return UNTOLD;
    else if (!fromYAML(text, found)) return null;
  } catch {
    return UNTOLD;
  }
  return { kinds: [...found.kinds], apiVersions: [...found.apiVersions], untold: found.untold };
}

interface Found {
  readonly kinds: Set<string>;
  readonly apiVersions: Set<string>;
  untold: boolean;
}

/** Undefined where it is no JSON. */
function jsonOf(text: string): unknown {
  if (!/^\s*[[{]/.test(text) || text.length > LONGEST_JSON) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fromJSON(value: unknown, isRoot: boolean, found: Found): void {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) {
    const { apiVersion, kind } = value as Record<string, unknown>;
    if (typeof apiVersion === 'string') found.apiVersions.add(apiVersion);
    if (typeof kind === 'string' && (isRoot || apiVersion !== undefined)) found.kinds.add(kind);
  }
  for (const inner of Object.values(value)) fromJSON(inner, false, found);
}

/** False where it cannot be read. As lenient as the parser can be: others are, too. */
function fromYAML(text: string, found: Found): boolean {
  const documents = parseAllDocuments(text, {
    schema: 'failsafe',
    uniqueKeys: false,
    strict: false,
    logLevel: 'silent',
  });
  if (documents.some(({ errors }) => errors.length > 0)) return false;
  for (const document of documents) fromNode(document.contents, document, true, found);
  return true;
}

function fromNode(node: unknown, document: Document, isRoot: boolean, found: Found): void {
  if (isMap(node)) fromMap(node, document, isRoot, found);
  else if (isSeq(node)) for (const item of node.items) fromNode(item, document, false, found);
  else if (isPair(node)) fromNode(node.value, document, false, found);
  else if (isScalar(node)) found.untold ||= isRoot && isTagged(node);
}

function fromMap(map: YAMLMap, document: Document, isRoot: boolean, found: Found): void {
  const names = map.items.map(({ key }) => (isMap(key) || isSeq(key) ? '' : wordOf(key)));
  const isObject = isRoot || names.includes('apiVersion');
  for (const [at, { key, value }] of map.items.entries()) {
    const name = names[at];
    if (name === null) found.untold = true;
    if (name === '<<' && (isObject || names.includes('kind'))) found.untold = true;
    if (name === 'apiVersion' || (name === 'kind' && isObject)) add(name, value, document, found);
    fromNode(key, document, false, found);
    fromNode(value, document, false, found);
  }
}

function add(name: 'apiVersion' | 'kind', value: unknown, document: Document, found: Found): void {
  const said = isAlias(value) ? value.resolve(document) : value;
  if (!isScalar(said)) return;
  const word = wordOf(said);
  if (word === null) found.untold = true;
  else (name === 'kind' ? found.kinds : found.apiVersions).add(word);
}

/** What a scalar says to every reader; null where a tag may make something else of it, or it is none. */
function wordOf(node: unknown): string | null {
  return isScalar(node) && !isTagged(node) ? String(node.value ?? '') : null;
}

function isTagged({ tag }: { tag?: string | undefined }): boolean {
  return tag !== undefined && tag !== '!' && tag !== 'tag:yaml.org,2002:str';
}
