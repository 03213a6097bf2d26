export { association, covers, permissionOf } from './association.ts';
export {
  checkRunPage,
  renderCheckRun,
  renderCheckRunEvent,
  renderCheckSuite,
  renderSimpleCommit,
  renderStatus,
} from './check.ts';
export { renderCommit, renderFile, renderRef, userByEmail } from './commit.ts';
export { renderDeployment, renderDeploymentStatus } from './deployment.ts';
export { renderIssueEvent, renderTimelineEvent } from './history.ts';
export { renderDelivery, renderFullDelivery, renderHook } from './hook.ts';
export { renderInstallation, renderInstallationLink, renderInstalledRepository } from './installation.ts';
export { issuePage, labelsOf, renderComment, renderIssue, renderLabel } from './issue.ts';
export { renderActivity, renderProtection, renderProtectionRule, renderRuleset } from './protection.ts';
export { type MergeState, pullPage, renderPull, renderPullSimple } from './pull.ts';
export { renderReaction } from './reaction.ts';
export {
  allows,
  fullName,
  ownerOf,
  permissionFlags,
  renderFullRepository,
  renderMinimalRepository,
  renderOrigin,
  renderRepository,
  repositoryPage,
  repositoryURL,
} from './repository.ts';
export {
  commentsOf,
  renderReview,
  renderReviewComment,
  renderReviewEvent,
  renderThread,
  reviewCommentPage,
  reviewPage,
} from './review.ts';
export {
  avatarURL,
  renderApp,
  renderFullUser,
  renderOrganization,
  renderUser,
  renderUserById,
  userEmail,
  userNodeId,
  userURL,
} from './user.ts';
