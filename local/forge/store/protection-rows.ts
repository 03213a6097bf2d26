import type { Rule } from '../protection/rule.ts';

/** Classic protection of one branch, by its exact name. */
export interface ProtectionRow {
  id: number;
  repoId: number;
  branch: string;
  checks: { strict: boolean; checks: { context: string; appId: number | null }[] } | null;
  enforceAdmins: boolean;
  reviews: {
    dismissStale: boolean;
    codeOwners: boolean;
    lastPush: boolean;
    count: number;
    /** Who may merge without reviews. */
    bypassUserIds: number[];
    bypassAppIds: number[];
  } | null;
  /** Who alone may push; null for everyone with write access. */
  restrictions: { userIds: number[]; appIds: number[] } | null;
  linear: boolean;
  allowForce: boolean;
  allowDeletions: boolean;
  blockCreations: boolean;
  conversations: boolean;
  lock: boolean;
  createdAt: string;
  updatedAt: string;
}

export interface BypassActor {
  readonly actor_id: number | null;
  readonly actor_type: 'Integration' | 'OrganizationAdmin' | 'RepositoryRole' | 'Team' | 'DeployKey' | 'User';
  readonly bypass_mode: 'always' | 'pull_request' | 'exempt';
}

export interface RulesetRow {
  id: number;
  repoId: number;
  name: string;
  target: 'branch' | 'tag';
  enforcement: 'disabled' | 'active' | 'evaluate';
  bypassActors: BypassActor[];
  include: string[];
  exclude: string[];
  rules: Rule[];
  createdAt: string;
  updatedAt: string;
}

export type ActivityType =
  | 'push'
  | 'force_push'
  | 'branch_deletion'
  | 'branch_creation'
  | 'pr_merge'
  | 'merge_queue_merge';

/** One change of a ref, as GitHub's repository activity tells it. */
export interface ActivityRow {
  id: number;
  repoId: number;
  ref: string;
  before: string;
  after: string;
  actorId: number;
  type: ActivityType;
  timestamp: string;
}
