import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DomainEvent, EventData, StoredEvent } from '../events/catalogue.ts';
import { ada, bot, sha } from '../testing/facts.ts';
import { agentSubject, deed, issueSubject, storyOf } from '../testing/ledger.ts';
import { sampleStream } from '../testing/samples.ts';
import { type Change, evolveHistory, type History, noHistory } from './change.ts';
import {
  decideAgentAct,
  decideChangeAct,
  decideMeasured,
  decideMoved,
  decideQuestioned,
  decideReset,
  decideReverted,
} from './decide.ts';
import { dispatchCeiling, modelsNow } from './dispatch.ts';
import { Ledger, recordsOf } from './ledger.ts';
import { modelAliases, modelOf } from './model.ts';
import { defaultLedgerPolicy } from './policy.ts';
import { type Grant, standingOf } from './standing.ts';
import { substanceOf } from './substance.ts';
import { evolveTrust, groundsFor, noTrust } from './trust.ts';

const NOON = Date.parse('2026-03-02T12:00:00Z');
const good = deed({ issue: 1, mergedAt: NOON });
const mergeSHA = '1'.padStart(40, '0');
const HEAD = sha('a');

const fold = (events: readonly Parameters<typeof evolveHistory>[1][]): History =>
  events.reduce(evolveHistory, noHistory);
/** The good deed's log with more behind it. */
const told = (...more: DomainEvent[]): History => {
  const story = storyOf(good);
  const rest = more.map(
    (event, index) => ({ ...event, version: story.length + 1 + index, at: NOON + 60_000 }) as StoredEvent,
  );
  return fold([...story, ...rest]);
};
const last = (history: History): Change => history.changes.at(-1)!;
const key = { agentUid: 'agent-a', taskClass: 'docs', model: 'model-1' };
const grounds = { grants: [], knownSince: 0, recoveries: [] };
const verdict = (history: History) => {
  const records = recordsOf(issueSubject(good), history);
  return standingOf(key, records, grounds, { ...defaultLedgerPolicy, settle: 0 }, NOON + 3_600_000).verdicts.get(
    'stream-1/1',
  );
};
const stage = { environment: 'production', revision: mergeSHA, deployment: 'd', url: null };
const checkFailed = { job: 'j', revision: mergeSHA, url: 'u', message: 'It broke.', infrastructure: false };

test('any events in any order are folded without an error, and each version once', () => {
  fc.assert(
    fc.property(sampleStream(40), (events) => {
      const once = fold(events);
      assert.deepEqual(fold(events.flatMap((event) => [event, event])), once);
      for (const record of recordsOf(issueSubject(good), once)) assert.ok(record.change.mergedAt !== null);
    }),
    { numRuns: 500 },
  );
});

test('a change that is live, quiet and of one agent and model counts', () => {
  assert.equal(verdict(told()), 'TrustCounted');
});

test('who rework is of is told by forge ids: machines and bots do none, and a head of nobody counts for nothing', () => {
  const before = storyOf(good).slice(0, 7);
  const after = storyOf(good).slice(7);
  const withEvent = (event: DomainEvent) =>
    fold([...before, event, ...after].map((one, index) => ({ ...one, version: index + 1, at: NOON }) as StoredEvent));
  const other = sha('9');
  const review = { headSHA: HEAD, review: 9, threads: 1 };
  assert.equal(verdict(withEvent({ type: 'REVIEW_DISPUTED', data: { ...review, by: ada } })), 'TrustHumanRework');
  assert.equal(
    verdict(withEvent({ type: 'REVIEW_DISPUTED', data: { ...review, by: ada, machine: true } })),
    'TrustCounted',
  );
  assert.equal(verdict(withEvent({ type: 'REVIEW_DISPUTED', data: { ...review, by: bot } })), 'TrustCounted');
  const push = { number: 1, headSHA: other };
  assert.equal(verdict(withEvent({ type: 'PR_UPDATED', data: { ...push, by: ada } })), 'TrustHumanRework');
  assert.equal(verdict(withEvent({ type: 'PR_UPDATED', data: { ...push, by: null } })), 'TrustUnattributed');
  assert.equal(verdict(withEvent({ type: 'PR_UPDATED', data: { ...push, headSHA: HEAD, by: null } })), 'TrustCounted');
});

