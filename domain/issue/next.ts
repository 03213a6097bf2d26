import { isReason, type Reason } from '#crds';
import { routeDeveloper, routeReviewer } from '../agents/routing.ts';
import type { AgentRef } from '../events/catalogue.ts';
import { decideMerge, type GateDecision } from '../gate/gate.ts';
import type { GateInput } from '../gate/types.ts';
import type { IssueState } from './state.ts';
import type { Policy, RepositoryPolicy, World } from './world.ts';

interface Said {
  /** From the registry of reasons. */
  readonly reason: Reason;
  /** One sentence for a person. */
  readonly message: string;
}

/** Everything the conductor can do for an issue. The set is closed; each says why. */
export type Action = Said &
  (
    | { readonly do: 'fileForgeIssue' }
    | { readonly do: 'classify'; readonly tier: NonNullable<World['tier']> }
    | { readonly do: 'enqueue'; readonly candidates: readonly AgentRef[]; readonly stack: string | null }
    | {
        readonly do: 'dispatch';
        readonly kind: 'rework' | 'review';
        readonly agent: AgentRef;
        readonly headSHA: string;
      }
    | {
        readonly do: 'merge';
        readonly number: number;
        readonly headSHA: string;
        readonly method: RepositoryPolicy['mergeMethod'];
      }
    | { readonly do: 'readPullRequest'; readonly number: number }
    | { readonly do: 'reportGate'; readonly gate: string; readonly headSHA: string }
    | { readonly do: 'closeStalePullRequest'; readonly number: number }
    | { readonly do: 'cancelTask'; readonly task: string }
    | { readonly do: 'release' }
    | { readonly do: 'awaitHuman' }
    | { readonly do: 'cancelIssue' }
    | { readonly do: 'finish' }
    | { readonly do: 'fail' }
    | { readonly do: 'wait'; readonly until: number | null }
  );

const wait = (reason: Reason, message: string, until: number | null = null): Action => ({
  do: 'wait',
  reason,
  message,
  until,
});
const awaitHuman = (reason: Reason, message: string): Action => ({ do: 'awaitHuman', reason, message });

/** A reason read back from the log; one that this release does not know says at least that the task failed. */
const registered = (word: string): Reason => (isReason(word) ? word : 'TaskFailed');

/**
 * The one thing to do next for an issue, out of a closed set. Pure and total. Waiting is not silence: it always carries
 * the most useful missing thing, and `until` where time alone can change the answer (ms since the epoch).
 */
export function nextAction(state: IssueState, world: World, policy: Policy, now: number): Action {
  if (state.spec === null) return wait('Unfiled', 'The issue has not been recorded yet.');
  return ended(state) ?? held(state, world, policy, now) ?? prepared(state, world) ?? worked(state, world, policy, now);
}

/** Nothing follows an ending, a suspension or a question to a person; what still runs is released first. */
function ended(state: IssueState): Action | null {
  const busy = state.work !== null || state.task.work !== null || state.task.review !== null;
  if (state.ending !== null)
    return busy
      ? { do: 'release', reason: 'CancelledByPerson', message: state.ending.message }
      : wait(registered(state.ending.reason), state.ending.message);
  if (state.merged !== null) return null;
  if (state.spec!.suspend) {
    const message = 'The issue is suspended; set spec.suspend to false to go on.';
    return busy ? { do: 'release', reason: 'Suspended', message } : wait('Suspended', message);
  }
  return state.awaiting === null ? null : wait(registered(state.awaiting.reason), state.awaiting.message);
}

function held(state: IssueState, world: World, policy: Policy, now: number): Action | null {
  if (state.merged !== null) return finish(world);
  // A merge by a person closes the issue as well, and may be told later: look before taking it for a no.
  if (
    world.forgeIssueClosed &&
    state.pullRequest?.open === true &&
    now - world.pullRequestReadAt >= policy.readInterval
  )
    return readPullRequest(state, 'The issue was closed at the forge.');
  if (world.forgeIssueClosed)
    return {
      do: 'cancelIssue',
      reason: 'CancelledByPerson',
      message: 'The issue was closed at the forge; reopen it there to go on.',
    };
  if (!world.repository.known) return wait('RepositoryNotReady', world.repository.why);
  if (state.work !== null && state.work.generation !== state.wishGeneration) {
    return {
      do: 'release',
      reason: 'NewerGeneration',
      message: 'The issue was edited; the next attempt works from the new text.',
    };
  }
  return null;
}

