import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TierTable } from '#crds';
import { type Ceiling, consentFor, type DomainEvent, known, type Tier, unknown } from '#domain';
import { type Claimant, ClaimRefused, claimOrEnqueue } from './claims.ts';
import { Draft } from './draft.ts';
import type { SubjectName } from './project.ts';
import { listQueue } from './queue.ts';
import { cause, eventsOf, file, type LogWorld, openLog, queueUp } from './store.int-kit.ts';
import { claimNext, nextTask } from './take.ts';

const NOW = Date.now();

async function started(t: TestContext): Promise<LogWorld> {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  return world;
}

/** What people approved, as far as a test lets it verify; like the real one it needs {@link Claimant.consents}.confirm first. */
class People {
  holds = true;
  asked = 0;
  readonly #world: LogWorld;
  #confirmed: number | null = null;

  constructor(world: LogWorld) {
    this.#world = world;
  }

  async confirm(subject: SubjectName) {
    this.asked += 1;
    const state = await this.#world.log.load(subject);
    this.#confirmed = this.holds ? state.version : null;
    return this.holds ? consentFor(state, 'dispatch', NOW) : null;
  }

  recent(_: string, state: Parameters<typeof consentFor>[0]) {
    return this.#confirmed === state.version ? consentFor(state, 'dispatch', NOW) : null;
  }
}

const dev = (ceiling: Ceiling | null, consents?: People): Claimant => ({
  name: 'dev-e',
  uid: 'dev-e',
  concurrency: 9,
  ceilings: ceiling === null ? unknown('Not here.') : known(new Map([['bugfix', ceiling]]), NOW),
  ...(consents && { consents }),
});

/** An issue that is graded, with a dispatch Approval where one is asked for. */
async function graded(world: LogWorld, name: string, tier: Tier, approved: boolean): Promise<SubjectName> {
  const subject = await file(world, name);
  const at = new Date(NOW + 60_000).toISOString();
  const approval: DomainEvent = {
    type: 'APPROVAL_VERIFIED',
    data: {
      approval: 'ap-1',
      uid: 'ap-1',
      scope: 'dispatch',
      digest: 'd'.repeat(64),
      signature: 'e'.repeat(64),
      headSHA: null,
      subject: 'ada@example.com',
      issuer: 'https://accounts.example.com',
      signedAt: at,
      expiresAt: new Date(NOW + 3_600_000).toISOString(),
    },
  };
  await world.log.append(subject, cause, () => [
    { type: 'ISSUE_CLASSIFIED', data: { tier, taskClass: 'bugfix', reason: 'So.', generation: 1 } },
    ...(approved ? [approval] : []),
  ]);
  return subject;
}

async function onArrival(world: LogWorld, subject: SubjectName, agent: Claimant) {
  const draft = new Draft(world.log, subject, cause, await world.log.load(subject), Date.now);
  const entry = { subject, priority: 2, filedAt: 0, candidates: ['dev-e'], stack: null, message: 'It may be claimed.' };
  return claimOrEnqueue(draft, entry, [agent], world.leader);
}

const types = async (world: LogWorld, { id }: SubjectName) => (await eventsOf(world.pool, id)).map(({ type }) => type);

test('a claim from the queue above the ceiling verifies what a person approved, and tells its use in the same transaction', async (t) => {
  const world = await started(t);
  const subject = await graded(world, 'above', 'T2', true);
  const people = new People(world);
  await queueUp(world, subject, ['dev-e']);
  const claimed = await claimNext(world.log, dev('T1', people), world.leader, cause);
  assert.equal((claimed as SubjectName).id, subject.id);
  assert.deepEqual((await types(world, subject)).slice(-3), ['ISSUE_ASSIGNED', 'APPROVAL_USED', 'TASK_DISPATCHED']);
  const { rows } = await world.pool.query(
    `SELECT count(DISTINCT txid) AS transactions FROM events WHERE stream = $1 AND type IN ('ISSUE_ASSIGNED', 'APPROVAL_USED')`,
    [subject.id],
  );
  assert.equal(Number(rows[0].transactions), 1);
  assert.equal(people.asked, 1);
});

for (const [title, tier, approved, agent] of [
  ['an Approval that does not verify any more', 'T2', true, (people: People) => dev('T1', people)],
  ['no Approval at all', 'T2', false, (people: People) => dev('T1', people)],
  ['an Approval that nobody here can verify', 'T2', true, () => dev('T1')],
  ['T3 work, whatever was signed', 'T3', true, (people: People) => dev('T2', Object.assign(people, { holds: true }))],
  ['an unknown ceiling and an Approval that does not verify', 'T2', true, (people: People) => dev(null, people)],
  ['nobody knowing what its tier asks', 'T1', false, () => ({ ...dev('T2'), termsOf: () => null })],
] as const)
  test(`a claim is not made with ${title}: on arrival, from the queue, or asked for`, async (t) => {
    const world = await started(t);
    const people = Object.assign(new People(world), { holds: false });
    const subject = await graded(world, 'refused', tier, approved);
    await assert.rejects(onArrival(world, subject, agent(people)), ClaimRefused);
    await queueUp(world, subject, ['dev-e']);
    const dropped: string[] = [];
    const note = ({ name }: SubjectName) => void dropped.push(name);
    assert.equal(await claimNext(world.log, agent(people), world.leader, cause, note), 'none');
    assert.deepEqual([dropped, await listQueue(world.pool, 'team', 10)], [['refused'], []]);
    await queueUp(world, subject, ['dev-e']);
    assert.equal(await nextTask(world.log, agent(people), cause), 'none');
    assert.ok(!(await types(world, subject)).includes('ISSUE_ASSIGNED'));
  });

test('work within the ceiling is claimed without a question to anybody', async (t) => {
  const world = await started(t);
  const people = new People(world);
  const subject = await graded(world, 'within', 'T1', true);
  await queueUp(world, subject, ['dev-e']);
  await claimNext(world.log, dev('T1', people), world.leader, cause);
  assert.deepEqual((await types(world, subject)).slice(-2), ['ISSUE_ASSIGNED', 'TASK_DISPATCHED']);
  assert.equal(people.asked, 0);
});

test('work whose tier asks for an approved interface by now is claimed to be planned, whatever it was queued for', async (t) => {
  const world = await started(t);
  const asks = { T1: { dispatch: 'agent', gates: ['interfaceApproval'] } } as unknown as TierTable;
  for (const terms of [asks, undefined]) {
    const subject = await graded(world, terms === undefined ? 'implemented' : 'planned', 'T1', false);
    await queueUp(world, subject, ['dev-e']);
    await claimNext(world.log, { ...dev('T1'), termsOf: () => terms }, world.leader, cause);
    const { task } = await world.log.load(subject);
    assert.equal(task.work?.kind, terms === undefined ? 'implement' : 'plan');
  }
});

test('a ceiling that fell since the work was queued keeps its claim from being made', async (t) => {
  const world = await started(t);
  const subject = await graded(world, 'fell', 'T1', false);
  await queueUp(world, subject, ['dev-e']);
  assert.equal(await claimNext(world.log, dev('T0'), world.leader, cause), 'none');
});
