import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Approval } from '#crds';
import {
  type ApprovalVerdict,
  type DomainEvent,
  evolve,
  type IssueState,
  noIssue,
  type RecordedApproval,
  replay,
} from '#domain';
import type { KubeObject } from '#lib/kube';
import { Retry } from '#lib/kube';
import { Consents } from './consents.ts';

const NOW = Date.parse('2026-03-02T12:00:00Z');
const digest = 'd'.repeat(64);
const subject = { id: 'subject-1', namespace: 'team', name: 'fix-1' };
const holds = (over: Partial<Extract<ApprovalVerdict, { verified: true }>> = {}): ApprovalVerdict => ({
  verified: true,
  identity: { subject: 'ada@example.com', issuer: 'https://accounts.example.com' },
  digest,
  signature: 's'.repeat(64),
  document: {},
  signedAt: NOW,
  expiresAt: NOW + 3_600_000,
  ...over,
});
const refused = (reason: 'DigestMismatch' | 'TrustUnreadable'): ApprovalVerdict => ({
  verified: false,
  reason,
  message: 'It is not what was signed.',
});

/** A log of one issue with an Approval in it, an API server that has the object, and a check that says what the test says. */
class Scene {
  state: IssueState = evolve(noIssue, { type: 'APPROVAL_VERIFIED', version: 1, at: NOW, data: verified('ap-1') });
  object: { uid: string; deletionTimestamp?: string } | undefined = { uid: 'ap-1' };
  verdict: ApprovalVerdict | Error = holds();
  now = NOW;
  readonly told: DomainEvent[] = [];
  readonly asked: unknown[] = [];
  readonly consents = new Consents(
    {
      log: {
        load: async () => this.state,
        append: async (_: unknown, __: unknown, decide: (state: IssueState) => readonly DomainEvent[]) => {
          const events = decide(this.state);
          for (const event of events) this.append(event);
          return { state: this.state, events, value: undefined };
        },
      },
      client: { find: async () => this.object && ({ metadata: { ...this.object, name: 'ap-1' } } as unknown) },
      objects: { issues: { get: () => undefined } },
      now: () => this.now,
    } as never,
    {
      of: async (_: Approval & KubeObject, __: unknown, ___: unknown, options?: unknown) => {
        this.asked.push(options);
        if (this.verdict instanceof Error) throw this.verdict;
        return this.verdict;
      },
    } as never,
  );

  append(event: DomainEvent): void {
    this.told.push(event);
    this.state = evolve(this.state, { ...event, version: this.state.version + 1, at: this.now });
  }

  confirm(): Promise<RecordedApproval | null> {
    return this.consents.confirm(subject, 'dispatch');
  }
}

function verified(uid: string) {
  return {
    approval: uid,
    uid,
    scope: 'dispatch' as const,
    digest,
    signature: 's'.repeat(64),
    headSHA: null,
    subject: 'ada@example.com',
    issuer: 'https://accounts.example.com',
    signedAt: new Date(NOW).toISOString(),
    expiresAt: new Date(NOW + 3_600_000).toISOString(),
  };
}

test('consent: what the log has is verified from the bundle with what the API server has now, and may then be acted on', async () => {
  const scene = new Scene();
  assert.equal(scene.consents.recent(subject.id, scene.state, 'dispatch'), null);
  assert.equal((await scene.confirm())?.uid, 'ap-1');
  assert.deepEqual(scene.asked, [{ fresh: true }]);
  assert.equal(scene.consents.recent(subject.id, scene.state, 'dispatch')?.uid, 'ap-1');
  assert.equal(scene.consents.recent(subject.id, scene.state, 'merge'), null);
  assert.equal(scene.consents.recent('subject-2', scene.state, 'dispatch'), null);
});

test('consent: what was verified may not be acted on two seconds later, nor once the log has grown', async () => {
  const scene = new Scene();
  await scene.confirm();
  scene.now += 2_001;
  assert.equal(scene.consents.recent(subject.id, scene.state, 'dispatch'), null);
  await scene.confirm();
  assert.equal(
    scene.consents.recent(subject.id, { ...scene.state, version: scene.state.version + 1 }, 'dispatch'),
    null,
  );
});

for (const [title, change] of [
  ['was deleted', { object: undefined }],
  ['is on its way out', { object: { uid: 'ap-1', deletionTimestamp: '2026-03-02T12:00:00Z' } }],
  ['was made anew under its name', { object: { uid: 'ap-2' } }],
  ['is over something else than the issue as it is', { verdict: refused('DigestMismatch') }],
] as const)
  test(`consent: an Approval that ${title} lets nothing through though the log has it, and the log is told`, async () => {
    const scene = Object.assign(new Scene(), change);
    assert.equal(await scene.confirm(), null);
    assert.deepEqual(
      scene.told.map(({ type }) => type),
      ['APPROVAL_REVOKED'],
    );
    assert.equal(scene.consents.recent(subject.id, scene.state, 'dispatch'), null);
  });

test('consent: what verifies over another document than the log has is told first, and holds for that one', async () => {
  const other = 'e'.repeat(64);
  const scene = Object.assign(new Scene(), { verdict: holds({ digest: other }) });
  assert.equal((await scene.confirm())?.digest, other);
  assert.deepEqual(
    scene.told.map(({ type }) => type),
    ['APPROVAL_VERIFIED'],
  );
});

test('consent: what cannot be looked at now lets nothing through, and takes nothing back', async () => {
  const scene = Object.assign(new Scene(), { verdict: new Retry('FactUnknown', 'Git does not answer.') });
  await assert.rejects(scene.confirm(), /Git does not answer/);
  assert.deepEqual(scene.told, []);
});

test('consent: the log without an Approval of the scope asks nobody', async () => {
  const scene = new Scene();
  scene.state = replay([]);
  assert.equal(await scene.confirm(), null);
  assert.deepEqual(scene.asked, []);
});
