import { APPROVAL_CHECK } from '../../check/verdict.ts';
import type { CheckFacts } from '../../facts.ts';
import { check, OLD_HEAD, pullRequest } from '../../testing/facts.ts';
import type { GateCase } from '../../testing/gate.ts';

const gate = 'approved';
const passes = { gate, state: 'pass', reason: 'Passed' } as const;
const missing = { gate, state: 'wait', reason: 'ApprovalCheckMissing' } as const;
const refused = { gate, state: 'fail', reason: 'ApprovalCheckRefused' } as const;
const untold = { gate, state: 'unknown', reason: 'FactUnknown' } as const;
const asked = { repository: { approvalApp: 'rig-verifier' } };

const own = (over: Partial<CheckFacts> = {}): CheckFacts =>
  check({ id: 70, name: APPROVAL_CHECK, app: 'rig-verifier', ...over });
const said = (...checks: CheckFacts[]) => ({ ...asked, pr: { checks: [check(), ...checks] } });

/** What the verifier's own check says of exactly this head. */
export const approvedCases: readonly GateCase[] = [
  { name: 'the verifier lets the head be merged', ...said(own()), ...passes },
  { name: 'the Repository does without a ruleset', ...passes },
  { name: 'the verifier has said nothing', ...said(), ...missing },
  { name: 'only a workflow reported a check of that name', ...said(own({ app: 'github-actions' })), ...missing },
  {
    name: 'only the App of the conductor reported a check of that name',
    ...said(own({ app: 'rig-conductor' })),
    ...missing,
  },
  { name: 'only a commit status has that name', ...said(own({ id: -7, app: null, branch: null })), ...missing },
  { name: 'the verifier let an earlier head be merged', ...said(own({ headSHA: OLD_HEAD })), ...missing },
  {
    name: 'the check was started for another branch, or for none',
    ...said(own({ branch: null })),
    ...passes,
  },
  {
    name: 'the verifier cannot tell yet',
    ...said(own({ status: 'in_progress', conclusion: null })),
    gate,
    state: 'wait',
    reason: 'ApprovalCheckPending',
  },
  { name: 'the verifier asks for a person', ...said(own({ conclusion: 'action_required' })), ...refused },
  { name: 'the verifier reports failure', ...said(own({ conclusion: 'failure' })), ...refused },
  { name: 'the verifier reports neutral', ...said(own({ conclusion: 'neutral' })), ...refused },
  {
    name: 'the verifier took back what it said',
    ...said(own(), own({ id: 71, conclusion: 'action_required' })),
    ...refused,
  },
  {
    name: 'the verifier lets be merged what it held back',
    ...said(own({ id: 71 }), own({ conclusion: 'action_required' })),
    ...passes,
  },
  {
    name: 'the verifier let the head be merged, and another App reports failure under that name',
    ...said(own(), own({ id: 71, app: 'mallory-ci', conclusion: 'failure' })),
    ...passes,
  },
  {
    name: 'a newer report of that name did not succeed, and its App is not told',
    ...said(own(), own({ id: 71, app: null, conclusion: 'failure' })),
    ...untold,
  },
  {
    name: 'not every check of the head was read',
    ...asked,
    pr: { checks: [check(), own()], complete: { ...pullRequest().complete, checks: false } },
    ...untold,
  },
];