test('a merge of a head that the gateway never forwarded counts for nothing', () => {
  const events = storyOf(good).map((event) =>
    event.type === 'MERGED' ? { ...event, data: { ...event.data, headSHA: sha('7') } } : event,
  );
  assert.equal(verdict(fold(events)), 'TrustUnattributed');
});

/** The good deed's log, but that a first attempt was lost behind its push, and a second one is told where to go on. */
const continued = (where: Partial<EventData<'WORK_CONTINUED'>>, ...more: DomainEvent[]): History => {
  const story = storyOf(good);
  const at = story.findIndex(({ type }) => type === 'MERGED');
  const assigned = story.find(({ type }) => type === 'ISSUE_ASSIGNED')!;
  const theirs = { branch: 'b', headSHA: THEIRS, attempt: 2, forwarded: false, by: null, ...where };
  const merged = { ...story[at]!, data: { ...story[at]!.data, headSHA: (more.at(-1)!.data as { to: string }).to } };
  const all = [
    ...story.slice(0, at),
    assigned,
    { type: 'WORK_CONTINUED', data: theirs },
    ...more,
    merged,
    ...story.slice(at + 1),
  ];
  return fold(all.map((event, index) => ({ ...event, version: index + 1, at: NOON }) as StoredEvent));
};
const THEIRS = sha('9');
const forwarded = (from: string | null, to: string): DomainEvent => ({
  type: 'HEAD_FORWARDED',
  data: { branch: 'b2', from, to, fence: '1.2', attempt: 2 },
});

test('an attempt that goes on from what a person pushed is reworked, whether it pushes that very head or builds on it', () => {
  for (const head of [THEIRS, sha('8')])
    assert.equal(verdict(continued({ by: ada }, forwarded(null, head))), 'TrustHumanRework', head);
});

test('an attempt that goes on from a head of nobody counts for nothing for good, a machine’s and a bot’s that the gateway never forwarded too', () => {
  for (const where of [{ by: null }, { by: bot }, { by: ada, machine: true as const }])
    for (const head of [THEIRS, sha('8')])
      assert.equal(verdict(continued(where, forwarded(null, head))), 'TrustUnattributed', JSON.stringify(where));
});

test('an attempt that goes on from what the gateway forwarded counts', () => {
  assert.equal(verdict(continued({ headSHA: HEAD, forwarded: true }, forwarded(null, sha('8')))), 'TrustCounted');
});

test('a push onto a head that the gateway never forwarded counts for nothing for good', () => {
  const onto = (from: string) =>
    verdict(continued({ headSHA: HEAD, forwarded: true }, forwarded(null, sha('8')), forwarded(from, sha('7'))));
  assert.deepEqual([onto(sha('8')), onto(THEIRS)], ['TrustCounted', 'TrustUnattributed']);
  const handed = [forwarded(null, sha('8')), forwarded(THEIRS, sha('7')), forwarded(sha('7'), THEIRS)];
  assert.equal(verdict(continued({ headSHA: HEAD, forwarded: true }, ...handed)), 'TrustUnattributed');
});

test('failed checks are the fault of a change that was live alone, and a question where others were live with it', () => {
  const gate = { reason: 'CheckFailed', message: 'smoke failed 3 times.' };
  const failed = (revision: string) =>
    told(
      { type: 'DEPLOYED_PRODUCTION', data: { ...stage, revision } },
      { type: 'SMOKE_FAILED', data: checkFailed },
      { type: 'HUMAN_GATE_TRIGGERED', data: gate },
    );
  assert.deepEqual(Object.keys(last(failed(mergeSHA)).rollbacks), ['check']);
  assert.deepEqual(last(failed(sha('8'))).rollbacks, {});
  assert.equal(last(failed(sha('8'))).question, gate.message);
  assert.equal(verdict(failed(sha('8'))), 'TrustNotLive');
});

