import type { IssuePhase, IssueStatus } from '#crds';
import { projectEscalation } from '../escalation/project.ts';
import { clip } from '../events/parts.ts';
import type { GateDecision } from '../gate/gate.ts';
import type { Action } from './action.ts';
import { effectiveGrade } from './grade.ts';
import type { Preparation } from './prepare.ts';
import type { IssueState } from './state.ts';

/** Longest sentence of an Issue's status beside its conditions, as its CRD has it. */
const SENTENCE_LIMIT = 512;

/** The phase of an issue: a projection of its log, never stored as a fact of its own. */
export function phaseOf(state: IssueState): IssuePhase {
  if (state.ending !== null) return state.ending.kind;
  if (state.awaiting !== null) return 'AwaitingHuman';
  if (state.merged !== null) return 'Deploying';
  if (state.children.length > 0 && state.spec?.number != null) return 'Implementing';
  if (state.classified === null || state.spec?.number == null) return 'Pending';
  if (state.mergeRequested !== null) return 'Merging';
  // Signed by a person: nobody works on it, and it goes to the merge gate.
  if (state.work === null && effectiveGrade(state)?.tier === 'T3' && state.pullRequest?.open) return 'Merging';
  if (state.work === null) return 'Queued';
  if (state.task.work?.kind === 'plan') return 'Planning';
  if (state.task.work !== null)
    return state.task.work.kind === 'implement' && state.pullRequest === null
      ? 'Implementing'
      : state.task.review !== null
        ? 'InReview'
        : 'Implementing';
  return state.pullRequest === null ? 'Implementing' : 'InReview';
}

export type ProjectedStatus = Omit<IssueStatus, 'observedGeneration' | 'conditions' | 'costUSD' | 'gates'>;

/** The status of an Issue as its log and the next action tell it, without conditions and times. Absent means not known yet. */
export function projectIssue(state: IssueState, next: Action, url: string | null): ProjectedStatus {
  const number = state.spec?.number ?? undefined;
  const { pullRequest } = state;
  const escalation = projectEscalation(state);
  return {
    phase: phaseOf(state),
    why: clip(next.message, SENTENCE_LIMIT),
    ...(escalation === null ? {} : { escalation }),
    ...(state.plan === null ? {} : { plan: { ...state.plan } }),
    ...(state.preparation === null ? {} : { preparation: preparationOf(state.preparation) }),
    ...(number === undefined ? {} : { number }),
    ...(url === null ? {} : { url }),
    ...(state.classified === null
      ? {}
      : {
          issueTier: state.classified.tier,
          effectiveTier: effectiveGrade(state)!.tier,
          tierReason: clip(effectiveGrade(state)!.reason, SENTENCE_LIMIT),
          taskClass: state.classified.taskClass,
        }),
    ...(state.work === null ? {} : { assignedTo: state.work.agent.name }),
    ...(state.lastWork === null ? {} : { attempts: state.lastWork.attempt, branch: state.lastWork.branch }),
    ...(pullRequest === null
      ? {}
      : {
          pullRequest: {
            number: pullRequest.number,
            url: pullRequest.url,
            headSHA: pullRequest.headSHA,
            ...(state.merged === null ? {} : { mergeSHA: state.merged.sha }),
          },
        }),
  };
}

function preparationOf({ act, by, at }: Preparation): NonNullable<IssueStatus['preparation']> {
  return { act, by: clip(by, 1_024), at: new Date(at).toISOString().replace(/\.\d+Z$/, 'Z') };
}

/** Gate rows for the status, in the order of the table. */
export function projectGates(
  decision: GateDecision,
): { name: string; state: GateDecision['results'][number]['state']; reason: string }[] {
  return decision.results.map(({ gate, state, reason }) => ({ name: gate, state, reason }));
}
