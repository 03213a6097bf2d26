import type { Issue, Repository } from '#crds';
import {
  type Action,
  consentsToMerge,
  type DomainEvent,
  decideAction,
  decideMergeRequest,
  effectiveGrade,
  gateOf,
  type IssueState,
  known,
  mergeMessage,
  type RecordedApproval,
  trustedWork,
  type World,
} from '#domain';
import { isEventsError } from '#lib/events';
import type { MergeResult } from '#lib/forge';
import { Waiting } from '#lib/kube';
import { confirmOf } from '../approvals/consents.ts';
import { Outdated } from '../forges/outdated.ts';
import type { Target } from '../forges/writes.ts';
import { repositoryName } from '../repositories/name.ts';
import type { Cause } from '../store/log.ts';
import type { SubjectName } from '../store/project.ts';
import type { Conductor } from './context.ts';
import { type Denials, headOf } from './denials.ts';
import { readGateWorld } from './gate-world.ts';
import { FRESH_MS, type LiveReading, missingSince, readLive, readPullRequest } from './live.ts';
import { soleMerge } from './sole-merge.ts';
import { closedAtForge, readAsked, readGrades, repositoryKey } from './world.ts';

export { readPullRequest } from './live.ts';

type Merge = Extract<Action, { do: 'merge' }>;

export interface MergeOptions {
  readonly conductor: Conductor;
  readonly denials: Denials;
  readonly issue: Issue;
  readonly repository: Repository;
  readonly subject: SubjectName;
  readonly state: IssueState;
  readonly world: World;
  readonly action: Merge;
  readonly cause: Cause;
  /** Called once more is known of what was asked. */
  readonly onTold: () => void;
}

/**
 * The only way to the forge's merge call. Its turn is waited for first; then the world is read live and the gate decided on it again;
 * MERGE_REQUESTED is committed before the call, which carries the head SHA and the number of that decision, and leaves only while all that
 * still holds; what the forge answers is read back before MERGED is observed. One at a time in a repository: throws Waiting while another is
 * under way, while the live read denies again what the mirror allows, ever longer, until a person is asked, and where the call would have left
 * too late for what it was decided on, which asks nobody.
 */
export async function mergeIssue(options: MergeOptions): Promise<void> {
  const { conductor, repository } = options;
  const { host, id } = repositoryKey(repository)!;
  await soleMerge(conductor, `${host}/${id}`, () => mergeNow(options));
}

/** While no other merge of the repository is under way. */
async function mergeNow(options: MergeOptions): Promise<void> {
  const { conductor, denials, issue, repository, subject, state, world, action, cause, onTold } = options;
  const rest = denials.late.left(subject.id, headOf(action), conductor.now());
  if (rest > 0) throw tooLate(options, rest);
  if (!(await conductor.writes.mergeTurn(await targetOf(options)))) return;
  const reading = await readLive(conductor, repository, action);
  if (reading === null) throw tooLate(options, lengthen(options));
  const { live, readAt, enforcement, cameAt } = reading;
  const gate = { ...(await readGateWorld(conductor, repository, repositoryKey(repository)!, live)), enforcement };
  // Rules, grades and what is asked elsewhere are as new as memory has them: its turn may have been long in coming.
  const asked = readAsked(conductor, repository, state, onTold);
  const pullRequest = known(live, readAt);
  const grades = readGrades(conductor, issue, repository, state, pullRequest, onTold);
  const fresh = { ...world, ...asked, ...grades, gate, pullRequest, pullRequestReadAt: readAt };
  const { missing } = gateOf(state, fresh, conductor.policy, conductor.now());
  if (missing !== null) return deny(options, missing.message);
  const consents = await confirmAll(options, fresh);
  // What was signed holds no more, and the log says so: it is decided anew.
  if (consents === null) return;
  const requested = await requestMerge(options, consents);
  if (requested === null) return;
  const result = await callMerge(options, requested, live.reviews, () =>
    confirm({ ...options, world: fresh }, requested, reading),
  );
  if (result instanceof Outdated) {
    const late = conductor.now() - cameAt > FRESH_MS;
    const pause = late ? lengthen(options) : null;
    // Decided anew under another number: the row of this one has ended, and a person who closes the issue meanwhile is heard.
    await conductor.log.append(subject, cause, (now) => keptBack(now, requested, result.message));
    if (pause !== null) throw tooLate(options, pause);
    return;
  }
  denials.forget(subject.id);
  if (!result.merged) await conductor.log.append(subject, cause, (now) => refusal(now, action, result));
  await readPullRequest(conductor, repository, action.number);
}

/** Every Approval that the merge takes, verified from its bundle this moment; null where one holds no more. */
async function confirmAll(
  { conductor, subject, state }: MergeOptions,
  world: World,
): Promise<readonly RecordedApproval[] | null> {
  const taken = consentsToMerge(state, world, conductor.now());
  if (taken === null) return null;
  const confirmed: RecordedApproval[] = [];
  for (const { scope, uid } of taken) {
    const held = await confirmOf(conductor, subject, scope, uid);
    if (held === null) return null;
    confirmed.push(held);
  }
  return confirmed;
}

/**
 * What the gate was decided on must not have grown old, or been changed or told otherwise by deliveries, before the call leaves: a leader that was frozen, a queue, the minute in
 * which an unknown outcome is looked for. Throws Outdated.
 */