test('a flaky check moves the beginning of the quiet time, and one that the cluster lost does not', () => {
  const flake = (infrastructure: boolean) =>
    last(told({ type: 'SMOKE_FAILED', data: { ...checkFailed, infrastructure } })).disturbedAt;
  assert.deepEqual([flake(true), flake(false)], [0, NOON + 60_000]);
});

test('a revert is told once, a question once a commit, and a person’s word ends either', () => {
  const revert = { mergeSHA, by: sha('f'), shape: 'whole', lines: 3, ofLines: 3, message: 'Gone.' } as const;
  const asked = { mergeSHA, by: sha('e'), message: 'A commit says so.' };
  assert.equal(decideReverted(told(), revert).length, 1);
  assert.deepEqual(decideReverted(told({ type: 'CHANGE_REVERTED', data: revert }), revert), []);
  assert.deepEqual(decideReverted(told(), { ...revert, mergeSHA: sha('0') }), []);
  const open = told({ type: 'REVERT_QUESTIONED', data: asked });
  assert.equal(verdict(open), 'TrustQuestioned');
  assert.deepEqual(decideQuestioned(open, asked), []);
  const act = { id: 'act-1', by: 'ada', note: null, mergeSHA: null };
  const cleared = decideChangeAct(open, { ...act, do: 'clear' });
  assert.ok(cleared.taken);
  const after = told({ type: 'REVERT_QUESTIONED', data: asked }, ...cleared.events);
  assert.equal(verdict(after), 'TrustCounted');
  assert.deepEqual(decideQuestioned(after, asked), [], 'not asked again about that commit');
  assert.equal(decideQuestioned(after, { ...asked, by: sha('d') }).length, 1);
  const faulted = decideChangeAct(open, { ...act, do: 'fault' });
  assert.ok(faulted.taken);
  assert.equal(verdict(told(...faulted.events)), 'TrustRolledBack');
  assert.equal(decideChangeAct(told(), { ...act, do: 'clear' }).taken, false);
  assert.equal(decideChangeAct(noHistory, { ...act, do: 'fault' }).taken, false);
});

test('what git shows is not cleared by anybody’s word', () => {
  const revert = { mergeSHA, by: sha('f'), shape: 'whole', lines: 3, ofLines: 3, message: 'Gone.' } as const;
  const data = { mergeSHA, by: 'ada', act: 'act-2', note: null };
  const history = told({ type: 'CHANGE_REVERTED', data: revert }, { type: 'TRUST_CLEARED', data });
  assert.equal(verdict(history), 'TrustRolledBack');
});

test('a change is measured once', () => {
  const measured = storyOf(good).find(({ type }) => type === 'CHANGE_MEASURED')!.data as never;
  assert.deepEqual(decideMeasured(told(), measured), []);
  assert.deepEqual(decideMeasured(noHistory, measured), []);
});

const document = {
  clusterUID: 'cluster',
  namespace: 'tenant-a',
  agent: { name: 'agent-a', uid: 'agent-a' },
  taskClass: 'docs',
  model: 'model-1',
  tier: 'T2',
  nonce: 'nonce-0001',
} as const;
const identity = { subject: 'ada@example.com', issuer: 'https://accounts.example.com' };
const holding = { holds: true, identity, digest: 'd'.repeat(64), document, signedAt: NOON } as const;
const granting = { id: 'act-1', by: 'ada', note: null, do: 'grant', grant: holding, bundle: '{}' } as const;

test('a grant is recorded with who signed it and counts from when they did; the act is taken once, and so is the document', () => {
  const taken = decideAgentAct(noTrust, granting, NOON + 60_000);
  assert.ok(taken.taken && taken.events[0]?.type === 'TRUST_GRANTED');
  assert.deepEqual(taken.events[0].data.signer, identity);
  const trust = evolveTrust(noTrust, { ...taken.events[0], version: 1, at: NOON + 60_000 } as StoredEvent);
  assert.deepEqual(decideAgentAct(trust, granting, NOON), { taken: true, events: [] });
  assert.equal(decideAgentAct(trust, { ...granting, id: 'act-2' }, NOON).taken, false);
  const grants = trust.grants.map(({ bundle: _, ...grant }) => ({ ...grant, at: NOON }));
  const at = (now: number) =>
    standingOf(key, [], groundsFor(key, { ...trust, grants }, {}, []), defaultLedgerPolicy, now).ceiling;
  assert.deepEqual([at(NOON - 1), at(NOON)], ['T0', 'T2']);
});

