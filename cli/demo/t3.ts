import { setTimeout as pause } from 'node:timers/promises';
import { apiVersion, type Issue, resources } from '#crds';
import type { KubeClient, KubeObject, ObjectRef, Resource } from '#lib/kube';
import { ExitCode, ExitError, plain } from '#lib/terminal';
import type { CheckSaid, PersonAtForge } from './forge.ts';
import type { Stage } from './stage.ts';

const ISSUES = resources.Issue as Resource<Issue & KubeObject>;
const CHECK = 'rig/approval';
const LOOK_MS = 250;
/** The verifier looks at a new head within seconds. */
const CHECKED_WITHIN_MS = 120_000;

const WANTED = {
  title: 'Let the example ask who may sign in',
  labels: ['auth'],
  body: 'The example in `example/auth` lets everybody in. Have it ask for a list of names first, and let nobody in who is not on it.',
};

/** What a person does to a T3 issue besides what they do at the forge. */
export interface Person {
  prepare(ref: ObjectRef): Promise<unknown>;
  /** Signs the merge in their name; the Approval's name, and who signed. */
  approve(ref: ObjectRef): Promise<{ readonly name: string; readonly by: string }>;
  /** Their hands at the forge, for one pull request. */
  atForge(issue: Issue): Promise<PersonAtForge>;
}

/** What became of it. */
export interface Shown {
  readonly issue: string;
  readonly approval: string;
  readonly mergeSHA: string;
}

/**
 * Takes one issue that touches authentication from the first refusal to a signed merge, each layer refusing on the way. Throws ExitError where a step does
 * not come, or where something is let through that must not be.
 */
export async function showT3(
  stage: Stage,
  client: KubeClient,
  { namespace, repository }: { readonly namespace: string; readonly repository: string },
  person: Person,
): Promise<Shown> {
  const ref = await fileIssue(stage, client, namespace, repository);
  await stage.act('You ask for a draft; you go on driving.', `rig prepare ${ref.name}`, () => person.prepare(ref));
  const issue = await drafted(stage, ref);
  const forge = await person.atForge(issue);
  const headSHA = issue.status!.pullRequest!.headSHA!;
  await ready(stage, forge, ref);
  await blocked(stage, forge, headSHA);
  const approval = await stage.act(
    'You sign the merge of exactly this head, in your own name.',
    `rig approve ${ref.name} --scope merge`,
    () => person.approve(ref),
  );
  stage.say(`   ${approval.name} is verified: ${plain(approval.by)} signed it.`);
  return { issue: ref.name, approval: approval.name, mergeSHA: await merged(stage, ref) };
}

async function fileIssue(stage: Stage, client: KubeClient, namespace: string, repository: string): Promise<ObjectRef> {
  const name = await stage.act(
    'You ask for work that touches authentication.',
    `kubectl create: an Issue labelled "${WANTED.labels[0]}", "${WANTED.title}"`,
    async () => {
      const created = await client.create(ISSUES, {
        apiVersion,
        kind: 'Issue',
        metadata: { generateName: 'sign-in-', namespace },
        spec: { repositoryRef: { name: repository }, source: 'kubectl', ...WANTED },
      } as Issue & KubeObject);
      return created.metadata.name!;
    },
  );
  const ref = { namespace, name };
  const { status } = await stage.untilIssue(ref, 'the refusal of dispatch', ({ status }) => {
    return status?.phase === 'AwaitingHuman' && status.effectiveTier === 'T3';
  });
  stage.say(`   Layer 1, dispatch: no agent is given it. ${plain(status?.why ?? '')}`);
  return ref;
}

async function drafted(stage: Stage, ref: ObjectRef): Promise<Issue> {
  const issue = await stage.untilIssue(ref, 'the draft', ({ status }) => {
    return status?.pullRequest?.headSHA !== undefined && status.assignedTo === undefined;
  });
  stage.say(`   The draft is there: ${plain(issue.status?.pullRequest?.url ?? '')}`);
  return issue;
}

async function ready(stage: Stage, forge: PersonAtForge, ref: ObjectRef): Promise<void> {
  await stage.act('You read the draft and mark it ready.', 'at the forge: Ready for review', () => forge.markReady());
  const { data } = await stage.untilEvent(ref.name, 'REVIEW_REFUSED');
  const { message = 'The reviewer declined.' } = data as { message?: string };
  stage.say(`   Layer 2, review: ${plain(message)}`);
}

/** The person's own review and their merge button do not do: the check of the verifier is missing. */
async function blocked(stage: Stage, forge: PersonAtForge, headSHA: string): Promise<void> {
  await stage.act(
    'You approve it as a reviewer, and press the merge button.',
    'at the forge: Approve, Merge',
    async () => {
      await forge.approve(headSHA);
      const said = await checked(forge, headSHA);
      stage.say(`   Layer 3, admission: ${CHECK} says ${said.conclusion}: ${said.title}`);
      const refusal = await forge.pressMerge(headSHA);
      if (refusal === null) throw new ExitError(ExitCode.NotDone, 'The forge merged it unsigned, which it must not.');
      stage.say(`   The forge: ${refusal}`);
    },
  );
}

async function checked(forge: PersonAtForge, headSHA: string): Promise<CheckSaid> {
  for (const until = Date.now() + CHECKED_WITHIN_MS; Date.now() < until; await pause(LOOK_MS)) {
    const said = await forge.check(headSHA, CHECK);
    if (said !== null) return said;
  }
  throw new ExitError(
    ExitCode.NotDone,
    `No verifier has said anything of ${headSHA} yet: rig status says whether one runs.`,
  );
}

async function merged(stage: Stage, ref: ObjectRef): Promise<string> {
  const { data } = await stage.untilEvent(ref.name, 'MERGED');
  const used = await stage.untilEvent(ref.name, 'APPROVAL_USED');
  await stage.untilIssue(ref, 'its end', ({ status }) => status?.phase === 'Done');
  const { mergeSHA } = data as { mergeSHA: string };
  stage.say(`   It is merged as ${plain(mergeSHA).slice(0, 12)}. The log has what allowed it:`);
  stage.say(`   APPROVAL_USED ${plain(JSON.stringify(used.data))}`);
  return mergeSHA;
}
