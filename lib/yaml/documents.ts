import { parseAllDocuments } from 'yaml';

/** Texts longer than this are not read; in characters. */
const LONGEST = 4 * 1024 * 1024;
/** Aliases may stand for each other so often that nothing can hold what they say. */
const MAX_ALIASES = 100;
/** Deeper than any manifest; whoever walks what was read need not fear it. */
const MAX_DEPTH = 100;

/**
 * The values of all documents in a text of YAML or JSON as Kubernetes reads it: YAML 1.1, in which `yes` is true and 0644 is octal, but what looks like
 * a time is text. None where the text is damaged, has a key twice or one that is no text, or is longer than 4 Mi characters or deeper than 100: a text that is read in
 * part says something else. Empty documents are left out.
 */
export function readDocuments(text: string): unknown[] {
  if (text.length > LONGEST || isDeep(text)) return [];
  try {
    const documents = parseAllDocuments(text, {
      version: '1.1',
      schema: 'yaml-1.1',
      customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !tag.tag.endsWith(':timestamp')),
      uniqueKeys: true,
      strict: true,
      stringKeys: true,
      logLevel: 'silent',
    });
    if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) return [];
    const values: unknown[] = documents.map((document) => document.toJS({ maxAliasCount: MAX_ALIASES }));
    return values.some((value) => depthOf(value) > MAX_DEPTH) ? [] : values.filter((value) => value != null);
  } catch {
    return [];
  }
}

/** Brackets, or dashes, that open one in the other: a parser that goes into each would run out of stack. */
function isDeep(text: string): boolean {
  return /(?:[[{][\s"':,\w]{0,64}){200}|(?:-[ \t]){200}/.test(text);
}

function depthOf(value: unknown): number {
  let depth = 0;
  for (let level: unknown[] = [value]; level.length > 0 && depth <= MAX_DEPTH; depth += 1)
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  return depth;
}
