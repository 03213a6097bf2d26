import type { EventRules } from './deliveries.ts';

const SAME_TEXT = 'A comment that is edited or deleted commands nothing; what it once asked for stays asked.';

/** Events of which something follows. `*` holds what GitHub may add: a fact is a fact, whatever brought it. */
export const applied: Readonly<Record<string, EventRules>> = {
  ping: { '-': ['ping', 'repository'] },
  meta: { deleted: ['hook-gone'] },

  repository: {
    'created edited renamed transferred archived unarchived privatized publicized deleted': ['repository'],
    '*': ['repository'],
  },
  public: { '-': ['repository'] },
  repository_ruleset: { 'created edited deleted': ['rules'], '*': ['rules'] },
  branch_protection_rule: { 'created edited deleted': ['rules'], '*': ['rules'] },
  branch_protection_configuration: { 'enabled disabled': ['rules'], '*': ['rules'] },
  installation: {
    'created deleted suspend unsuspend': ['installation'],
    new_permissions_accepted: ['installation'],
  },
  installation_repositories: { 'added removed': ['installation'] },
  installation_target: {
    renamed: 'An account has a new name; each repository is known by its number and says its new name itself.',
  },
  member: { 'added edited removed': ['permission'], '*': ['permission'] },
  team_add: { '-': ['permissions'] },
  team: {
    'added_to_repository removed_from_repository edited': ['permissions'],
    'created deleted':
      'A team that comes or goes with repositories tells it of each; permissions are asked anew after 15 minutes anyway.',
  },

  issues: {
    labeled: ['issue-label'],
    unlabeled: ['issue-label'],
    edited: ['issue-text'],
    'deleted transferred': ['issue-gone'],
    reopened: ['issue-reopened'],
    'opened closed': ['issue'],
    'assigned unassigned milestoned demilestoned locked unlocked pinned unpinned typed untyped': ['issue'],
    '*': ['issue'],
  },
  issue_comment: { created: ['command'], 'edited deleted': SAME_TEXT },

  pull_request: {
    'opened closed reopened synchronize edited converted_to_draft ready_for_review': ['pull-request'],
    'labeled unlabeled enqueued dequeued auto_merge_enabled auto_merge_disabled': ['pull-request'],
    'assigned unassigned milestoned demilestoned locked unlocked review_requested review_request_removed': [
      'pull-request',
    ],
    '*': ['pull-request'],
  },
  pull_request_review: {
    'submitted edited dismissed': ['pull-request', 'review'],
    '*': ['pull-request', 'review'],
  },
  pull_request_review_comment: {
    'created edited deleted': ['pull-request', 'review-comment'],
    '*': ['pull-request', 'review-comment'],
  },
  pull_request_review_thread: {
    'resolved unresolved': ['pull-request', 'thread'],
    '*': ['pull-request', 'thread'],
  },

  check_run: { 'created completed rerequested requested_action': ['check'], '*': ['check'] },
  check_suite: { 'requested rerequested completed': ['check-suite'], '*': ['check-suite'] },
  status: { '-': ['check'] },
  push: { '-': ['push'] },
  deployment: { created: ['deployment'] },
  deployment_status: { created: ['deployment'] },
};
