export { type Routing, routeDeveloper, routeReviewer } from './agents/routing.ts';
export { isBrought, type Lineage, type MovedRef } from './approval/brought.ts';
export { canonicalJSON } from './approval/canonical.ts';
export { approvedChange, manifestPaths } from './approval/change.ts';
export {
  type ApprovalDocument,
  type ApprovalInput,
  type ApprovalScope,
  type ApprovedChange,
  approvalDigest,
  approvalDocument,
  approvalScopes,
} from './approval/document.ts';
export { ApprovalError, type ApprovalErrorCode } from './approval/error.ts';
export {
  type ApprovalQuestion,
  type ApprovalVerdict,
  approvalLife,
  consentsTo,
  type HoldingApproval,
  judgeApproval,
  judgeMerged,
  judgeSigned,
  type OpenedBundle,
  type SignerQuestion,
} from './approval/judge.ts';
export { isTakenBack, type KnownApproval, type RecordedApproval, standingApprovals } from './approval/known.ts';
export { type Manifest, manifestDigest, removalDigest } from './approval/manifest.ts';
export { type MergeDocument, mergeOf } from './approval/merge.ts';
export type { Account, Human, Identity, ListedPeople } from './approval/people.ts';
export { decideApproval, decideLook, type Looked } from './approval/record.ts';
export { approvalPredicateType, approvalStatement, readStatement, statementPayloadType } from './approval/statement.ts';
export { type BundleOpener, type UnopenedBundle, verifyApproval } from './approval/verify.ts';
export { judgeAttestation } from './attestor/machine.ts';
export { attestedText, changeStatement } from './attestor/statement.ts';
export {
  APPROVAL_CHECK,
  type CheckedApproval,
  type CheckedGrade,
  type CheckedIssue,
  type HeadVerdict,
  judgeHead,
} from './check/verdict.ts';
export { compareFences, type Fence, formatFence, parseFence } from './claims/fence.ts';
export { priorityRank } from './claims/priority.ts';
export type { AskedWrite } from './consent/asked.ts';
export {
  type ConsentAttestors,
  consentNeeded,
  decideConsent,
  type FoundConsent,
  type GivenConsent,
} from './consent/decide.ts';
export type { ListedManifests } from './consent/governed.ts';
export { leavesPerson, type ShownIssue } from './consent/status.ts';
export { decideUndelivered, reopeningOf } from './deploy/reopen.ts';
export { CHECKS, type CheckName, checkKey, type DeliveryState } from './deploy/state.ts';
export type { CheckJobFacts, DeliveryFacts, DeployPolicy, StageFacts } from './deploy/world.ts';
export { type EgressVerdict, judgeEgress } from './egress/judge.ts';
export { egressHosts } from './egress/presets.ts';
export { type EgressTarget, isAddress, plainTarget, targetText, tunnelTarget } from './egress/target.ts';
export { type Acknowledgement, decideAcknowledgement, openGate } from './escalation/acknowledge.ts';
export { type Notice, noticeOf, pauseOf, streamOf } from './escalation/notice.ts';
export { decideReminder, reminderDue } from './escalation/remind.ts';
export * from './events/catalogue.ts';
export * from './facts.ts';
export type { AttestingMachines } from './gate/attestors.ts';
export { type CheckedHead, type CheckVerdict, checkedHead, judgeChecks } from './gate/checks.ts';
export { decideMerge, type GateDecision } from './gate/gate.ts';
export {
  type BranchRules,
  compareRules,
  type Enforcement,
  RULESET_NAME,
  type RulesetRules,
  type RuleWish,
  wantedRules,
} from './gate/ruleset.ts';
export { termsOf } from './gate/terms.ts';
export { type GateInput, type GateName, type GateResult, personWithWrite, type RequiredCheck } from './gate/types.ts';
export { approvalAppOf, attestation, ruleWish } from './gate/wish.ts';
export type { Action } from './issue/action.ts';
export {
  type Asked,
  type Command,
  type CommandDecision,
  decideApproved,
  decideCommand,
} from './issue/command.ts';
export { consentFor } from './issue/consent.ts';
export {
  type Assignment,
  decideAction,
  decideAssignment,
  decideDispatch,
  decideFiled,
  decideMergeRequest,
  decideWish,
  nextAttempt,
  nextRound,
  type Wish,
} from './issue/decide.ts';
export { evolve, replay } from './issue/evolve.ts';
export { changeHead, effectiveGrade, floorOf, isHigher, isWidened, trustedWork } from './issue/grade.ts';
export { consentsToClaim, type TrustOf } from './issue/ground.ts';
export { lossDue } from './issue/loss.ts';
export { type MergesWorld, observeMerges } from './issue/merges.ts';
export { gateOf } from './issue/merging.ts';
export { nextAction } from './issue/next.ts';
export { observe } from './issue/observe.ts';
export { decideOpened, type OpenedPull } from './issue/opened.ts';
export { firstTask } from './issue/plan.ts';
export { type AskedPreparation, decidePreparation, isAsked } from './issue/prepare.ts';
export { pushRefusal } from './issue/push.ts';
export { branchBefore, decideRecovery, type Recovery, type Remains } from './issue/recovery.ts';
export { release } from './issue/release.ts';
export { type Caller, callerOf, type Decision, decideReport, NO_AGENT_PASSES, type Report } from './issue/report.ts';
export { isKnownStart, type Start, type TracedStart } from './issue/start.ts';
export { type ChangeGrade, type IssueState, type LiveTask, liveTask, liveTasks, noIssue } from './issue/state.ts';
export { type ProjectedStatus, phaseOf, projectGates, projectIssue } from './issue/status.ts';
export { consentsToMerge } from './issue/tier-row.ts';
export {
  type AgentFacts,
  type AgentModels,
  type ChildFacts,
  defaultPolicy,
  type Policy,
  type RepositoryPolicy,
  type TaskFacts,
  type TierAnswer,
  type World,
} from './issue/world.ts';
export { evolveHistory, type History, noHistory } from './ledger/change.ts';
export { tiersOfRules, unreachableClasses } from './ledger/classes.ts';
export {
  type AgentAct,
  type ChangeAct,
  decideAgentAct,
  decideChangeAct,
  decideMeasured,
  decideMoved,
  decideQuestioned,
  decideReset,
  decideReverted,
} from './ledger/decide.ts';
export { dispatchCeiling, isWithin, modelsNow } from './ledger/dispatch.ts';
export {
  type GrantDocument,
  type GrantQuestion,
  type GrantVerdict,
  grantStatement,
  judgeGrant,
  noGrant,
  type ToldGrant,
  type WeighGrant,
  wrongInGrant,
} from './ledger/grant.ts';
export { Ledger, type LedgerRow, type LedgerSubject, pairsOf, recordsOf } from './ledger/ledger.ts';
export { modelOf } from './ledger/model.ts';
export { type Ceiling, defaultLedgerPolicy, type LedgerPolicy, unreachable } from './ledger/policy.ts';
export { judgeLinesGone, judgeUndone, saidReverted } from './ledger/revert.ts';
export {
  type ChangeRecord,
  type Grant,
  type Grounds,
  modelsOf,
  rolledBackAt,
  type Standing,
  settlesAt,
  standingOf,
  type TrustKey,
} from './ledger/standing.ts';
export { type ChangedLines, isGenerated, type Substance, substanceOf } from './ledger/substance.ts';
export { type AgentTrust, evolveTrust, groundsFor, noTrust, pairOf } from './ledger/trust.ts';
export { type Gap, type Listening, listeningFrom } from './listening.ts';
export { type ClosingReference, closingReferences, skipsChecks } from './pull-request/markers.ts';
export {
  type ChangeData,
  type ChangeText,
  defuse,
  mergeMessage,
  pullRequestBody,
  pullRequestTitle,
} from './pull-request/text.ts';
export { type Report as WorkReport, type ReportBy, type ReportGroup, reportOf } from './report/report.ts';
export { type ReportedEvent, type ReportRow, rowsOf } from './report/row.ts';
export { budgetState, durationText, windowsOf } from './slo/budget.ts';
export { decideDepleted } from './slo/deplete.ts';
export { type Events, notAsked, type Sample, type SampleProblem, type SloFacts } from './slo/facts.ts';
export type { BudgetWish, SloWish } from './slo/wish.ts';
export type { ChangedFile, ChangeFacts, FileContent } from './tier/change.ts';
export { type AskedWork, contentNeeded, gradeChange, gradeIssue } from './tier/classify.ts';
export type { Engines } from './tier/engines.ts';
export type { Finding, Grade } from './tier/grade.ts';
export { type CompiledPolicy, compilePolicy, compileRaise, type Raise, type RuleSpec } from './tier/policy.ts';
export type { Work } from './tier/whole.ts';
