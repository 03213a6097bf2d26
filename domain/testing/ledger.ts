import type { DomainEvent, IssueSpec, StoredEvent, Tier } from '../events/catalogue.ts';
import type { WeighGrant } from '../ledger/grant.ts';
import type { LedgerSubject } from '../ledger/ledger.ts';
import type { Substance } from '../ledger/substance.ts';
import { ada, devE, reviewE, sha } from './facts.ts';

/** One issue's way to a merged change and what became of it: what the ledger is told in many events. Moments in ms. */
export interface Deed {
  readonly issue: number;
  readonly agent: string;
  readonly taskClass: string;
  readonly tier: Tier;
  readonly models: readonly string[];
  readonly byAgent: boolean;
  readonly parent: string | null;
  readonly byPerson: boolean;
  /** `between`: a person pushed between two attempts, and the second went on from there. */
  readonly rework: 'none' | 'push' | 'review' | 'between';
  /** It used up the error budget, so long after the merge. */
  readonly depleted: number | null;
  readonly substance: Substance;
  readonly mergedAt: number;
  /** Live this long after the merge; `none`: nothing is deployed. */
  readonly live: number | 'none';
  readonly rollback: { readonly at: number; readonly cause: 'revert' | 'fault' } | null;
}

export const deed = (over: Partial<Deed> & Pick<Deed, 'issue' | 'mergedAt'>): Deed => ({
  agent: 'agent-a',
  taskClass: 'docs',
  tier: 'T0',
  models: ['model-1'],
  byAgent: false,
  parent: null,
  byPerson: false,
  rework: 'none',
  depleted: null,
  substance: 'written',
  live: 'none',
  rollback: null,
  ...over,
});

const mergeOf = (issue: number): string => issue.toString(16).padStart(40, '0');
const HEAD = sha('a');
const PEOPLE_HEAD = sha('9');

export const issueSubject = ({ issue }: Pick<Deed, 'issue'>): LedgerSubject => ({
  id: `stream-${issue}`,
  kind: 'Issue',
  namespace: 'tenant-a',
  name: `widgets-${issue}`,
  uid: `uid-${issue}`,
});
export const agentSubject = (agent: string): LedgerSubject => ({
  id: `stream-${agent}`,
  kind: 'Agent',
  namespace: 'tenant-a',
  name: agent,
  uid: agent,
});

/** Events under the versions that follow each other from 1. */
export function numbered(events: readonly { at: number; event: DomainEvent }[]): StoredEvent[] {
  return events.map(({ at, event }, index) => ({ ...event, version: index + 1, at }) as StoredEvent);
}

