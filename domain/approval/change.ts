import type { ChangedFile } from '../tier/change.ts';
import type { ApprovedChange } from './document.ts';
import { ApprovalError } from './error.ts';
import { changedManifests } from './manifest.ts';

const MANIFEST = /\.(?:ya?ml|json)$/i;

/** The files of a change whose texts say what it consents to: {@link approvedChange} wants the content of these, and of no others. */
export function manifestPaths(files: readonly ChangedFile[]): string[] {
  return files
    .filter(({ path, previousPath }) => mayBeManifest(path) || mayBeManifest(previousPath))
    .map(({ path }) => path);
}

/** Where a pull request stands in git. */
export interface ReadHead {
  /** Number of the pull request. */
  readonly number: number;
  readonly headSHA: string;
  /** The one commit at which head and base part. */
  readonly baseSHA: string;
  /** Every file of the change, those of {@link manifestPaths} with their content. */
  readonly files: readonly ChangedFile[];
}

/** What a change is read with; both pure. */
export interface ChangeReaders {
  /** The values in a text of YAML or JSON, as Kubernetes reads it; none where it is no such text. */
  readonly parse: (text: string) => readonly unknown[];
  readonly sha256: (text: string) => string;
}

/**
 * The part of document v1 that is of a pull request: every path, a renamed file's two among them, and what it consents to. A text that cannot be
 * read consents to nothing. Throws {@link ApprovalError} `BadText` for a path that is no text: two readers would see different ones.
 */
export function approvedChange(
  { number, headSHA, baseSHA, files }: ReadHead,
  { parse, sha256 }: ChangeReaders,
): ApprovedChange {
  const paths = files.flatMap(({ path, previousPath }) => (previousPath === null ? [path] : [path, previousPath]));
  const bad = paths.find((path) => path.includes('\ufffd') || !path.isWellFormed());
  if (bad !== undefined)
    throw new ApprovalError(
      'BadText',
      `The change has a path that is no text (${JSON.stringify(bad)}), so nobody can approve it.`,
    );
  const side = (which: 'before' | 'after', path: (file: ChangedFile) => string | null) =>
    files.flatMap((file) => {
      const text = file.content === undefined || file.content === 'unreadable' ? null : file.content[which];
      return text === null || !mayBeManifest(path(file)) ? [] : parse(text).flatMap(itemsOf);
    });
  const before = side('before', ({ path, previousPath }) => previousPath ?? path);
  const after = side('after', ({ path }) => path);
  return { number, headSHA, baseSHA, paths, manifests: changedManifests({ before, after }, sha256) };
}

function mayBeManifest(path: string | null): boolean {
  return path !== null && MANIFEST.test(path);
}

/** What is applied as one List is applied as its items. */
function itemsOf(value: unknown): unknown[] {
  const { apiVersion, kind, items } = (value ?? {}) as Record<string, unknown>;
  return apiVersion === 'v1' && kind === 'List' && Array.isArray(items) ? items : [value];
}