test('a grant that was signed more than a day before it is brought is signed anew', () => {
  assert.equal(decideAgentAct(noTrust, granting, NOON + 86_400_000).taken, true);
  assert.equal(decideAgentAct(noTrust, granting, NOON + 86_400_001).taken, false);
});

test('of several changes of one issue a person speaks of the one they name, else of the one that is asked about, else of the last', () => {
  const second = 'b'.repeat(40);
  const merged = (mergeSHA: string) => ({ mergeSHA, mergedAt: NOON });
  const history = (...changes: object[]): History => ({
    ...noHistory,
    changes: changes.map((one, index) => ({ ...last(told()), ordinal: index + 1, question: null, ...one })),
  });
  const act = { id: 'act-1', by: 'ada', note: null, do: 'fault' } as const;
  const about = (known: History, mergeSHA: string | null = null) => {
    const decision = decideChangeAct(known, { ...act, mergeSHA });
    return decision.taken ? (decision.events[0]!.data as { mergeSHA: string }).mergeSHA : decision.message;
  };
  const both = history(merged(mergeSHA), merged(second));
  assert.equal(about(both), second);
  assert.equal(about(both, mergeSHA.slice(0, 39)), mergeSHA);
  assert.match(about(both, 'c'.repeat(7)), /No merged change of this issue begins with c/);
  const asked = history({ ...merged(mergeSHA), question: 'Was it?' }, merged(second));
  assert.equal(about(asked), mergeSHA);
  const cleared = decideChangeAct(asked, { ...act, do: 'clear', mergeSHA: null });
  assert.equal(cleared.taken && (cleared.events[0]!.data as { mergeSHA: string }).mergeSHA, mergeSHA);
  const twice = history({ ...merged(mergeSHA), question: 'Was it?' }, { ...merged(second), question: 'And this?' });
  assert.match(about(twice), /say which is meant with --change/);
});

test('a change that used up the error budget counts for nothing, whenever that is told', () => {
  const data = { mergeSHA, budget: 'requests', message: 'Nothing is left of it.' };
  assert.equal(verdict(told({ type: 'SLO_BUDGET_DEPLETED', data })), 'TrustBudgetSpent');
  const other = { ...data, mergeSHA: 'b'.repeat(40) };
  assert.equal(verdict(told({ type: 'SLO_BUDGET_DEPLETED', data: other })), 'TrustCounted');
});

test('an id is worth what answered to it last, and one that nothing answered to is worth itself', () => {
  const answered = new Map([['gpt-5', 'gpt-5-2026-01-01']]);
  assert.deepEqual(modelsNow(['gpt-5', 'claude-haiku-4-5'], answered), [
    'gpt-5-2026-01-01',
    'claude-haiku-4-5-20251001',
  ]);
});

function granted(at: number, index: number): Grant {
  return { id: `g${index}`, taskClass: 'docs', model: 'model-1', tier: 'T1', at };
}

test('a recovery from a backup sets every ceiling to T0, and what is granted later holds', () => {
  const grants = [NOON, NOON + 20_000].map(granted);
  const at = (now: number) =>
    standingOf(key, [], { ...grounds, grants, recoveries: [NOON + 10_500] }, defaultLedgerPolicy, now).ceiling;
  assert.deepEqual([at(NOON), at(NOON + 10_500), at(NOON + 20_000)], ['T1', 'T0', 'T1']);
});

