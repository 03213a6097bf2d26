import type { Reason } from '#crds';
import { known, type PullRequestFacts } from '../facts.ts';
import type { GateInput, GateName, GateResult } from '../gate/types.ts';
import {
  ada,
  BRANCH,
  bot,
  conductor,
  devE,
  HEAD,
  ISSUE,
  NOON,
  outsider,
  owner,
  pullRequest,
  REPOSITORY,
  reader,
  reviewE,
} from './facts.ts';

/** What a case changes in a world in which every gate passes. */
export interface GateChange {
  readonly pr?: Partial<PullRequestFacts>;
  readonly repository?: Partial<GateInput['repository']>;
  readonly issue?: Partial<GateInput['issue']>;
  readonly input?: Partial<GateInput>;
}

/** One row of the gate's specification: a named change, and what the gate it is about says then. */
export interface GateCase extends GateChange {
  readonly name: string;
  readonly gate: GateName;
  readonly state: GateResult['state'];
  readonly reason: Reason;
}

/** Everything the gate may look at, of a change that may be merged, with the changes of a case applied. */
export function gateInput({ pr, repository, issue, input }: GateChange = {}): GateInput {
  return {
    pullRequest: known(pullRequest(pr), NOON),
    repository: {
      id: REPOSITORY,
      name: 'parser',
      defaultBranch: 'main',
      requiredChecks: [{ name: 'test', app: 'github-actions' }],
      blockLabels: ['do-not-merge'],
      approvalApp: null,
      ...repository,
    },
    issue: {
      name: 'fix-parser',
      number: ISSUE,
      branch: BRANCH,
      agent: 'dev-e',
      headSHA: HEAD,
      forwarded: [{ sha: HEAD, attempt: 1, branch: BRANCH }],
      wishGeneration: 1,
      workGeneration: 1,
      tier: 'T1',
      ...issue,
    },
    reviewers: new Set([reviewE.id]),
    machines: new Set([conductor.id, devE.id, reviewE.id]),
    developers: new Set([devE.id]),
    pushers: [devE],
    headElsewhere: [],
    baseChangedAt: null,
    enforcement: known({ state: 'enforced' }, NOON),
    unaccounted: [],
    permissions: new Map([
      [ada.id, 'write'],
      [owner.id, 'admin'],
      [reader.id, 'read'],
      [outsider.id, 'none'],
      [bot.id, 'write'],
    ]),
    headPushedBy: { known: false, why: 'No push of it was seen.' },
    consent: null,
    attestors: {
      wanted: null,
      humans: [],
      listed: known({ humans: [], fourEyes: null }, NOON),
      machines: { known: false, why: 'Nobody asked.' },
    },
    slo: {
      gates: ['slo', 'errorBudget', 'canary'],
      wish: { kind: 'none' },
      facts: { known: false, why: 'Nobody asked.' },
    },
    tierGate: { gate: 'tier', state: 'pass', reason: 'Passed', message: 'Graded T1.' },
    now: NOON,
    maxAgeMs: 15 * 60_000,
    ...input,
  };
}
