import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { OWNER } from '../../kit/rig-repository.ts';
import type { Landed, PullFacts, RepositoryFacts } from '../invariants/forge.ts';
import { persist } from './persist.ts';
import { type ChaosRig, gitDirOf } from './rig.ts';

const run = promisify(execFile);
const MARK = /<!-- rig:[^>]*-->/g;
const PAGE = 100;

interface Text {
  readonly body: string | null;
}
interface Issue extends Text {
  readonly number: number;
  readonly state: string;
  readonly title: string;
  readonly pull_request?: object;
}
interface Pull {
  readonly number: number;
  readonly state: string;
  readonly head: { readonly ref: string; readonly sha: string };
  readonly merged_at: string | null;
  readonly merge_commit_sha: string | null;
  readonly merged_by?: { readonly login: string } | null;
}
interface Review extends Text {
  readonly user: { readonly login: string };
  readonly state: string;
  readonly commit_id: string;
  readonly submitted_at: string;
}
interface Run {
  readonly name: string;
  readonly app: { readonly slug: string };
  readonly conclusion: string | null;
  readonly completed_at: string | null;
}

/** What the forge's API and git show of everything that came into a repository after the issue or pull request `after`. */
export async function readForge(rig: ChaosRig, name: string, after: number): Promise<RepositoryFacts> {
  const all = await pages<Issue>(rig, `/repos/${OWNER}/${name}/issues?state=all`);
  const own = all.filter(({ number }) => number > after);
  const issues = own.filter((issue) => issue.pull_request === undefined);
  const texts = await Promise.all(
    own.map(({ number }) => pages<Text>(rig, `/repos/${OWNER}/${name}/issues/${number}/comments`)),
  );
  const pulls = await Promise.all(
    own.filter((issue) => issue.pull_request !== undefined).map(({ number }) => readPull(rig, name, number)),
  );
  const written = [...issues, ...texts.flat(), ...pulls.flatMap(({ reviews }) => reviews)];
  return {
    name,
    issues: issues.map(({ number, state, title }) => ({ number, open: state === 'open', title })),
    pulls: pulls.map(({ facts }) => facts),
    marks: written.flatMap(({ body }) => body?.match(MARK) ?? []),
    landed: await readLanded(
      rig,
      name,
      pulls.map(({ facts }) => facts),
    ),
  };
}

/** The highest number of a repository's issues and pull requests; 0 for none. */
export async function lastNumber(rig: ChaosRig, name: string): Promise<number> {
  const [newest] = await get<Issue[]>(rig, `/repos/${OWNER}/${name}/issues?state=all&per_page=1`);
  return newest?.number ?? 0;
}

async function readPull(rig: ChaosRig, name: string, number: number) {
  const at = `/repos/${OWNER}/${name}`;
  const pull = await get<Pull>(rig, `${at}/pulls/${number}`);
  const reviews = await pages<Review>(rig, `${at}/pulls/${number}/reviews`);
  const { check_runs: runs } = await get<{ check_runs: Run[] }>(
    rig,
    `${at}/commits/${pull.head.sha}/check-runs?per_page=${PAGE}`,
  );
  const facts: PullFacts = {
    number,
    headRef: pull.head.ref,
    headSHA: pull.head.sha,
    open: pull.state === 'open',
    mergedAt: pull.merged_at,
    mergeSHA: pull.merge_commit_sha,
    mergedBy: pull.merged_by?.login ?? null,
    reviews: reviews.map(({ user, state, commit_id, submitted_at }) => ({
      by: user.login,
      state,
      sha: commit_id,
      at: submitted_at,
    })),
    checks: runs.map(({ name: check, app, conclusion, completed_at }) => ({
      name: check,
      app: app.slug,
      conclusion,
      at: completed_at,
    })),
  };
  return { facts, reviews };
}

/** Commits of the default branch that came after the oldest of these merges had its parent: the round's. */
async function readLanded({ layout }: ChaosRig, name: string, pulls: readonly PullFacts[]): Promise<Landed[]> {
  const merged = pulls.filter(({ mergedAt }) => mergedAt !== null);
  if (merged.length === 0) return [];
  const git = async (...args: string[]) => (await run('git', ['-C', gitDirOf(layout, OWNER, name), ...args])).stdout;
  const line = (await git('log', '--first-parent', '--format=%H %P', 'main')).trim().split('\n');
  const commits = line.map((text) => text.split(' '));
  const oldest = commits.findLastIndex(([sha]) => merged.some(({ mergeSHA }) => mergeSHA === sha));
  const contains = (head: string, tip: string) =>
    git('merge-base', '--is-ancestor', tip, head).then(
      () => true,
      () => false,
    );
  return Promise.all(
    commits.slice(0, oldest + 1).map(async ([sha = '', tip = '']) => {
      const pull = merged.find(({ mergeSHA }) => mergeSHA === sha);
      return { sha, onTip: pull === undefined ? null : await contains(pull.headSHA, tip) };
    }),
  );
}

function get<T>({ hands, patienceMs }: ChaosRig, path: string): Promise<T> {
  return persist(async () => {
    const { status, body } = await hands.forge<T>('GET', path);
    if (status !== 200) throw new Error(`GET ${path} was answered with ${status}`);
    return body;
  }, patienceMs);
}

async function pages<T>(rig: ChaosRig, path: string): Promise<T[]> {
  const items: T[] = [];
  for (let page = 1; ; page++) {
    const found = await get<T[]>(rig, `${path}${path.includes('?') ? '&' : '?'}per_page=${PAGE}&page=${page}`);
    items.push(...found);
    if (found.length < PAGE) return items;
  }
}