function finish(world: World): Action {
  if (!world.repository.known) return wait('RepositoryNotReady', world.repository.why);
  const { deploy } = world.repository.value;
  if (deploy === 'none')
    return { do: 'finish', reason: 'Merged', message: 'The change is merged, and the Repository deploys nothing.' };
  return awaitHuman(
    'DeployUnsupported',
    `The change is merged; this conductor cannot deploy by ${deploy}: deploy it by hand, or set deploy.kind to none.`,
  );
}

function prepared(state: IssueState, world: World): Action | null {
  if (state.spec!.number === null)
    return {
      do: 'fileForgeIssue',
      reason: 'Unnumbered',
      message: 'The issue has no number yet and is filed at the forge.',
    };
  if (world.tier === null) {
    return awaitHuman(
      'NoTierPolicy',
      'Nothing grades the blast radius of this work, so it counts as T3 and is left to a person.',
    );
  }
  if (state.classified?.generation !== state.generation)
    return { do: 'classify', tier: world.tier, reason: 'Unclassified', message: world.tier.reason };
  if (state.classified.tier === 'T3') return awaitHuman('IrreversibleTier', 'Work graded T3 is driven by a person.');
  if (state.work === null && world.openDependencies.length > 0) {
    return wait('DependencyOpen', `It depends on ${world.openDependencies.join(', ')}, not done yet.`);
  }
  return null;
}

function worked(state: IssueState, world: World, policy: Policy, now: number): Action {
  const stale = state.stalePullRequests[0];
  if (stale !== undefined && state.pullRequest?.open === true) {
    return {
      do: 'closeStalePullRequest',
      number: stale,
      reason: 'Superseded',
      message: `Pull request #${stale} is of an earlier attempt.`,
    };
  }
  if (state.work === null) return begin(state, world, policy, now);
  const end = state.lastEnd.work;
  if (state.task.work === null && end !== null) {
    const answer = afterWork(state, end);
    if (answer !== null) return answer;
  }
  if (state.pullRequest === null)
    return wait('Progressing', `${state.work.agent.name} is at work on attempt ${state.work.attempt}.`);
  if (!state.pullRequest.open)
    return awaitHuman(
      'PullRequestClosed',
      `Pull request #${state.pullRequest.number} was closed by hand; reopen it, or edit the issue to start again.`,
    );
  return reviewOrMerge(state, world, policy, now);
}

/** What the newest work task left behind when it ended; null where the pull request decides. */
function afterWork(state: IssueState, end: NonNullable<IssueState['lastEnd']['work']>): Action | null {
  switch (end.ending) {
    case 'stuck':
    case 'asked':
      return awaitHuman(registered(end.reason), end.message);
    case 'failed':
      return { do: 'release', reason: registered(end.reason), message: end.message };
    case 'lost':
    case 'cancelled':
      return {
        do: 'release',
        reason: end.infrastructure ? 'InfrastructureLost' : registered(end.reason),
        message: end.message,
      };
    case 'succeeded':
      return state.pullRequest === null
        ? { do: 'release', reason: 'NothingChanged', message: 'The task ended without a pull request.' }
        : null;
  }
}

function begin(state: IssueState, world: World, policy: Policy, now: number): Action {
  const repository = (world.repository as { value: RepositoryPolicy }).value;
  if (!world.stack.known) return wait('FactUnknown', world.stack.why, now + 5_000);
  const routing = routeDeveloper(world.agents, repository, state.classified!.taskClass, world.stack.value);
  if (routing.fit === 'none') return awaitHuman('NoAgentFits', routing.message);
  const attempts = Math.max(...routing.candidates.map((agent) => agent.attempts));
  if (state.failures >= attempts && state.lastFailure) {
    return {
      do: 'fail',
      reason: 'AttemptsExhausted',
      message: `All ${attempts} attempts are used up; the last one ended with ${state.lastFailure.reason}: ${state.lastFailure.message}`,
    };
  }
  const due =
    state.lastFailure === null ? 0 : state.lastFailure.at + policy.retryBackoff * 2 ** Math.max(0, state.failures - 1);
  if (state.failures > 0 && now < due) {
    return wait(
      'Retrying',
      `Attempt ${state.failures} ended with ${state.lastFailure!.reason}; the next one starts in ${Math.ceil((due - now) / 1_000)} s.`,
      due,
    );
  }
  const candidates = routing.candidates.map(({ name, uid }) => ({ name, uid }));
  return {
    do: 'enqueue',
    candidates,
    stack: world.stack.value,
    reason: 'Queued',
    message: `It waits for a free slot of ${candidates.map((one) => one.name).join(' or ')}.`,
  };
}

