export { type Routing, routeDeveloper, routeReviewer } from './agents/routing.ts';
export { canonicalJSON } from './approval/canonical.ts';
export { type ApprovedStep, type Coverage, coveredBy, type RecordedApproval } from './approval/covers.ts';
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
  judgeApproval,
  type OpenedBundle,
} from './approval/judge.ts';
export type { Human, Identity } from './approval/people.ts';
export {
  decideApproval,
  decideDeleted,
  type KnownApproval,
  standingApprovals,
} from './approval/record.ts';
export { approvalPredicateType, approvalStatement, statementPayloadType } from './approval/statement.ts';
export { compareFences, type Fence, formatFence, parseFence } from './claims/fence.ts';
export { priorityRank } from './claims/priority.ts';
export { decideUndelivered } from './deploy/reopen.ts';
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
export { type GateInput, type GateName, type GateResult, personWithWrite, type RequiredCheck } from './gate/types.ts';
export { attestation, ruleWish } from './gate/wish.ts';
export type { Action } from './issue/action.ts';
export {
  type Asked,
  type Command,
  type CommandDecision,
  decideApproved,
  decideCommand,
} from './issue/command.ts';
export {
  type Assignment,
  decideAction,
  decideAssignment,
  decideDispatch,
  decideFiled,
  decideWish,
  nextAttempt,
  nextRound,
  type Wish,
} from './issue/decide.ts';
export { evolve, replay } from './issue/evolve.ts';
export { changeHead, effectiveGrade, floorOf, isHigher } from './issue/grade.ts';
export { lossDue } from './issue/loss.ts';
export { type MergesWorld, observeMerges } from './issue/merges.ts';
export { gateOf } from './issue/merging.ts';
export { nextAction } from './issue/next.ts';
export { observe } from './issue/observe.ts';
export { branchBefore, decideRecovery, type Recovery, type Remains } from './issue/recovery.ts';
export { release } from './issue/release.ts';
export { type Caller, callerOf, type Decision, decideReport, type Report } from './issue/report.ts';
export { type ChangeGrade, type IssueState, type LiveTask, liveTask, liveTasks, noIssue } from './issue/state.ts';
export { type ProjectedStatus, phaseOf, projectGates, projectIssue } from './issue/status.ts';
export {
  type AgentFacts,
  type ChildFacts,
  defaultPolicy,
  type Policy,
  type RepositoryPolicy,
  type TaskFacts,
  type TierAnswer,
  type World,
} from './issue/world.ts';
export { evolveHistory, type History, type LedgerEvent, noHistory } from './ledger/change.ts';
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
  mergedLast,
} from './ledger/decide.ts';
export { dispatchCeiling, isWithin } from './ledger/dispatch.ts';
export { Ledger, type LedgerRow, type LedgerSubject, pairsOf, recordsOf } from './ledger/ledger.ts';
export { modelOf } from './ledger/model.ts';
export { type Ceiling, defaultLedgerPolicy, type LedgerPolicy, unreachable } from './ledger/policy.ts';
export { judgeUndone, saidReverted } from './ledger/revert.ts';
export {
  type ChangeRecord,
  type Grounds,
  modelsOf,
  rolledBackAt,
  type Standing,
  settlesAt,
  standingOf,
  type TrustKey,
} from './ledger/standing.ts';
export { type ChangedLines, type Substance, substanceOf } from './ledger/substance.ts';
export { type AgentTrust, evolveTrust, groundsFor, noTrust, pairOf } from './ledger/trust.ts';
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
export type { ChangedFile, ChangeFacts, FileContent } from './tier/change.ts';
export { type AskedWork, contentNeeded, gradeChange, gradeIssue } from './tier/classify.ts';
export type { Engines } from './tier/engines.ts';
export type { Finding, Grade } from './tier/grade.ts';
export { type CompiledPolicy, compilePolicy, compileRaise, type Raise, type RuleSpec } from './tier/policy.ts';
export type { Work } from './tier/whole.ts';
