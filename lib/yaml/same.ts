import { type DocumentOptions, parseAllDocuments, type SchemaOptions } from 'yaml';

/** Texts longer than this are not compared; in characters. */
const LONGEST = 512 * 1024;
/** Aliases may stand for each other so often that nothing can hold what they say. */
const MAX_ALIASES = 100;

/** Each reads some scalars in its own way: a change of layout means the same in all of them. */
const READINGS: readonly (DocumentOptions & SchemaOptions)[] = [
  { version: '1.2', schema: 'core' },
  { version: '1.1', schema: 'yaml-1.1' },
  { version: '1.2', schema: 'failsafe' },
];

/**
 * Whether two texts of YAML or JSON say the same to a reader of any version of YAML: the same documents, keys in the same order, values that are equal
 * as YAML 1.1 and as 1.2 reads them, and as they are written. Layout may differ, and comments that no program acts on. False where either is damaged, has duplicate keys, or is
 * longer than 512 Ki characters.
 */
export function sameYAML(before: string, after: string): boolean {
  if (before.length > LONGEST || after.length > LONGEST) return false;
  if (wordsOf(before) !== wordsOf(after)) return false;
  if (marksOf(before) !== marksOf(after)) return false;
  return READINGS.every((reading) => {
    const [old, now] = [said(before, reading), said(after, reading)];
    return old !== null && old === now;
  });
}

/** What layout and comments leave as it is. Texts that say the same and differ here, as by an escape, are taken for different. */
function wordsOf(text: string): string {
  return text
    .replace(/(^|\s)#.*$/gm, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/**
 * Comments that programs act on: what sets an image or a value, what a bot updates, what a scanner or linter is to leave out. A sign within a string that only
 * looks like one makes texts different, never the same.
 */
const MARK =
  /#.*?(?:[$](?:imagepolicy|openapi|ref)|[{]"?[$]|cloud-config|renovate|dependabot|checkov|trivy|yamllint|zizmor|kics|gitleaks|nosem|nosec|noqa|nolint|kube-linter|polaris|datree|snyk|actionlint|shellcheck|hadolint|semgrep|tfsec|conftest).*/gi;

function marksOf(text: string): string {
  return text.includes('#') ? (text.match(MARK) ?? []).map((mark) => mark.trim()).join('\n') : '';
}

function said(text: string, reading: DocumentOptions & SchemaOptions): string | null {
  try {
    const documents = parseAllDocuments(text, { ...reading, uniqueKeys: true, strict: true, logLevel: 'silent' });
    if (!Array.isArray(documents) || documents.length === 0 || documents.some(({ errors }) => errors.length > 0))
      return null;
    return JSON.stringify(
      documents.map((document) => plain(document.toJS({ mapAsMap: true, maxAliasCount: MAX_ALIASES }))),
    );
  } catch {
    return null;
  }
}

/** With the kind of each value beside it: JSON alone takes a date for a string, and NaN for null. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return ['map', [...value].map(([key, item]) => [plain(key), plain(item)])];
  if (value instanceof Set) return ['set', [...value].map(plain)];
  if (Array.isArray(value)) return ['list', value.map(plain)];
  if (value instanceof Date) return ['time', value.getTime()];
  if (value instanceof Uint8Array) return ['bytes', Buffer.from(value).toString('base64')];
  return [typeof value, typeof value === 'object' ? 'null' : String(value)];
}
