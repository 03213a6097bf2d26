import type { Client } from './client.ts';
import { ForgeError } from './error.ts';
import { checkRepository, checkSHA } from './names.ts';
import type { RepositoryName } from './port.ts';
import { integer, lineOrNull, object, objectOrNull, objects, type Untrusted } from './read.ts';

/** A check run that this identity's own App reported. */
export interface OwnCheck {
  readonly id: number;
  readonly status: 'queued' | 'in_progress' | 'completed';
  /** Null while it has not concluded; a word of the forge that is not known counts as none. */
  readonly conclusion: 'success' | 'failure' | 'action_required' | 'other' | null;
  /** What the App wrote along to know it again. */
  readonly externalId: string | null;
}

/** What an App says of a commit. */
export interface CheckReport {
  readonly name: string;
  readonly sha: string;
  /** `in_progress` concludes nothing yet. */
  readonly state: 'in_progress' | 'success' | 'failure' | 'action_required';
  readonly externalId: string;
  /** One line of at most 255 characters. */
  readonly title: string;
  /** Markdown of at most 65,535 characters. */
  readonly summary: string;
}

export interface ChecksForge {
  /** The newest check run of this name that the identity's own App reported on a commit; null where there is none. NotFound. Forbidden: it is no App. */
  ownCheck(repo: RepositoryName, sha: string, name: string): Promise<OwnCheck | null>;
  /**
   * Write. A new check run, or with `replace` a change of that one, which must be the App's own. The newest of a name is what the forge counts.
   * NotFound, Validation. Forbidden: no App, or one without permission to write checks. Twice is harmless where `externalId` is looked for first.
   */
  reportCheck(repo: RepositoryName, report: CheckReport, replace?: number): Promise<{ readonly id: number }>;
}

/** The newest come first; a head on which more was said has its newest among them. */
const MOST = 100;
const STATUSES: readonly string[] = ['queued', 'in_progress', 'completed'];
const CONCLUSIONS: readonly string[] = ['success', 'failure', 'action_required'];

/** Check runs of the identity's own App. */
export function checkRuns(client: Client): ChecksForge {
  let slug: Promise<string> | undefined;
  const own = () => {
    slug ??= slugOf(client).catch((error: unknown) => {
      slug = undefined;
      throw error;
    });
    return slug;
  };
  return {
    ownCheck: async (repo, sha, name) => {
      const where = checkRepository(repo);
      const app = await own();
      const asked = { ...where, ref: checkSHA(sha), check_name: name, filter: 'all', per_page: MOST } as const;
      const { data } = await client.read((octokit) => octokit.rest.checks.listForRef(asked));
      const runs = objects(object(data, 'check runs').check_runs).filter(
        (run) => run.name === name && run.head_sha === sha && objectOrNull(run.app)?.slug === app,
      );
      const [newest] = runs.map(ownCheckOf).sort((a, b) => b.id - a.id);
      return newest ?? null;
    },
    reportCheck: async (repo, { name, sha, state, externalId, title, summary }, replace) => {
      const where = checkRepository(repo);
      const body = {
        external_id: externalId,
        ...(state === 'in_progress'
          ? { status: 'in_progress' as const }
          : { status: 'completed' as const, conclusion: state }),
        output: { title: title.slice(0, 255), summary: summary.slice(0, 65_535) },
      };
      return client.write(async (octokit) => {
        const { data } =
          replace === undefined
            ? await octokit.rest.checks.create({ ...where, name, head_sha: checkSHA(sha), ...body })
            : await octokit.rest.checks.update({ ...where, check_run_id: replace, ...body });
        return { id: integer(object(data, 'check run').id, 'check run id') };
      });
    },
  };
}

async function slugOf({ appSlug }: Client): Promise<string> {
  if (appSlug === undefined)
    throw new ForgeError('Forbidden', 'Only an App has checks of its own; give the identity an App.');
  return appSlug();
}

function ownCheckOf(run: Untrusted): OwnCheck {
  const status = STATUSES.includes(String(run.status)) ? (run.status as OwnCheck['status']) : 'queued';
  const told = run.conclusion ?? null;
  const conclusion = told === null ? null : CONCLUSIONS.includes(String(told)) ? told : 'other';
  return {
    id: integer(run.id, 'check run id'),
    status,
    conclusion: conclusion as OwnCheck['conclusion'],
    externalId: lineOrNull(run.external_id),
  };
}