async function confirm(options: MergeOptions, { version, spec }: IssueState, reading: LiveReading) {
  const { conductor, subject, issue, repository } = options;
  const { namespace, name, uid, generation } = issue.metadata;
  const { log, mirror } = conductor;
  const [now, told, missing] = await Promise.all([
    log.load(subject),
    mirror.issue(log.pool, repositoryKey(repository)!, spec!.number!),
    missingSince(conductor, repository, reading, options),
  ]);
  const seen = conductor.objects.issues.get(namespace!, name!)?.metadata;
  if (conductor.now() - reading.cameAt > FRESH_MS) throw new Outdated('What was read of it had grown old.');
  if (now.version !== version) throw new Outdated('Something was recorded of the Issue while the merge was prepared.');
  if (seen?.uid !== uid || seen?.generation !== generation || seen?.deletionTimestamp !== undefined)
    throw new Outdated('The Issue was changed while the merge was prepared.');
  // Its pull request was just read as open, so no merge has done it.
  if (closedAtForge(told)) throw new Outdated('The issue was closed at the forge while the merge was prepared.');
  if (missing !== null) throw new Outdated(`Something was told of the pull request since it was read: ${missing}`);
}

/** The next pause, in ms. It has begun before the log grows: the issue is looked at again at once for that. */
function lengthen({ conductor, denials, subject, action }: MergeOptions): number {
  const { now, policy } = conductor;
  return denials.late.lengthen(subject.id, headOf(action), { now: now(), firstMs: policy.readInterval });
}

function tooLate({ action }: MergeOptions, ms: number): Waiting {
  const message = `What was read of pull request #${action.number} had grown old before the merge could be called; it is read again.`;
  return new Waiting(ms, 'FactUnknown', message);
}

/** The mirror allowed what the forge itself does not: returns for a decision on what it knows now, or throws when that was the same. */
async function deny({ conductor, denials, subject, action, cause }: MergeOptions, why: string): Promise<void> {
  const next = denials.next(subject.id, headOf(action), conductor.policy.readInterval);
  if (next === 0) return;
  if (next !== 'give up')
    throw new Waiting(
      next,
      'FactUnknown',
      `The forge denies what deliveries told of pull request #${action.number}: ${why}`,
    );
  const message = `The forge keeps denying what deliveries told of pull request #${action.number}; a person has to look at it: ${why}`;
  await conductor.log.append(
    subject,
    cause,
    (state) => decideAction(state, { do: 'awaitHuman', reason: 'FactUnknown', message }) ?? [],
  );
}

/** Commits the decision; null when the issue moved since it was taken. A decision that was committed already is taken up again. */
async function requestMerge(
  { conductor, subject, state: decided, action, cause }: MergeOptions,
  consents: readonly RecordedApproval[],
): Promise<IssueState | null> {
  const { headSHA } = action;
  const { state, events } = await conductor.log.append(subject, cause, (now): DomainEvent[] => {
    if (now.mergeRequested?.headSHA === headSHA || now.version !== decided.version) return [];
    return decideMergeRequest(action, consents);
  });
  const ours = events.length > 0 || state.version === decided.version;
  return ours && state.mergeRequested?.headSHA === headSHA ? state : null;
}

async function targetOf({ conductor, repository, subject }: MergeOptions): Promise<Target> {
  const { forge } = await conductor.forges.forRepository(repository);
  return { forge, repo: repositoryName(repository), subject: subject.id, epoch: conductor.leader.epoch };
}

/** What the forge answered, or why it was not asked. */
async function callMerge(
  options: MergeOptions,
  state: IssueState,
  reviews: readonly { state: string; commitSHA: string | null; author: { login: string } }[],
  still: () => Promise<void>,
): Promise<MergeResult | Outdated> {
  const { conductor, issue, action } = options;
  const text = mergeMessage({
    issue: { name: issue.metadata.name!, number: state.spec!.number!, title: state.spec!.title },
    pullRequest: action.number,
    headSHA: action.headSHA,
    agent: state.lastWork?.agent.name ?? 'a person',
    attempt: state.lastWork?.attempt ?? 1,
    tier: effectiveGrade(state)?.tier ?? 'T3',
    taskClass: trustedWork(state).taskClass || 'unclassified',
    reviewers: [
      ...new Set(
        reviews
          .filter((review) => review.state === 'approved' && review.commitSHA === action.headSHA)
          .map((review) => review.author.login),
      ),
    ],
  });
  const key = String(state.mergeRequested!.version);
  const request = { sha: action.headSHA, method: action.method, ...text, still };
  try {
    return await conductor.writes.merge(await targetOf(options), action.number, key, request);
  } catch (error) {
    if (isEventsError(error, 'EffectRefused')) return new Outdated(error.message);
    throw error;
  }
}

/** The call was not made, and will not be on this decision. */
function keptBack(now: IssueState, { mergeRequested }: IssueState, message: string): DomainEvent[] {
  if (now.mergeRequested?.version !== mergeRequested!.version || now.merged !== null) return [];
  const { headSHA } = mergeRequested!;
  const data = { gate: 'mergeable', headSHA, reason: 'FactUnknown', message: message.slice(0, 1_024) } as const;
  return [{ type: 'MERGE_GATE_WAITING', data }];
}

function refusal(state: IssueState, action: Merge, result: Extract<MergeResult, { merged: false }>): DomainEvent[] {
  if (state.mergeRequested?.headSHA !== action.headSHA || state.merged !== null) return [];
  const reason = result.code === 'Refused' ? 'MergeRefused' : result.code;
  return [
    {
      type: 'MERGE_GATE_WAITING',
      data: { gate: 'mergeable', headSHA: action.headSHA, reason, message: result.message.slice(0, 1_024) },
    },
  ];
}
