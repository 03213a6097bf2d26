/** Values that an expression sees: text, numbers, truth, lists and objects of these. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/** A compiled expression. */
export interface Expression {
  /** Fields of the text of the file that it reads; none where it judges by other things alone. */
  readonly texts: readonly string[];
  /** Steps that an evaluation takes at most, where no list that it is given is longer. */
  steps(longest: number): number;
  /** How often it looks through a text at most, where no list that it is given is longer. */
  looks(longest: number): number;
  /** Whether it is true of these values. Throws an error with a sentence where it cannot be told. */
  test(values: Readonly<Record<string, Value>>): boolean;
}

/** The objects in a text of YAML or JSON, as Kubernetes names them. */
export interface Manifests {
  /** Kinds of maps that have an `apiVersion` too, and of documents. */
  readonly kinds: readonly string[];
  readonly apiVersions: readonly string[];
  /** Whether some of them cannot be told, because readers may differ. */
  readonly untold: boolean;
}

/** What the rules need and are not: a glob matcher, a CEL evaluator, a YAML parser. All pure: the same question has the same answer. */
export interface Engines {
  /** One test for all of these globs, from the root of the repository. Throws an error with a sentence. */
  compileGlobs(patterns: readonly string[]): (path: string) => boolean;
  /** The same of many lists at once: the places of those that match, in order. */
  indexGlobs(lists: readonly (readonly string[])[]): (path: string) => readonly number[];
  /** Throws an error with a sentence where the expression is wrong, or names what the vocabulary does not have. */
  compileCel(source: string, vocabulary: Vocabulary): Expression;
  /** Whether two YAML or JSON texts say the same, read by any version of YAML; false where one cannot be read. */
  sameYAML(before: string, after: string): boolean;
  /** The objects in a text, as its parser reads it; null where it is no YAML, as a template. */
  readManifests(text: string): Manifests | null;
}

/** Variables of an expression with their fields: a value, text of the file, a list of values, or a list of objects with these fields. */
export type Vocabulary = Readonly<
  Record<string, Readonly<Record<string, 'value' | 'text' | 'list' | readonly string[]>>>
>;

const ISSUE = { labels: 'list', title: 'value', taskClass: 'value', source: 'value' } as const;
const TOTALS = { count: 'value', added: 'value', deleted: 'value' } as const;

/** What a rule without paths may ask: the work, and its change as a whole. */
export const CHANGE_VOCABULARY = {
  issue: ISSUE,
  diff: { ...TOTALS, folders: 'list', files: ['path', 'status', 'added', 'deleted'] },
} as const satisfies Vocabulary;

/** What a rule with paths may ask, once for each file that its paths match. */
export const FILE_VOCABULARY = {
  issue: ISSUE,
  diff: TOTALS,
  file: {
    path: 'value',
    status: 'value',
    added: 'value',
    deleted: 'value',
    binary: 'value',
    test: 'value',
    sameYAML: 'text',
    versionsOnly: 'text',
    addedText: 'text',
    removedText: 'text',
    changedText: 'text',
    kinds: 'text',
  },
} as const satisfies Vocabulary;
