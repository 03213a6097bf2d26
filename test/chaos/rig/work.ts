import { apiVersion, type Issue, resources } from '#crds';
import type { KubeObject, Resource } from '#lib/kube';
import type { Hands } from '../../kit/rig-hands.ts';
import { OWNER } from '../../kit/rig-repository.ts';
import { persist } from './persist.ts';

/** One issue of a round. */
export interface Work {
  /** Name of the Issue object. */
  readonly name: string;
  /** Name of the Repository, and of the repository at the forge. */
  readonly repository: string;
}

const TEXT = 'Please add a note.';

/**
 * Files the issues of a round, spread over the repositories: two of three are applied as objects without a number, which the conductor
 * files; the third is an issue of the forge that a person labels. Goes on while parts of the rig are down.
 */
export async function fileWork(
  hands: Hands,
  repositories: readonly string[],
  { round, issues }: { readonly round: number; readonly issues: number },
  patienceMs: number,
): Promise<Work[]> {
  const filed = Array.from({ length: issues }, (_, index) => {
    const repository = repositories[index % repositories.length]!;
    const title = `Add note ${index + 1} of round ${round}`;
    return index % 3 === 2
      ? label(hands, repository, title, patienceMs)
      : apply(hands, repository, { name: `round-${round}-${index + 1}`, title }, patienceMs);
  });
  return Promise.all(filed);
}

async function apply(
  hands: Hands,
  repository: string,
  { name, title }: { readonly name: string; readonly title: string },
  patienceMs: number,
): Promise<Work> {
  const object = {
    apiVersion,
    kind: 'Issue',
    metadata: { name, namespace: hands.namespace },
    spec: { repositoryRef: { name: repository }, title, body: TEXT } satisfies Partial<Issue['spec']>,
  };
  await persist(async () => {
    const error = await hands.client.create(resources.Issue as Resource<KubeObject>, object as KubeObject).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    // The answer of an earlier try may have been lost.
    if (error !== undefined) await hands.issue(name);
  }, patienceMs);
  return { name, repository };
}

async function label(hands: Hands, repository: string, title: string, patienceMs: number): Promise<Work> {
  const at = `/repos/${OWNER}/${repository}/issues`;
  const number = await persist(async () => {
    const { body: known } = await hands.forge<{ number: number; title: string }[]>(
      'GET',
      `${at}?state=all&per_page=100`,
    );
    const found = known.find((issue) => issue.title === title);
    return found?.number ?? (await created(hands, at, title));
  }, patienceMs);
  await persist(async () => {
    const { status } = await hands.forge('POST', `${at}/${number}/labels`, { labels: ['rig'] });
    if (status !== 200) throw new Error(`the label was answered with ${status}`);
  }, patienceMs);
  return { name: `${repository}-${number}`, repository };
}

async function created(hands: Hands, at: string, title: string): Promise<number> {
  const { status, body } = await hands.forge<{ number: number }>('POST', at, { title, body: TEXT });
  if (status !== 201) throw new Error(`a new issue was answered with ${status}`);
  return body.number;
}