/** The log of a deed's issue. */
export function storyOf(told: Deed): StoredEvent[] {
  const { issue, agent, taskClass, tier, models, byAgent, parent, mergedAt, live, rollback } = told;
  const ref = { name: agent, uid: agent };
  const task = `task-${issue}`;
  const claim = `claim-${issue}`;
  const mergeSHA = mergeOf(issue);
  const tokens = { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 };
  const spec = {
    repository: 'widgets',
    number: issue,
    title: 'Mend it',
    body: '',
    labels: [] as string[],
    source: byAgent ? 'agent' : 'webhook',
    tier: null,
    taskClass: null,
    priority: 'normal',
    parent,
    dependsOn: [],
    taskSpec: null,
    suspend: false,
  } satisfies IssueSpec;
  const before = mergedAt - 1_000;
  const liveAt = live === 'none' ? mergedAt : mergedAt + live;
  const work = { task, kind: 'implement', fence: '1.1' } as const;
  const events: { at: number; event: DomainEvent }[] = [
    { at: before, event: { type: 'ISSUE_FILED', data: { uid: `uid-${issue}`, generation: 1, spec } } },
    { at: before, event: { type: 'ISSUE_CLASSIFIED', data: { tier, taskClass, reason: 'So.', generation: 1 } } },
    {
      at: before,
      event: { type: 'ISSUE_ASSIGNED', data: { claim, agent: ref, attempt: 1, fence: '1.1', branch: 'b' } },
    },
    ...(told.byPerson ? [{ at: before, event: LET_THROUGH }] : []),
    {
      at: before,
      event: {
        type: 'TASK_DISPATCHED',
        data: { ...work, claim, lane: 'work', agent: ref, attempt: 1, round: 1, headSHA: null, why: 'So.' },
      },
    },
    ...models.map((model) => ({
      at: before,
      event: {
        type: 'TOKENS_USED',
        data: { ...work, agent, model, provider: 'p', tokens, requests: 1 },
      } as DomainEvent,
    })),
    {
      at: before,
      event: { type: 'HEAD_FORWARDED', data: { branch: 'b', from: null, to: HEAD, fence: '1.1', attempt: 1 } },
    },
    {
      at: before,
      event: { type: 'REVIEW_DISPUTED', data: { headSHA: HEAD, by: reviewE, review: 1, threads: 1, machine: true } },
    },
    ...(told.rework === 'between'
      ? [
          {
            type: 'WORK_CONTINUED',
            data: { branch: 'b', headSHA: PEOPLE_HEAD, attempt: 2, forwarded: false, by: ada },
          },
          { type: 'HEAD_FORWARDED', data: { branch: 'c', from: null, to: PEOPLE_HEAD, fence: '1.2', attempt: 2 } },
        ].map((event) => ({ at: before, event: event as DomainEvent }))
      : []),
    ...(told.rework === 'push'
      ? [
          {
            at: before,
            event: { type: 'PR_UPDATED', data: { number: 1, headSHA: PEOPLE_HEAD, by: ada } } as DomainEvent,
          },
        ]
      : [
          {
            at: before,
            event: { type: 'PR_UPDATED', data: { number: 1, headSHA: HEAD, by: devE, machine: true } } as DomainEvent,
          },
        ]),
    ...(told.rework === 'review'
      ? [
          {
            at: before,
            event: { type: 'REVIEW_DISPUTED', data: { headSHA: HEAD, by: ada, review: 2, threads: 1 } } as DomainEvent,
          },
        ]
      : []),
    {
      at: mergedAt,
      event: {
        type: 'MERGED',
        data: {
          number: 1,
          headSHA: told.rework === 'push' || told.rework === 'between' ? PEOPLE_HEAD : HEAD,
          mergeSHA,
          by: null,
        },
      },
    },
    {
      at: mergedAt,
      event: {
        type: 'CHANGE_MEASURED',
        data: {
          mergeSHA,
          baseSHA: sha('c'),
          tier,
          taskClass,
          reason: 'So.',
          substance: told.substance,
          files: 1,
          lines: 3,
        },
      },
    },
    ...(live === 'none'
      ? []
      : [
          {
            at: liveAt,
            event: {
              type: 'DEPLOYED_PRODUCTION',
              data: { environment: 'production', revision: mergeSHA, deployment: 'd', url: null },
            } as DomainEvent,
          },
        ]),
    ...(told.depleted === null ? [] : [{ at: mergedAt + told.depleted, event: depleted(mergeSHA) }]),
    { at: liveAt, event: { type: 'ISSUE_DONE', data: { message: 'Done.' } } },
    ...(rollback === null ? [] : [{ at: rollback.at, event: takenBack(mergeSHA, rollback.cause, issue) }]),
  ];
  return numbered(events);
}

const LET_THROUGH: DomainEvent = {
  type: 'APPROVAL_USED',
  data: {
    approval: 'yes',
    uid: 'uid-yes',
    scope: 'dispatch',
    digest: 'd'.repeat(64),
    headSHA: null,
    subject: 'ada@example.com',
    issuer: 'https://accounts.example.com',
    allows: 'ISSUE_ASSIGNED',
  },
};

const depleted = (mergeSHA: string): DomainEvent => ({
  type: 'SLO_BUDGET_DEPLETED',
  data: { mergeSHA, budget: 'requests', message: 'Nothing is left of it.' },
});

function takenBack(mergeSHA: string, cause: 'revert' | 'fault', issue: number): DomainEvent {
  return cause === 'revert'
    ? {
        type: 'CHANGE_REVERTED',
        data: { mergeSHA, by: sha('f'), shape: 'whole', lines: 3, ofLines: 3, message: 'It is taken back.' },
      }
    : { type: 'TRUST_FAULTED', data: { mergeSHA, by: 'ada', act: `fault-${issue}`, note: null } };
}

/** For tests of everything but signatures: a grant is worth what its `bundle`, a moment in ms, says. */
export const asTold: WeighGrant = (_, { bundle, ...grant }) =>
  bundle === null ? null : { ...grant, at: Number(bundle) };

/** What people said of an Agent. */
export type Said = { readonly at: number; readonly agent: string } & (
  | { readonly do: 'ack'; readonly model: string }
  | { readonly do: 'grant'; readonly taskClass: string; readonly model: string; readonly tier: 'T1' | 'T2' }
);

/** The log of an Agent, in which people spoke in the order of time. */
export function wordsOf(agent: string, said: readonly Said[]): StoredEvent[] {
  const own = said.filter((one) => one.agent === agent).toSorted((a, b) => a.at - b.at);
  return own.map((one, index) => {
    const act = { by: 'ada', act: `${agent}-act-${index}`, note: null, model: one.model };
    const event: DomainEvent =
      one.do === 'ack'
        ? { type: 'TRUST_ACKNOWLEDGED', data: act }
        : {
            type: 'TRUST_GRANTED',
            data: { ...act, taskClass: one.taskClass, tier: one.tier, bundle: String(one.at) },
          };
    return { ...event, version: index + 1, at: one.at } as StoredEvent;
  });
}
