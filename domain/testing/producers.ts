import type { DeployPolicy } from '../deploy/world.ts';
import { decideAcknowledgement } from '../escalation/acknowledge.ts';
import { decideReminder } from '../escalation/remind.ts';
import type { EventType } from '../events/catalogue.ts';
import { known } from '../facts.ts';
import { decideApproved } from '../issue/command.ts';
import { decidePreparation } from '../issue/prepare.ts';
import { decideRecovery } from '../issue/recovery.ts';
import { evolveHistory, noHistory } from '../ledger/change.ts';
import { decideDepleted } from '../slo/deplete.ts';
import { live, MERGE, merged, runs, shows, stage } from './delivery.ts';
import { ada, devE, HEAD, NOON, sha } from './facts.ts';
import { implementing, inReview, irreversible, Story } from './story.ts';
import { changeGrade } from './world.ts';

type Tell = () => Story;
const done = (story: Story): Story => {
  story.run();
  return story;
};
const tell = (story: Story, act: (story: Story) => unknown): Story => {
  act(story);
  return done(story);
};

const life: Tell = () => {
  const story = implementing({ number: null });
  story.report({ type: 'started', model: 'model-1' });
  story.deliver().ci('success');
  story.finish();
  story.run();
  return tell(story.later(1_000), () => story.verdict(true));
};
const dispute: Tell = () => {
  const story = tell(inReview(), (one) => one.verdict(false));
  story.report({ type: 'threadsResolved', threads: ['thread-1'], by: devE.login });
  story.finish();
  story.run();
  story.report({ type: 'threadsReopened', threads: ['thread-1'], by: 'review-e' }, 'review');
  return story;
};
const loop: Tell = () => {
  const story = inReview();
  for (let round = 0; story.state.awaiting === null; round += 1) {
    tell(story, (one) => one.verdict(false));
    if (story.state.task.work === null) continue;
    const head = sha(String(round));
    story.push(head).pull({ head: { ...story.shown.head, sha: head } });
    tell(story.ci(), (one) => one.finish());
  }
  return story;
};
const failing: Tell = () => {
  const story = implementing();
  while (story.state.ending === null) {
    tell(story, (one) => one.finish('work', { result: 'failed', reason: 'TestsFailed', message: 'Two tests fail.' }));
    tell(story, (one) => one.later(60_000));
  }
  return story;
};
const checked = (how: 'passes' | 'fails', check: DeployPolicy['checks'][number]): Tell => {
  return () => {
    const story = shows(merged({ checks: [check] }), { live: live() });
    runs(story, how);
    return done(story);
  };
};
const family: Tell = () => {
  const children = [{ name: 'lexer', standing: 'done', phase: 'Done' }] as const;
  return tell(new Story().see({ children }), (one) => one.wish());
};
const recovered: Tell = () => {
  const story = implementing();
  const recovery = { id: 'recovery-1', fence: '2.1', lostSince: '2026-03-02T11:00:00Z' };
  const remains = { attempt: 2, branch: 'rig/fix-parser/2', pullRequest: null, number: 12, read: true };
  story.append(decideRecovery(story.state, recovery, remains));
  return story;
};
const approved = { actor: ada, via: 'label', textDigest: 'sha256:1' } as const;