function reviewOrMerge(state: IssueState, world: World, policy: Policy, now: number): Action {
  const head = state.pullRequest!.headSHA;
  if (!world.pullRequest.known) return readAgain(state, world, policy, now, world.pullRequest.why);
  if (world.pullRequest.value.head.sha !== head)
    return readAgain(state, world, policy, now, `The forge still shows an older head than ${head.slice(0, 8)}.`);
  const review = state.task.review;
  if (review !== null && review.headSHA !== head)
    return {
      do: 'cancelTask',
      task: review.name,
      reason: 'HeadMoved',
      message: 'The head moved; the review starts again on the new one.',
    };
  const rework = state.task.work === null ? wantsRework(state, world) : null;
  if (rework !== null && review === null) return dispatchRework(state, policy, rework, head);
  const wanted = wantsReview(state, world, policy, now);
  if (wanted !== null) return wanted;
  if (state.task.work !== null)
    return wait('Progressing', `${state.task.work.agent.name} is at work (${state.task.work.kind}).`);
  if (review !== null) return wait('Progressing', `${review.agent.name} is reviewing ${head.slice(0, 8)}.`);
  return mergeOrSay(state, world, policy, now);
}

/** Why the current head has to go back to the developer, or null. A head that was sent back once already is not sent back for the same. */
function wantsRework(state: IssueState, world: World): string | null {
  const head = state.pullRequest!.headSHA;
  if (state.ci?.headSHA === head && !state.ci.passed) return 'A required check failed.';
  if (state.verdict?.headSHA === head && !state.verdict.passed) return 'A review asks for changes.';
  if (
    state.conflict?.headSHA === head &&
    world.pullRequest.known &&
    world.pullRequest.value.mergeable === 'conflicting'
  )
    return 'The change conflicts with the base.';
  if (
    world.pullRequest.known &&
    world.pullRequest.value.containsBase === false &&
    state.classified?.tier !== 'T0' &&
    state.verdict?.passed === true
  ) {
    return 'The change does not contain the tip of the base.';
  }
  return null;
}

function dispatchRework(state: IssueState, policy: Policy, why: string, headSHA: string): Action {
  const sameHead = state.reworkedHeads.filter((sha) => sha === headSHA).length;
  if (state.disputes >= policy.maxDisputes || state.rounds.rework >= 2 * policy.maxDisputes || sameHead >= 2) {
    return awaitHuman(
      'ReviewLoopExceeded',
      `Review and rework went round ${Math.max(state.disputes, state.rounds.rework)} times without an end; a person has to look at pull request #${state.pullRequest!.number}.`,
    );
  }
  return { do: 'dispatch', kind: 'rework', agent: state.work!.agent, headSHA, reason: 'ReworkWanted', message: why };
}

function wantsReview(state: IssueState, world: World, policy: Policy, now: number): Action | null {
  const head = state.pullRequest!.headSHA;
  const answered = state.verdict?.headSHA === head;
  const reworkingThis = state.task.work?.kind === 'rework' && state.task.work.headSHA === head;
  if (answered || reworkingThis || state.task.review !== null || !world.pullRequest.known) return null;
  if (state.failedReviews >= policy.maxFailedReviews) {
    return awaitHuman(
      'ReviewFailed',
      `The review task failed ${state.failedReviews} times: ${state.lastEnd.review?.message ?? 'no reason given'}`,
    );
  }
  const end = state.lastEnd.review;
  if (end?.ending === 'asked' || end?.ending === 'stuck') return awaitHuman(registered(end.reason), end.message);
  const due = Date.parse(world.pullRequest.value.updatedAt) + policy.reviewDebounce;
  if (policy.reviewDebounce > 0 && now < due)
    return wait('ReviewDebounced', 'The review starts when the head has been quiet for a while.', due);
  const reviewer = routeReviewer(world.agents, world.pullRequest.value.author);
  if (reviewer === 'full') return wait('ConcurrencyFull', 'Every reviewer is busy.');
  if (reviewer === null)
    return wait(
      'ReviewMissing',
      'No ready Agent of role reviewer with its own forge account; apply one, or have a person review.',
    );
  const agent = { name: reviewer.name, uid: reviewer.uid };
  return {
    do: 'dispatch',
    kind: 'review',
    agent,
    headSHA: head,
    reason: 'ReviewWanted',
    message: `Head ${head.slice(0, 8)} has not been reviewed.`,
  };
}

