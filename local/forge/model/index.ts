export { type Actor, can, findRepository, movedFrom, need, visibleRepository } from './actor.ts';
export { addAppKey, appOfJwt, looksLikeJwt } from './app-keys.ts';
export { createAttestation } from './attestations.ts';
export {
  type CheckRunChange,
  CI_APP,
  createCheckRun,
  latestRuns,
  rerequestCheckRun,
  updateCheckRun,
} from './checks.ts';
export { closingNumbers } from './closing.ts';
export { createComment, deleteComment, editComment } from './comments.ts';
export { finishDeployment, setDeployer } from './deployer.ts';
export { createDeployment, createDeploymentStatus, deleteDeployment, needContexts, stateOf } from './deployments.ts';
export { directoryOf } from './directories.ts';
export { type Followed, followSource } from './follow-source.ts';
export { createHook, deleteHook, type HookFields, pingHook, updateHook } from './hooks.ts';
export { addToken, authenticate, findUser, makeToken, revokeToken, upsertApp, upsertUser } from './identities.ts';
export {
  coveredBy,
  grants,
  install,
  installationOn,
  issueToken,
  setSuspended,
  uninstall,
} from './installations.ts';
export { createIssue, editIssue, setLabels } from './issues.ts';
export { createLabel, findLabel, labelsNamed } from './labels.ts';
export { mergePull } from './merge.ts';
export { latestOpinions } from './opinions.ts';
export { deleteProtection, setProtection } from './protections.ts';
export { mergeability, mergeState } from './pull-facts.ts';
export { createPull, editPull, setDraft, setReviewers } from './pulls.ts';
export { observeRefs } from './pushes.ts';
export { react } from './reactions.ts';
export { refuseUpdate, unmetByPush } from './ref-updates.ts';
export { ensureRepository, removeCollaborator, setCi, setPermission } from './repositories.ts';
export {
  changeRepository,
  deleteRepository,
  needUnarchived,
  transferRepository,
} from './repository-changes.ts';
export { createReview, dismissReview, type NewReviewComment, replyInThread } from './reviews.ts';
export { hasMergeQueue, isRequired, needsReview, rulesOn, unmetOf } from './rules.ts';
export { createRuleset, deleteRuleset, updateRuleset } from './rulesets.ts';
export { combinedState, createStatus, latestStatuses } from './statuses.ts';
export { setResolved } from './threads.ts';