test('what is granted in the second of a recovery holds: a signature tells no more than its second', () => {
  const standing = (grantedAt: number) => {
    const held = { ...grounds, grants: [granted(grantedAt, 0)], recoveries: [NOON + 146] };
    return standingOf(key, [], held, defaultLedgerPolicy, NOON + 2_000).ceiling;
  };
  assert.deepEqual([standing(NOON - 1_000), standing(NOON)], ['T0', 'T1']);
});

test('another model than the first is told to be new, once, and stays at T0 until it is acknowledged', () => {
  const answered = { 'model-1': 5, 'model-2': 7 };
  const reset = decideReset(noTrust, answered);
  assert.deepEqual(reset, [{ type: 'TRUST_RESET', data: { model: 'model-2', first: 'model-1' } }]);
  const trust = evolveTrust(noTrust, { ...reset[0]!, version: 1, at: 8 } as StoredEvent);
  assert.deepEqual(decideReset(trust, answered), []);
  const known = (model: string, { acknowledged } = trust) =>
    groundsFor({ taskClass: 'docs', model }, { grants: [], acknowledged }, answered, []).knownSince;
  assert.deepEqual([known('model-1'), known('model-2')], [0, null]);
  const act = { id: 'a', by: 'ada', note: null, do: 'ack', model: 'model-2' } as const;
  const acked = decideAgentAct(trust, act, 9);
  assert.ok(acked.taken);
  assert.equal(known('model-2', evolveTrust(trust, { ...acked.events[0]!, version: 2, at: 9 } as StoredEvent)), 9);
});

test('a ceiling that moved is told once, with why', () => {
  const ledger = new Ledger();
  for (let issue = 1; issue <= 20; issue += 1) {
    const one = deed({ issue, mergedAt: NOON + issue * 9 * 3_600_000 });
    for (const event of storyOf(one)) ledger.apply(issueSubject(one), event);
  }
  const [row] = ledger.rows(defaultLedgerPolicy, NOON + 90 * 86_400_000);
  const [moved, ...others] = decideMoved(noTrust, row!, row!.standing);
  assert.deepEqual([moved?.type, others], ['TRUST_PROMOTED', []]);
  const trust = evolveTrust(noTrust, { ...moved!, version: 1, at: 1 } as StoredEvent);
  assert.deepEqual(decideMoved(trust, row!, row!.standing), []);
  const fallen = { ...row!.standing, ceiling: 'T0', moves: [], cooldownUntil: NOON } as const;
  assert.equal(decideMoved(trust, row!, fallen)[0]?.type, 'TRUST_DEMOTED');
  ledger.apply(agentSubject('agent-a'), { ...moved!, version: 1, at: 1 } as StoredEvent);
  assert.equal(ledger.trust('agent-a').told['docs/model-1'], 'T1');
});

test('a task is dispatched under the lowest ceiling of all models that may answer', () => {
  const of = (model: string) => (({ a: 'T2', b: 'T1', 'claude-haiku-4-5-20251001': 'T1' }) as const)[model] ?? 'T0';
  assert.equal(dispatchCeiling(['a', 'b'], of), 'T1');
  assert.equal(dispatchCeiling(['a', 'claude-haiku-4-5'], of), 'T1');
  assert.equal(dispatchCeiling(['a', 'new'], of), 'T0');
  assert.equal(dispatchCeiling([], of), 'T0');
});

test('the alias table leads to ids that are no aliases themselves, and inherited names are none', () => {
  for (const id of Object.values(modelAliases)) assert.equal(modelOf(id), id);
  for (const name of ['constructor', '__proto__', 'toString']) assert.equal(modelOf(name), name);
});

test('white space is empty, lock files are generated, and one written file makes a change', () => {
  const file = (path: string, lines = 1) => ({ path, lines, binary: false });
  assert.equal(substanceOf([file('a.ts', 0)]), 'empty');
  assert.equal(substanceOf([]), 'empty');
  assert.equal(substanceOf([file('package-lock.json'), file('src/api.gen.ts'), file('a.ts', 0)]), 'generated');
  assert.equal(substanceOf([file('package-lock.json'), file('a.ts')]), 'written');
  assert.equal(substanceOf([{ path: 'logo.png', lines: 0, binary: true }]), 'written');
});