/** A story of the rules' own making for every event that the rules decide: whoever looks for what produces one finds it here. */
export const stories: Partial<Record<EventType, Tell>> = {
  ISSUE_FILED: life,
  ISSUE_EDITED: life,
  ISSUE_APPROVED: () => tell(new Story(), (one) => one.append(decideApproved(one.state, approved))),
  COMMAND_ACCEPTED: () => tell(implementing(), (one) => one.command({ do: 'hold', on: true })),
  ISSUE_CLASSIFIED: life,
  CHANGE_CLASSIFIED: () =>
    tell(implementing().deliver(), (one) => one.see({ change: known(changeGrade(one.state), NOON) })),
  TIER_RAISED: () => tell(implementing(), (one) => one.command({ do: 'tier', tier: 'T2' })),
  ISSUE_ASSIGNED: life,
  ISSUE_UNASSIGNED: life,
  WORK_STARTED: life,
  TASK_DISPATCHED: life,
  TASK_FINISHED: life,
  TASK_LOST: () => tell(implementing(), (one) => one.task({ object: 'gone' })),
  TASK_CANCELLED: () => tell(implementing(), (one) => one.wish({ body: 'Otherwise.' }, 2)),
  AGENT_STUCK: () => tell(implementing(), (one) => one.report({ type: 'stuck', evidence: 'Ten times the same.' })),
  GUARD_BLOCKED: () =>
    tell(implementing(), (one) => one.report({ type: 'guardBlocked', command: 'rm -rf /', rule: 'It deletes all.' })),
  ESCALATED: () => tell(implementing(), (one) => one.report({ type: 'asked', question: 'Which of the two?' })),
  BRANCH_CREATED: life,
  WORK_CONTINUED: () =>
    tell(implementing(), (one) =>
      one.report({ type: 'continued', branch: 'rig/fix-parser/1', headSHA: sha('9'), moved: false, by: ada }),
    ),
  HEAD_FORWARDED: life,
  PR_CREATED: life,
  PR_UPDATED: () => tell(inReview(), (one) => one.pull({ head: { ...one.shown.head, sha: sha('9') } })),
  PR_CLOSED: () => tell(inReview(), (one) => one.pull({ state: 'closed' })),
  CI_PASSED: life,
  CI_FAILED: () => tell(implementing().deliver(), (one) => one.ci('failure')),
  REVIEW_ASSIGNED: life,
  REVIEW_PASSED: life,
  REVIEW_DISPUTED: dispute,
  REVIEW_REFUSED: () => tell(irreversible(), (one) => one.report({ type: 'declined', message: 'Not mine.' }, 'review')),
  PREPARATION_REQUESTED: () =>
    tell(irreversible(), (one) =>
      one.append(decidePreparation(one.state, { act: 'act-1', by: ada.login, note: null })),
    ),
  PLAN_PROPOSED: () =>
    tell(implementing({ tier: 'T2' }), (one) =>
      one.report({ type: 'planProposed', digest: `sha256:${'f'.repeat(64)}`, text: 'So.', url: 'https://forge/1' }),
    ),
  APPROVAL_USED: () => tell(irreversible(), (one) => one.approve('merge').pull({ containsBase: true })),
  MERGE_REQUESTED: life,
  REVIEW_LOOP_EXCEEDED: loop,
  THREADS_RESOLVED: dispute,
  THREADS_REOPENED: dispute,
  HUMAN_GATE_TRIGGERED: () => tell(implementing(), (one) => one.report({ type: 'asked', question: 'Which?' })),
  HUMAN_GATE_REMINDED: () => {
    const story = tell(implementing(), (one) => one.report({ type: 'asked', question: 'Which?' })).later(60 * 60_000);
    story.append(decideReminder(story.state, { now: story.now, upSince: 0 }));
    return story;
  },
  HUMAN_GATE_ACKNOWLEDGED: () => {
    const story = tell(implementing(), (one) => one.report({ type: 'asked', question: 'Which?' }));
    const { gate, since } = story.state.awaiting!;
    story.append(decideAcknowledgement(story.state, { gate, since, by: ada.login, note: null }));
    return story;
  },
  HUMAN_GATE_CLEARED: () => {
    const { agents } = new Story().world;
    const story = tell(new Story().see({ agents: [] }), (one) => one.wish());
    return tell(story, (one) => one.see({ agents }));
  },
  MERGE_GATE_WAITING: () => {
    const story = tell(inReview(), (one) => one.pull({ labels: ['do-not-merge'] }));
    return tell(story.later(1_000), (one) => one.verdict(true));
  },
  MERGED: life,
  MERGE_CONFLICT: () => tell(inReview(), (one) => one.pull({ mergeable: 'conflicting' })),
  DEPLOYED_STAGING: () => done(shows(merged({ staging: true }), {}, stage({ environment: 'staging', live: live() }))),
  DEPLOYED_PRODUCTION: () => done(shows(merged(), { live: live() })),
  DEPLOY_FAILED: () =>
    done(shows(merged(), { failed: { revision: MERGE, deployment: 'deployment 1', message: 'No space.' } })),
  CANARY_ABORTED: () => {
    const failed = { revision: MERGE, deployment: 'shop@1', message: 'Too slow.', aborted: true };
    return done(shows(merged(), { failed }));
  },
  SLO_BUDGET_DEPLETED: () => {
    const story = merged();
    const data = { mergeSHA: MERGE, budget: 'availability', message: 'It was used up.' };
    return tell(story, (one) => one.append(decideDepleted(one.events.reduce(evolveHistory, noHistory), 'T1', data)));
  },
  ROLLED_BACK: () => {
    const story = shows(merged({ checks: ['smoke'] }), { live: live() });
    story.next();
    return tell(shows(story, { live: live({ revision: HEAD, contains: false }) }), (one) => one.later(60 * 60_000));
  },
  SMOKE_PASSED: checked('passes', 'smoke'),
  SMOKE_FAILED: checked('fails', 'smoke'),
  E2E_PASSED: checked('passes', 'e2e'),
  E2E_FAILED: checked('fails', 'e2e'),
  A11Y_PASSED: checked('passes', 'a11y'),
  A11Y_FAILED: checked('fails', 'a11y'),
  VERIFIED: checked('passes', 'smoke'),
  RECOVERED: recovered,
  EPIC_PLANNED: family,
  MILESTONE_COMPLETE: family,
  ISSUE_DONE: life,
  ISSUE_FAILED: failing,
  ISSUE_CANCELLED: () => tell(implementing(), (one) => one.see({ forgeIssueClosed: true })),
  ISSUE_REOPENED: () => {
    const story = tell(implementing(), (one) => one.see({ forgeIssueClosed: true }));
    return tell(story, (one) => one.see({ forgeIssueClosed: false }).command({ do: 'reopen' }));
  },
};

/** The program that writes an event which tells of an effect, or of what another program saw; paths from the root of the repository. */
export const programs: Partial<Record<EventType, string>> = {
  TOKENS_USED: 'operator/outbox/usage.ts',
  EGRESS_DENIED: 'operator/outbox/denials.ts',
  CHANGE_MEASURED: 'domain/ledger/decide.ts',
  CHANGE_REVERTED: 'domain/ledger/decide.ts',
  REVERT_QUESTIONED: 'domain/ledger/decide.ts',
  TRUST_FAULTED: 'domain/ledger/decide.ts',
  TRUST_CLEARED: 'domain/ledger/decide.ts',
  TRUST_PROMOTED: 'domain/ledger/decide.ts',
  TRUST_DEMOTED: 'domain/ledger/decide.ts',
  TRUST_RESET: 'domain/ledger/decide.ts',
  TRUST_ACKNOWLEDGED: 'domain/ledger/decide.ts',
  TRUST_GRANTED: 'domain/ledger/decide.ts',
  APPROVAL_VERIFIED: 'domain/approval/record.ts',
  APPROVAL_REFUSED: 'domain/approval/record.ts',
  APPROVAL_REVOKED: 'domain/approval/record.ts',
};
