import { type Static, Type } from 'typebox';
import { approvalEvents } from './approvals.ts';
import * as part from './parts.ts';
import { trustEvents } from './trust.ts';

const {
  agent,
  actor,
  count,
  event,
  fence,
  issueSpec,
  lane,
  name,
  nullable,
  ordinal,
  reason,
  sentence,
  sha,
  taskKind,
  tier,
  tokens,
} = part;

const task = { task: name, kind: taskKind, fence };
const deployed = { environment: name, revision: sha, deployment: name };
/** A command of `spec.verify` that ran as a Job. */
const checked = { job: name, revision: sha, url: sentence };
const checkFailed = { ...checked, message: sentence, infrastructure: Type.Boolean() };

/**
 * Every transition the log can hold, by type. Types are past tense and never reused; a schema only grows.
 * docs/events.md is generated from this table.
 */
export const catalogue = {
  ISSUE_FILED: event('An Issue was seen for the first time; its whole wish is in the event.', {
    uid: name,
    generation: count,
    spec: issueSpec,
  }),
  ISSUE_EDITED: event('The wish changed: the whole new one, and which fields differ.', {
    uid: name,
    generation: count,
    spec: issueSpec,
    changed: Type.Array(name),
  }),
  ISSUE_APPROVED: event(
    'A person with write permission put the intake label on; the text as it was then is named by its digest.',
    {
      actor,
      via: Type.Literal('label'),
      textDigest: name,
    },
  ),
  COMMAND_ACCEPTED: event('A person with write permission gave a command that fits where the issue stands.', {
    command: part.command,
    tier: nullable(tier),
    by: actor,
    comment: nullable(ordinal),
  }),
  ISSUE_CLASSIFIED: event('The blast radius and the kind of work were graded.', {
    tier,
    taskClass: name,
    reason: sentence,
    generation: count,
  }),
  TIER_RAISED: event('Work that was graded already turned out to be of a higher tier.', {
    from: tier,
    to: tier,
    reason: sentence,
    /** Of the change that raised it: its head, the rule that decided, and the file, where it is about one. */
    headSHA: Type.Optional(sha),
    rule: Type.Optional(name),
    path: Type.Optional(nullable(sentence)),
  }),
  CHANGE_CLASSIFIED: event('The change up to a head was graded by its files.', {
    headSHA: sha,
    tier,
    taskClass: name,
    rule: name,
    path: nullable(sentence),
    reason: sentence,
    policy: name,
    base: Type.Optional(sha),
  }),
  ISSUE_ASSIGNED: event('An agent holds the work claim: the one writer of the branch.', {
    claim: name,
    agent,
    attempt: ordinal,
    fence,
    branch: name,
    /** The claim is for a task that prepares beside a person, who goes on being waited for. */
    prepares: Type.Optional(Type.Literal(true)),
  }),
  ISSUE_UNASSIGNED: event('The work claim ended; its fence is dead.', {
    claim: name,
    attempt: ordinal,
    reason,
    message: sentence,
  }),
  WORK_STARTED: event('The agent of a task reported that it began.', { ...task, model: name }),
  TASK_DISPATCHED: event('A task was handed to an agent under a claim.', {
    ...task,
    claim: name,
    lane,
    agent,
    attempt: ordinal,
    round: ordinal,
    headSHA: nullable(sha),
    why: sentence,
  }),
  TASK_FINISHED: event('A task reported its outcome.', {
    ...task,
    result: Type.Union([Type.Literal('succeeded'), Type.Literal('failed')]),
    reason,
    message: sentence,
    tokens,
  }),
  TASK_LOST: event('A task ended or fell silent without an outcome.', {
    ...task,
    reason,
    message: sentence,
    infrastructure: Type.Boolean(),
  }),
  TASK_CANCELLED: event('A task was ended by the conductor before it had an outcome.', {
    ...task,
    reason,
    message: sentence,
  }),
  AGENT_STUCK: event('An agent went round in circles and stopped.', { ...task, evidence: sentence }),
  GUARD_BLOCKED: event('A command was refused before it ran.', { ...task, command: sentence, rule: sentence }),
  EGRESS_DENIED: event('Connections of a task to a host were refused.', {
    ...task,
    host: name,
    port: nullable(Type.Integer({ minimum: 1, maximum: 65_535 })),
    reason,
    count: ordinal,
  }),
  ESCALATED: event('An agent asked for a person.', { ...task, question: sentence }),
  TOKENS_USED: event('Model tokens were spent.', {
    ...task,
    agent: name,
    model: name,
    /** The model that was asked for, which may be another than the one that answered. */
    asked: Type.Optional(name),
    provider: name,
    tokens,
    requests: ordinal,
  }),
  BRANCH_CREATED: event('The branch of a work claim appeared at the forge.', { branch: name, sha, base: sha }),
  WORK_CONTINUED: event(
    'An attempt was told to go on from a head that stood on `branch`. `forwarded` where the gateway had brought it there; else `by` says who pushed it, as far as that is known, and `machine` that it is an account of the rig.',
    {
      branch: name,
      headSHA: sha,
      attempt: ordinal,
      forwarded: Type.Boolean(),
      by: nullable(actor),
      machine: Type.Optional(Type.Literal(true)),
    },
  ),
  HEAD_FORWARDED: event('The gateway forwarded a push of the live work claim to the forge.', {
    branch: name,
    from: nullable(sha),
    to: sha,
    fence,
    attempt: ordinal,
  }),
  PR_CREATED: event(
    'The pull request of a work claim was opened. `stale` where the issue had gone on without it before that was known.',
    {
      number: ordinal,
      url: sentence,
      headSHA: sha,
      branch: name,
      stale: Type.Optional(Type.Literal(true)),
    },
  ),
  PR_UPDATED: event(
    'The head of the pull request moved. `machine` where an account of the rig moved it, and no person.',
    {
      number: ordinal,
      headSHA: sha,
      by: nullable(actor),
      machine: Type.Optional(Type.Literal(true)),
    },
  ),
  PR_CLOSED: event('The pull request was closed without a merge into the default branch.', {
    number: ordinal,
    stale: Type.Boolean(),
    by: nullable(actor),
  }),
  CI_PASSED: event('Every required check succeeded on this head.', { headSHA: sha, checks: Type.Array(name) }),
  CI_FAILED: event('A required check concluded without success on this head.', {
    headSHA: sha,
    failed: Type.Array(Type.Object({ name, conclusion: name, summary: sentence })),
  }),
  REVIEW_ASSIGNED: event('A reviewer holds the review claim of this head.', {
    claim: name,
    agent,
    fence,
    headSHA: sha,
  }),
  REVIEW_PASSED: event('A review approved this head.', { headSHA: sha, by: actor, review: Type.Integer() }),
  REVIEW_DISPUTED: event(
    'A review asked for changes to this head. `machine` where an account of the rig did, and no person.',
    {
      headSHA: sha,
      by: actor,
      review: Type.Integer(),
      threads: count,
      machine: Type.Optional(Type.Literal(true)),
    },
  ),
  REVIEW_REFUSED: event(
    'An agent gave no verdict that counts on this head, or was not let: it is for people to approve.',
    {
      headSHA: sha,
      by: name,
      reason,
      message: sentence,
    },
  ),
  PREPARATION_REQUESTED: event('A person asked an agent to prepare work that they drive: comments and a draft.', {
    by: part.user,
    act: name,
    gate: ordinal,
    note: nullable(sentence),
  }),
  PLAN_PROPOSED: event('An agent said how it would do the work, for a person to approve before it is begun.', {
    ...task,
    digest: Type.String({ pattern: '^sha256:[0-9a-f]{64}$' }),
    text: Type.String({ minLength: 1, maxLength: part.PLAN_LIMIT }),
    url: sentence,
  }),
  REVIEW_LOOP_EXCEEDED: event('Review and rework went round too often.', { rounds: ordinal }),
  THREADS_RESOLVED: event('Review threads were resolved by the agent that fixed them.', {
    threads: Type.Array(name),
    by: name,
  }),
  THREADS_REOPENED: event('The reviewer reopened threads that were not fixed.', {
    threads: Type.Array(name),
    by: name,
  }),
  HUMAN_GATE_TRIGGERED: event('The issue waits for a person.', { reason, message: sentence }),
  HUMAN_GATE_REMINDED: event('The issue still waits for a person, and who was told of it is told again.', {
    gate: ordinal,
    times: ordinal,
  }),
  HUMAN_GATE_ACKNOWLEDGED: event('A person said to see to what the issue waits for: nobody is reminded any more.', {
    gate: ordinal,
    by: part.user,
    note: nullable(sentence),
  }),
  HUMAN_GATE_CLEARED: event('What a person was asked for is there now.', { reason }),
  MERGE_GATE_WAITING: event('The merge gate named the one most useful missing thing.', {
    gate: name,
    reason,
    message: sentence,
    headSHA: sha,
  }),
  MERGE_REQUESTED: event('Every gate passed on this head and the merge was asked for.', {
    number: ordinal,
    headSHA: sha,
    method: name,
  }),
  MERGED: event('The forge shows the change merged.', {
    number: ordinal,
    headSHA: sha,
    mergeSHA: sha,
    by: nullable(actor),
  }),
  MERGE_CONFLICT: event('The head no longer merges into the base.', { number: ordinal, headSHA: sha, baseSHA: sha }),
  DEPLOYED_STAGING: event('A revision with the change in it went live on the stage before production.', {
    ...deployed,
    url: nullable(sentence),
  }),
  DEPLOYED_PRODUCTION: event('A revision with the change in it went live in production.', {
    ...deployed,
    url: nullable(sentence),
  }),
  DEPLOY_FAILED: event('The deployment of a revision with the change in it failed.', {
    ...deployed,
    message: sentence,
  }),
  CANARY_ABORTED: event(
    'The canary of a revision with the change in it was given up: traffic is where it was before.',
    {
      ...deployed,
      message: sentence,
    },
  ),
  SLO_BUDGET_DEPLETED: event('An error budget was used up after the change was merged and before it had settled.', {
    mergeSHA: sha,
    budget: name,
    message: sentence,
  }),
  ROLLED_BACK: event('What is live no longer has the change in it.', { ...deployed, message: sentence }),
  SMOKE_PASSED: event('The smoke test of the deployed change passed.', checked),
  SMOKE_FAILED: event('The smoke test of the deployed change failed, or the cluster lost its Job.', checkFailed),
  E2E_PASSED: event('The end-to-end test of the deployed change passed.', checked),
  E2E_FAILED: event('The end-to-end test of the deployed change failed, or the cluster lost its Job.', checkFailed),
  A11Y_PASSED: event('The accessibility test of the deployed change passed.', checked),
  A11Y_FAILED: event('The accessibility test of the deployed change failed, or the cluster lost its Job.', checkFailed),
  VERIFIED: event('Every command of the Repository that proves a deployed change has passed.', {
    revision: sha,
    url: sentence,
    checks: Type.Array(name),
  }),
  RECOVERED: event(
    'The database was restored from a backup; what ran was ended, and what the lost time left at forge and cluster was taken up.',
    {
      recovery: name,
      fence,
      lostSince: name,
      attempt: count,
      branch: nullable(name),
      pullRequest: nullable(Type.Object({ number: ordinal, url: sentence, headSHA: sha, branch: name })),
      message: sentence,
    },
  ),
  ...trustEvents,
  ...approvalEvents,
  EPIC_PLANNED: event('The children of the issue are known: it finishes with them.', { children: Type.Array(name) }),
  MILESTONE_COMPLETE: event('Every child of the issue is done.', { children: Type.Array(name) }),
  ISSUE_DONE: event('Everything the issue asked for is live.', { message: sentence }),
  ISSUE_FAILED: event('All attempts are used up.', { reason, message: sentence }),
  ISSUE_CANCELLED: event('The Issue was deleted or closed by a person; nothing recreates it.', {
    reason,
    message: sentence,
  }),
  ISSUE_REOPENED: event(
    'An issue that had come to its end was asked for again; a reason is there where its merged change did not live.',
    {
      uid: name,
      generation: count,
      spec: issueSpec,
      reason: Type.Optional(reason),
      message: Type.Optional(sentence),
    },
  ),
} as const;

export type EventType = keyof typeof catalogue;
export type EventData<T extends EventType> = Static<(typeof catalogue)[T]['data']>;
/** An event of the log as the rules read and write it; `at` is set by the store, in milliseconds since the epoch. */
export type DomainEvent = { [T in EventType]: { readonly type: T; readonly data: EventData<T> } }[EventType];
export type StoredEvent = DomainEvent & { readonly version: number; readonly at: number };

export type IssueSpec = Static<typeof issueSpec>;
export type Tier = Static<typeof tier>;
export type TaskKind = Static<typeof taskKind>;
export type Lane = Static<typeof lane>;
export type Tokens = Static<typeof tokens>;
export type AgentRef = Static<typeof agent>;
