import type { Issue } from '#crds';
import { approvalDigest, canonicalJSON } from '#domain';
import type { ApprovalResponse } from '#lib/conductor';
import { ExitCode, ExitError, plain } from '#lib/terminal';

const MOST_PATHS = 100;

/** The parts of document v1 that a person looks at. */
interface Shown {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly title?: string;
  readonly body?: string;
  readonly baseBranch?: string;
  readonly effectiveTier?: string;
  readonly taskClass?: string;
  readonly forge?: { readonly host?: string; readonly number?: number };
  readonly taskSpec?: { readonly goal?: string; readonly acceptance?: readonly string[] };
  readonly planDigest?: string;
  readonly pullRequest?: {
    readonly number: number;
    readonly headSHA: string;
    readonly baseSHA: string;
    readonly paths: readonly string[];
    readonly manifests: readonly string[];
  };
}

/**
 * Holds what the conductor says would be signed against the Issue as the API server has it, and against its own digest. Throws
 * ExitError where they differ: nobody signs something else than they were shown.
 */
export function checkDocument(
  { document, digest, scope }: ApprovalResponse,
  issue: Issue,
  sha256: (text: string) => string,
): void {
  const { name, namespace, uid, title, body } = document as Shown;
  const { metadata, spec } = issue;
  const lines = (text: string) => text.replaceAll('\r\n', '\n');
  const same =
    approvalDigest(document, sha256) === digest &&
    document.scope === scope &&
    name === metadata.name &&
    namespace === metadata.namespace &&
    uid === metadata.uid &&
    title === lines(spec.title) &&
    body === lines(spec.body ?? '') &&
    canonicalJSON((document as Shown).taskSpec ?? null) ===
      canonicalJSON(JSON.parse(lines(JSON.stringify(spec.taskSpec ?? null).replaceAll('\\r\\n', '\\n'))));
  if (same) return;
  throw new ExitError(
    ExitCode.NotDone,
    `What the conductor offers to sign is not Issue ${metadata.name} as the API server has it; ask again, and look at both if it stays so.`,
  );
}

/** Everything that is approved, for the eyes of whoever signs. Others' words cannot move the cursor. */
export function renderDocument({ scope, digest, document }: ApprovalResponse, pullURL: string | undefined): string {
  const shown = document as Shown;
  const { forge, pullRequest: pull, taskSpec } = shown;
  const where = `${shown.namespace}/${shown.name}${forge?.number === undefined ? '' : `, #${forge.number} at ${forge.host}`}`;
  return [
    `You approve the ${scope} of ${plain(where)}`,
    '',
    `  tier    ${shown.effectiveTier}${shown.taskClass === undefined ? '' : `, class ${plain(shown.taskClass)}`}`,
    `  base    ${plain(shown.baseBranch ?? '')}`,
    `  title   ${plain(shown.title ?? '')}`,
    ...block(shown.body ?? ''),
    ...(taskSpec?.goal === undefined ? [] : [`  goal    ${plain(taskSpec.goal)}`]),
    ...(taskSpec?.acceptance ?? []).map((each) => `  accept  ${plain(each)}`),
    ...(shown.planDigest === undefined ? [] : [`  plan    ${plain(shown.planDigest)}`]),
    ...(pull === undefined ? [] : renderPull(pull, pullURL)),
    '',
    `  digest  sha256:${digest}`,
  ].join('\n');
}

function renderPull(pull: NonNullable<Shown['pullRequest']>, url: string | undefined): string[] {
  const more = pull.paths.length - MOST_PATHS;
  return [
    `  change  #${pull.number}${url === undefined ? '' : ` ${plain(url)}`}`,
    `          git diff ${pull.baseSHA} ${pull.headSHA}`,
    ...pull.paths.slice(0, MOST_PATHS).map((path) => `          ${plain(path)}`),
    ...(more > 0 ? [`          and ${more} more`] : []),
    ...pull.manifests.map((digest) => `          consents to the manifest sha256:${digest}`),
  ];
}

function block(body: string): string[] {
  return body === ''
    ? []
    : body
        .trimEnd()
        .split('\n')
        .map((line) => `          ${plain(line)}`);
}
