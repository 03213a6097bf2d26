import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TierTable } from '#crds';
import { type Ceiling, consentFor, type DomainEvent, known, type Tier, unknown } from '#domain';
import { Consents } from '../approvals/consents.ts';
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

/** The log is told of Approval ap-`n`; the higher its number, the longer it holds. */
const approval = (n: number): DomainEvent => ({
  type: 'APPROVAL_VERIFIED',
  data: {
    approval: `ap-${n}`,
    uid: `ap-${n}`,
    scope: 'dispatch',
    digest: 'd'.repeat(64),
    signature: `${n}`.repeat(64),
    headSHA: null,
    subject: 'ada@example.com',
    issuer: 'https://accounts.example.com',
    signedAt: new Date(NOW + 60_000).toISOString(),
    expiresAt: new Date(NOW + 3_600_000 + n).toISOString(),
  },
});

/** An issue that is graded, with a dispatch Approval where one is asked for. */
async function graded(world: LogWorld, name: string, tier: Tier, approved: boolean): Promise<SubjectName> {
  const subject = await file(world, name);
  await world.log.append(subject, cause, () => [
    { type: 'ISSUE_CLASSIFIED', data: { tier, taskClass: 'bugfix', reason: 'So.', generation: 1 } },
    ...(approved ? [approval(1)] : []),
  ]);
  return subject;
}

const entryOf = (subject: SubjectName, candidates: string[]) => ({
  ...{ subject, priority: 2, filedAt: 0, candidates, stack: null },
  message: 'It may be claimed.',
});

async function onArrival(world: LogWorld, subject: SubjectName, agent: Claimant) {
  const draft = new Draft(world.log, subject, cause, await world.log.load(subject), Date.now);
  return claimOrEnqueue(draft, entryOf(subject, ['dev-e']), [agent], world.leader);
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

/** A replica of the conductor, with a log and a memory of its own, that is held up in verifying until it is let go. */
function replica(world: LogWorld, agent: string, objects: ReadonlySet<string>) {
  const log = world.another();
  const reached = Promise.withResolvers<void>();
  const letGo = Promise.withResolvers<void>();
  const consents = new Consents(
    {
      log,
      client: {
        find: async (_: unknown, { name }: { name: string }) => (objects.has(name) ? objectOf(name) : undefined),
      },
      objects: { issues: { get: () => undefined } },
      now: Date.now,
    } as never,
    {
      of: async () => {
        reached.resolve();
        await letGo.promise;
        return { verified: true, digest: 'd'.repeat(64) };
      },
    } as never,
  );
  const claimant: Claimant = { ...dev('T1'), name: agent, uid: agent, consents };
  const claim = async (subject: SubjectName) => {
    const draft = new Draft(log, subject, cause, await log.load(subject), Date.now);
    return () => claimOrEnqueue(draft, entryOf(subject, [agent]), [claimant], world.leader);
  };
  return { log, consents, claim, reached: reached.promise, letGo: letGo.resolve };
}

const objectOf = (name: string) => ({ metadata: { name, uid: name } });

/** The names of the Approvals that were used, each with the transaction that told it. */
async function used(world: LogWorld, { id }: SubjectName): Promise<string[]> {
  const { rows } = await world.pool.query(
    `SELECT data ->> 'approval' AS approval FROM events u WHERE stream = $1 AND type = 'APPROVAL_USED'
      AND EXISTS (SELECT FROM events a WHERE a.stream = u.stream AND a.txid = u.txid AND a.type = 'ISSUE_ASSIGNED')`,
    [id],
  );
  return rows.map(({ approval: name }) => name);
}

for (const turn of ['both at once', 'one after the other'])
  test(`two Approvals of one claim that two replicas verify at once let one claim through, and one is used: ${turn}`, async (t) => {
    const world = await started(t);
    const subject = await graded(world, 'raced', 'T2', true);
    await world.log.append(subject, cause, () => [approval(2)]);
    const objects = new Set(['ap-1', 'ap-2']);
    const [a, b] = [replica(world, 'dev-e', objects), replica(world, 'dev-f', objects)];
    const confirming = [a, b].map(({ consents }) => consents.confirm(subject, 'dispatch'));
    await Promise.all([a.reached, b.reached]);
    for (const one of [a, b]) one.letGo();
    assert.deepEqual(
      (await Promise.all(confirming)).map((one) => one?.uid),
      ['ap-2', 'ap-2'],
    );
    const claims = [await a.claim(subject), await b.claim(subject)];
    const [first, second] = claims as [() => Promise<unknown>, () => Promise<unknown>];
    const placed =
      turn === 'both at once'
        ? await Promise.allSettled([first(), second()])
        : [...(await Promise.allSettled([first()])), ...(await Promise.allSettled([second()]))];
    assert.equal(placed.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal((await types(world, subject)).filter((type) => type === 'ISSUE_ASSIGNED').length, 1);
    assert.deepEqual(await used(world, subject), ['ap-2']);
  });

test('an Approval that is taken back while another replica verifies it lets no claim through, and the other of the two does once', async (t) => {
  const world = await started(t);
  const subject = await graded(world, 'withdrawn', 'T2', true);
  await world.log.append(subject, cause, () => [approval(2)]);
  const objects = new Set(['ap-1', 'ap-2']);
  const [a, b] = [replica(world, 'dev-e', objects), replica(world, 'dev-f', objects)];
  const held = a.consents.confirm(subject, 'dispatch');
  await a.reached;
  objects.delete('ap-2');
  b.letGo();
  assert.equal((await b.consents.confirm(subject, 'dispatch'))?.uid, 'ap-1');
  a.letGo();
  assert.equal((await held)?.uid, 'ap-2');
  await assert.rejects((await a.claim(subject))(), ClaimRefused);
  assert.deepEqual(await used(world, subject), []);
  await a.consents.confirm(subject, 'dispatch');
  const claims = [await a.claim(subject), await b.claim(subject)];
  const placed = await Promise.allSettled(claims.map((claim) => claim()));
  assert.equal(placed.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.deepEqual(await used(world, subject), ['ap-1']);
  assert.ok((await types(world, subject)).includes('APPROVAL_REVOKED'));
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