function mergeOrSay(state: IssueState, world: World, policy: Policy, now: number): Action {
  const decision = gateOf(state, world, policy, now);
  const pullRequest = state.pullRequest!;
  if (decision.missing === null) {
    const refused =
      state.waiting?.headSHA === pullRequest.headSHA && REFUSALS.has(state.waiting.reason)
        ? state.waiting.at + policy.mergeBackoff
        : 0;
    if (now < refused)
      return wait('MergeRefused', 'The forge refused the merge a moment ago; it is asked again soon.', refused);
    const { mergeMethod } = (world.repository as { value: RepositoryPolicy }).value;
    return {
      do: 'merge',
      number: pullRequest.number,
      headSHA: pullRequest.headSHA,
      method: mergeMethod,
      reason: 'AllGatesPassed',
      message: 'Every gate passed.',
    };
  }
  const { gate, state: standing, reason, message } = decision.missing;
  if (standing === 'unknown') return readAgain(state, world, policy, now, message);
  const told =
    state.waiting?.gate === gate && state.waiting.reason === reason && state.waiting.headSHA === pullRequest.headSHA;
  return told
    ? wait(reason, message, now + 60_000)
    : { do: 'reportGate', gate, headSHA: pullRequest.headSHA, reason, message };
}

/** Reasons the merge call itself gives: the gate had passed. */
const REFUSALS: ReadonlySet<string> = new Set<Reason>(['MergeRefused', 'NotMergeable', 'HeadMoved']);

function readPullRequest(state: IssueState, message: string): Action {
  return { do: 'readPullRequest', number: state.pullRequest!.number, reason: 'FactUnknown', message };
}

/** Reads the pull request whole, but not more often than the policy allows. */
function readAgain(state: IssueState, world: World, policy: Policy, now: number, why: string): Action {
  const due = world.pullRequestReadAt + policy.readInterval;
  return now >= due ? readPullRequest(state, why) : wait('FactUnknown', why, due);
}

/** The merge gate on what is known now. Before a merge it is asked again with a live read. */
export function gateOf(state: IssueState, world: World, policy: Policy, now: number): GateDecision {
  return decideMerge(gateInput(state, world, policy, now));
}

function gateInput(state: IssueState, world: World, policy: Policy, now: number): GateInput {
  const repository = world.repository.known ? world.repository.value : null;
  return {
    pullRequest: repository === null ? { known: false, why: 'The Repository is not known.' } : world.pullRequest,
    repository: {
      id: repository?.forgeId ?? 0,
      defaultBranch: repository?.defaultBranch ?? '',
      requiredChecks: repository?.requiredChecks ?? [],
      blockLabels: repository?.blockLabels ?? [],
    },
    issue: {
      number: state.spec?.number ?? 0,
      branch: state.lastWork?.branch ?? null,
      forwarded: state.forwarded,
      wishGeneration: state.wishGeneration,
      workGeneration: state.lastWork?.generation ?? null,
      tier: state.classified?.tier ?? null,
    },
    reviewers: new Set(
      world.agents.flatMap((agent) => (agent.role === 'reviewer' && agent.account ? [agent.account.id] : [])),
    ),
    machines: world.machines,
    permissions: world.permissions,
    headPushedBy: world.headPushedBy,
    tierGate: tierGate(state, world),
    now,
    maxAgeMs: policy.factMaxAge,
  };
}

/** The tier row as far as the tier port answers: ungraded work never passes. */
function tierGate(state: IssueState, world: World): GateInput['tierGate'] {
  const gate = 'tier';
  if (world.tier === null)
    return {
      gate,
      state: 'fail',
      reason: 'NoTierPolicy',
      message: 'Nothing grades the blast radius of this work, so a person has to merge it.',
    };
  const tier = state.classified?.tier ?? 'T3';
  if (tier === 'T3')
    return { gate, state: 'fail', reason: 'IrreversibleTier', message: 'A T3 change is merged by a person.' };
  return { gate, state: 'pass', reason: 'Passed', message: `Graded ${tier}: ${state.classified?.reason ?? ''}` };
}
