import { awaited } from '../escalation/acknowledge.ts';
import { type Action, awaitHuman, registered, wait } from './action.ts';
import { consentFor } from './consent.ts';
import { effectiveGrade } from './grade.ts';
import { closeStale } from './merges.ts';
import { current, mergeOrSay, readAgain } from './merging.ts';
import { preparing } from './prepare.ts';
import { wantsReview } from './reviewing.ts';
import type { IssueState } from './state.ts';
import { howClosed } from './working.ts';
import type { Policy, World } from './world.ts';

/**
 * The next action for work that is graded T3. No agent is given it. A head that a listed person signed goes to the merge gate like any other; whatever else
 * there is waits for a person.
 */
export function driven(state: IssueState, world: World, policy: Policy, now: number): Action {
  if (consentFor(state, 'merge', now) === null) return awaitHuman('IrreversibleTier', whatHelps(state, world));
  if (state.work !== null || state.task.review !== null)
    return { do: 'release', reason: 'HumanNeeded', message: 'A person signed the head: nobody works on it any more.' };
  const { headSHA } = state.pullRequest!;
  const { pullRequest: shown } = world;
  if (!shown.known) return readAgain(current(state, world), policy, now, shown.why);
  if (shown.value.head.sha !== headSHA)
    return readAgain(current(state, world), policy, now, `The forge shows another head than ${headSHA.slice(0, 8)}.`);
  return mergeOrSay(state, world, policy, now);
}

/** Waits for the person who is asked, for what is the matter now: about T3 work its pull request may have come, moved or been closed since the question. */
export function asking(state: IssueState, world: World): Action {
  const awaiting = state.awaiting!;
  if (awaiting.reason !== 'IrreversibleTier') return wait(registered(awaiting.reason), awaited(awaiting));
  const reason = state.pullRequest?.open === false ? 'PullRequestClosed' : 'IrreversibleTier';
  return wait(reason, awaited({ ...awaiting, message: whatHelps(state, world) }));
}

function whatHelps(state: IssueState, world: World): string {
  const { pullRequest, classified } = state;
  const { name } = world;
  const grade = effectiveGrade(state);
  if (pullRequest?.open === false) {
    const isDriven = grade?.tier === 'T3';
    const again = isDriven
      ? `\`rig prepare ${name}\` has an agent prepare another draft.`
      : '`/rig retry`, or an edit of the issue, has it worked again.';
    const { merged, message } = howClosed(pullRequest.number, world);
    return `${message}; ${merged ? 'close the issue if that is all' : 'reopen it'}, or ${again}`;
  }
  if (grade?.tier !== 'T3')
    return 'Nothing of it is graded T3 any more; `/rig retry`, or an edit of the issue, has it worked again.';
  const what =
    classified?.tier === 'T3'
      ? `Work graded T3 is driven by a person: ${grade.reason}`
      : `The change is graded T3, and a person goes on with it: ${grade.reason}`;
  const draft = `\`rig prepare ${name}\` has an agent prepare a draft.`;
  if (pullRequest === null) return `${what} ${draft}`;
  return `${what} \`rig approve ${name} --scope merge\` signs head ${pullRequest.headSHA.slice(0, 8)} of #${pullRequest.number}; ${draft}`;
}

/** What goes on while a person is asked about T3 work: a preparation that was asked for, and the reviewer's word that it is not theirs. Null for nothing. */
export function besidePerson(state: IssueState, world: World, policy: Policy, now: number): Action | null {
  if (state.awaiting?.reason !== 'IrreversibleTier' || !world.repository.known) return null;
  const stale = state.pullRequest?.open === true ? closeStale(state) : null;
  return stale ?? preparing(state, world, now) ?? declined(state, world, policy, now);
}

/** A pull request that is ready is shown to a reviewer, who says on it that people have to approve it. */
function declined(state: IssueState, world: World, policy: Policy, now: number): Action | null {
  const { pullRequest, refusedReview, task } = state;
  if (pullRequest?.open !== true || !world.pullRequest.known) return null;
  const { head, draft } = world.pullRequest.value;
  const { review } = task;
  if (review !== null && review.headSHA !== pullRequest.headSHA)
    return { do: 'cancelTask', task: review.name, reason: 'HeadMoved', message: 'The head moved.' };
  if (draft || head.sha !== pullRequest.headSHA || refusedReview === head.sha) return null;
  const wanted = wantsReview(state, world, policy, now);
  if (wanted?.do === 'dispatch') return wanted;
  if (wanted?.do !== 'wait') return null;
  const { reason, message } = asking(state, world);
  return { ...wanted, reason, message };
}
