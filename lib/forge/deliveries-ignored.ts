import type { EventRules } from './deliveries.ts';

/** All actions of an event, with the one reason why nothing follows from any, also not from one that GitHub may add. */
function nothing(actions: string, why: string): EventRules {
  return { [actions]: why, '*': why };
}

const SECURITY = 'What scanners find is for people; an issue with the intake label makes it work for the rig.';
const PEOPLE = 'Who belongs to an organization or team is not asked; permission on the repository is, when it matters.';
const MONEY = 'Says nothing about a repository.';
const BOARD = 'Boards and milestones plan; work is asked for by the intake label and ordered by spec.priority.';
const TALK =
  'The rig works on issues; a discussion becomes work when a person makes it an issue with the intake label.';
const CODE = 'Every push tells of the branches it moves.';
const RUNS = 'A run reports each of its jobs as a check, which is applied.';
const OUTSIDE = 'Says nothing about the work.';
const SETTINGS = 'A setting of the forge that no rule of the rig asks for.';
const PACKAGES = 'What is published after a merge is told by deployments.';

/** Events of which nothing follows, and why. */
export const ignored: Readonly<Record<string, EventRules>> = {
  create: nothing('-', CODE),
  delete: nothing('-', CODE),
  label: {
    'created edited deleted':
      'An issue tells its own labels; a label that was renamed is seen when its issues next change.',
  },
  milestone: nothing('created opened edited closed deleted', BOARD),
  issue_dependencies: nothing(
    'blocked_by_added blocked_by_removed blocking_added blocking_removed',
    'What an Issue waits for is its spec.dependsOn, which only who may edit the object sets.',
  ),
  sub_issues: nothing(
    'parent_issue_added parent_issue_removed sub_issue_added sub_issue_removed',
    'The parent of an Issue is its spec.parentRef, which only who may edit the object sets.',
  ),
  merge_group: nothing(
    'checks_requested destroyed',
    'The checks of a queued group are of another commit than the head; its pull requests tell how it ended.',
  ),
  commit_comment: nothing('created', 'Commands are read in the conversation of issues and pull requests only.'),
  discussion: nothing(
    'created edited deleted answered unanswered category_changed closed reopened labeled unlabeled locked unlocked pinned unpinned transferred',
    TALK,
  ),
  discussion_comment: nothing('created edited deleted', TALK),
  project: nothing('created edited closed reopened deleted', BOARD),
  project_card: nothing('created edited moved converted deleted', BOARD),
  project_column: nothing('created edited moved deleted', BOARD),
  projects_v2: nothing('created edited closed reopened deleted', BOARD),
  projects_v2_item: nothing('created edited archived restored converted reordered deleted', BOARD),
  projects_v2_status_update: nothing('created edited deleted', BOARD),

  workflow_run: nothing('requested in_progress completed', RUNS),
  workflow_job: nothing('queued waiting in_progress completed', RUNS),
  workflow_dispatch: nothing('-', 'Asks a workflow of the repository to run, not the rig.'),
  repository_dispatch: nothing('sample.collected', 'Asks a workflow of the repository to run, not the rig.'),
  deployment_review: nothing(
    'requested approved rejected',
    'Who may deploy is the environment’s; its outcome is told by deployment_status.',
  ),
  deployment_protection_rule: nothing('requested', 'The rig is no protection rule of an environment.'),
  page_build: nothing('-', 'A site that is built is told by deployment_status.'),
  release: nothing('created edited published prereleased released unpublished deleted', PACKAGES),
  package: nothing('published updated', PACKAGES),
  registry_package: nothing('published updated', PACKAGES),

  custom_property: nothing('created updated deleted promote_to_enterprise', SETTINGS),
  custom_property_values: nothing('updated', SETTINGS),
  deploy_key: nothing(
    'created deleted',
    'A push by a deploy key names no account, and an unknown pusher passes no gate.',
  ),
  repository_import: nothing('-', 'What was imported is seen when the repository is listed.'),
  security_and_analysis: nothing('-', SETTINGS),

  code_scanning_alert: nothing('created appeared_in_branch fixed reopened reopened_by_user closed_by_user', SECURITY),
  dependabot_alert: nothing('created fixed dismissed auto_dismissed reopened auto_reopened reintroduced', SECURITY),
  repository_advisory: nothing('published reported', SECURITY),
  repository_vulnerability_alert: nothing('create dismiss reopen resolve', SECURITY),
  secret_scanning_alert: nothing('created assigned unassigned publicly_leaked validated resolved reopened', SECURITY),
  secret_scanning_alert_location: nothing('created', SECURITY),
  secret_scanning_scan: nothing('completed', SECURITY),
  security_advisory: nothing('published updated withdrawn', SECURITY),

  github_app_authorization: nothing(
    'revoked',
    'Says that a person took back an App’s right to act as that person; the rig never acts as a person.',
  ),
  marketplace_purchase: nothing('purchased changed cancelled pending_change pending_change_cancelled', MONEY),
  sponsorship: nothing('created edited cancelled pending_cancellation pending_tier_change tier_changed', MONEY),
  membership: nothing('added removed', PEOPLE),
  organization: nothing('member_added member_invited member_removed renamed deleted', PEOPLE),
  org_block: nothing('blocked unblocked', PEOPLE),
  personal_access_token_request: nothing('created approved denied cancelled', PEOPLE),

  fork: nothing('-', OUTSIDE),
  star: nothing('created deleted', OUTSIDE),
  watch: nothing('started', OUTSIDE),
  gollum: nothing('-', OUTSIDE),
};
