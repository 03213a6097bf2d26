import type { ApprovalResponse } from '#lib/conductor';
import { plain } from '#lib/terminal';

/** Document v1, for the eyes of a person. */
interface Shown {
  readonly clusterUID?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly title?: string;
  readonly body?: string;
  readonly baseBranch?: string;
  readonly effectiveTier?: string;
  readonly taskClass?: string;
  readonly forge?: { readonly host?: string; readonly number?: number };
  readonly taskSpec?: {
    readonly goal?: string;
    readonly acceptance?: readonly string[];
    readonly interfaces?: readonly string[];
    readonly files?: readonly string[];
  };
  readonly planDigest?: string;
  readonly pullRequest?: {
    readonly number: number;
    readonly headSHA: string;
    readonly baseSHA: string;
    readonly paths: readonly string[];
    readonly manifests: readonly string[];
  };
}

/** What the document does not say and helps to look at it. */
export interface Beside {
  /** `owner/name` at the forge. */
  readonly repository: string;
  readonly pullURL: string | undefined;
  readonly planURL: string | undefined;
}

/** Everything that is approved, and nothing left out however long it is, for the eyes of whoever signs. Others' words cannot move the cursor. */
export function renderDocument({ scope, digest, document, plan }: ApprovalResponse, beside: Beside): string {
  const shown = document as Shown;
  const { forge, pullRequest: pull, taskSpec } = shown;
  const number = forge?.number === undefined ? '' : `#${forge.number}`;
  return [
    `You approve the ${scope} of ${plain(`${shown.namespace}/${shown.name}, ${beside.repository}${number} at ${forge?.host}`)}`,
    '',
    line('tier', `${shown.effectiveTier}${shown.taskClass === undefined ? '' : `, class ${shown.taskClass}`}`),
    line('base', shown.baseBranch),
    line('title', shown.title),
    ...block(shown.body ?? ''),
    ...text('goal', taskSpec?.goal),
    ...(taskSpec?.acceptance ?? []).flatMap((each) => text('accept', each)),
    ...(taskSpec?.interfaces ?? []).flatMap((each) => text('offers', each)),
    ...(taskSpec?.files ?? []).flatMap((each) => text('file', each)),
    ...(shown.planDigest === undefined ? [] : [line('plan', `${shown.planDigest} ${beside.planURL ?? ''}`)]),
    ...block(plan ?? ''),
    ...(pull === undefined ? [] : renderPull(pull, beside.pullURL)),
    '',
    line('issue', `${shown.uid} in cluster ${shown.clusterUID}`),
    line('digest', `sha256:${digest}`),
  ].join('\n');
}

function renderPull(pull: NonNullable<Shown['pullRequest']>, url: string | undefined): string[] {
  return [
    line('change', `#${pull.number} ${url ?? ''}`),
    line('', `git diff ${pull.baseSHA} ${pull.headSHA}`),
    line('', pull.paths.length === 1 ? '1 path' : `${pull.paths.length} paths`),
    ...pull.paths.map((path) => line('', path)),
    ...pull.manifests.map((digest) => line('', `consents to the manifest sha256:${digest}`)),
  ];
}

function line(name: string, words: string | undefined): string {
  return `  ${name.padEnd(6)}  ${plain(words ?? '')}`.trimEnd();
}

/** A text of several lines is shown in several lines. */
function text(name: string, words: string | undefined): string[] {
  if (words === undefined) return [];
  const [first, ...more] = words.trimEnd().split('\n');
  return [line(name, first), ...more.map((each) => line('', each))];
}

function block(body: string): string[] {
  return body === '' ? [] : text('', body);
}
