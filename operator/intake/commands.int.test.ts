import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { apiVersion } from '#crds';
import { decideAssignment, decideWish } from '#domain';
import { ensureSubject } from '#lib/events';
import { ForgeError, type Permission } from '#lib/forge';
import type { KubeClient } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { Subjects } from '../issues/subject.ts';
import { wishOf } from '../issues/wish.ts';
import { ISSUES } from '../objects.ts';
import { pruneAnswers } from './answers.ts';
import { spokenIn } from './command-line.ts';
import { type IntakeWorld, openIntake, repositoryOf } from './intake.int-kit.ts';
import { commented, issueEvent, REPOSITORY } from './payloads.int-kit.ts';

const PERMISSIONS: Record<string, Permission> = {
  boss: 'admin',
  maintainer: 'write',
  reader: 'read',
  'dev-e': 'write',
};

interface Commands extends IntakeWorld {
  /** Types of the events that commands and reopenings led to, with who is in their data. */
  heard(): Promise<string[]>;
  say(body: string, options?: Parameters<typeof commented>[2] & { readonly id?: string }): Promise<string>;
}

let told = 0;

/** Issue 7 of the forge stands for the object `fix`, whose pull request is 9. */
async function open(t: TestContext): Promise<Commands> {
  const client = new FakeClient(new FakeClock()) as unknown as KubeClient;
  const repository = repositoryOf(REPOSITORY.id, REPOSITORY.full_name);
  const metadata = { name: 'fix', namespace: 'team' };
  const spec = {
    repositoryRef: { name: repository.metadata.name! },
    number: 7,
    title: 'Fix',
    dependsOn: [],
    labels: [],
  };
  await client.create(ISSUES, { apiVersion, kind: 'Issue', metadata, spec } as never);
  const world = await openIntake(t, {
    client,
    repositories: [repository],
    permission: (login) => PERMISSIONS[login] ?? 'none',
  });
  await world.until((issues) => issues.length === 1);
  const [issue] = world.issues();
  const subject = await new Subjects().of(world.conductor, issue!);
  await world.log.append(subject, { actor: { kind: 'controller', name: 'issue' } }, (state) =>
    decideWish(state, wishOf(issue!)),
  );
  await client.patchStatus(ISSUES, metadata, { pullRequest: { number: 9, url: '', headSHA: 'a'.repeat(40) } });
  await world.until(([one]) => one?.status?.pullRequest?.number === 9);
  const say: Commands['say'] = async (body, { id = `said-${++told}`, ...options } = {}) => {
    await world.send('issue_comment', commented(options.number ?? 7, body, options), { id });
    return (await world.outcome(id)).detail;
  };
  const heard = async () => {
    const { rows } = await world.pool.query(
      `SELECT type, coalesce(data->>'command', '') AS command, meta->'actor'->>'name' AS who FROM events WHERE type <> 'ISSUE_FILED' ORDER BY version`,
    );
    return rows.map(({ type, command, who }) => `${type} ${command} ${who}`);
  };
  return Object.assign(world, { say, heard });
}

test('a person with write permission says /rig hold: the event names who, and the answer says what follows', async (t) => {
  const world = await open(t);
  assert.match(await world.say('Wait.\n\n/rig hold', { by: 'maintainer' }), /maintainer said \/rig hold: It is held/);
  assert.deepEqual(await world.heard(), ['COMMAND_ACCEPTED hold maintainer']);
  const [answer, ...more] = world.comments;
  assert.equal(more.length, 0);
  assert.equal(answer?.number, 7);
  assert.match(answer!.body, /^> `\/rig hold`\n\nIt is held: .*\n\n<!-- rig:comment:/s);
  assert.equal(spokenIn(answer!.body), null, 'an answer commands nothing');
});

test('a comment under the pull request commands the issue it was opened for, and is answered there', async (t) => {
  const world = await open(t);
  await world.say('/rig tier T3', { number: 9, pull: true });
  assert.deepEqual(await world.heard(), ['COMMAND_ACCEPTED tier boss']);
  assert.deepEqual(
    world.comments.map(({ number }) => number),
    [9],
  );
});

test('one comment acts once: delivered again, by another webhook, and after a crash before the answer', async (t) => {
  const world = await open(t);
  const comment = { id: 'first', comment: 70 };
  await world.say('/rig hold', comment);
  await world.say('/rig hold', { ...comment, id: 'other-hook' });
  await world.pool.query(`UPDATE deliveries SET finished_at = NULL, outcome = NULL, due_at = now()`);
  await world.settle();
  assert.deepEqual(await world.heard(), ['COMMAND_ACCEPTED hold boss']);
  assert.equal(world.comments.length, 1);
  const { rows } = await world.pool.query('SELECT command, accepted, delivery FROM commands');
  assert.deepEqual(rows, [{ command: '/rig hold', accepted: true, delivery: 'first' }]);
});

test('an answer that was deleted long after it was given is not given again with its comment, one that waits is not deleted', async (t) => {
  const world = await open(t);
  const answers = async () =>
    (await world.pool.query('SELECT ended_at IS NOT NULL AS given FROM answers')).rows.map(({ given }) => given);
  const given = () => until('it is given', async () => (await answers()).every(Boolean));
  const prune = (ms: number) => pruneAnswers(world.pool, { before: new Date(Date.now() + ms), limit: 9 });
  const comment = { id: 'first', comment: 70 };
  await world.say('/rig hold', comment);
  await given();
  assert.deepEqual([await prune(-60_000), await prune(60_000), await answers()], [0, 1, []]);
  await world.say('/rig hold', { ...comment, id: 'listed-again' });
  await given();
  assert.deepEqual([world.comments.length, await answers()], [1, [true]]);
  await world.pool.query('UPDATE answers SET ended_at = NULL, due_at = now() + $1', ['1 hour']);
  assert.equal(await prune(60_000), 0);
});

test('a forge that fails at the answer: the command is taken once, and answered when the forge is back', async (t) => {
  const world = await open(t);
  let calls = 0;
  world.fault = () => {
    calls += 1;
    if (calls > 1 && calls < 15) throw new ForgeError('Unavailable', 'The forge is down.', { outcome: 'definite' });
  };
  assert.match(await world.say('/rig hold'), /It is held/);
  assert.deepEqual([(await world.heard()).length, world.comments.length], [1, 1]);
});

test('a conversation that is locked: the command is taken, its answer is not written, and nothing waits for it', async (t) => {
  const world = await open(t);
  let calls = 0;
  world.fault = () => {
    calls += 1;
    if (calls > 1) throw new ForgeError('Forbidden', 'The issue is locked.', { outcome: 'definite' });
  };
  assert.match(await world.say('/rig hold', { id: 'locked' }), /It is held/);
  assert.deepEqual([await world.heard(), world.comments], [['COMMAND_ACCEPTED hold boss'], []]);
  assert.equal((await world.outcome('locked')).attempts, 1);
});

test('a permission that the forge does not tell passes nothing: the command waits for it', async (t) => {
  const world = await open(t);
  world.fault = () => {
    throw new ForgeError('Unavailable', 'The forge is down.');
  };
  await world.send('issue_comment', commented(7, '/rig cancel'), { id: 'waits' });
  await until('it was tried again and again', async () => {
    world.applier.kick();
    const { rows } = await world.pool.query(`SELECT attempts FROM deliveries WHERE id = 'waits'`);
    return rows[0].attempts > 12;
  });
  assert.deepEqual([await world.heard(), world.comments], [[], []]);
  world.fault = () => {};
  await world.settle();
  assert.deepEqual(await world.heard(), ['COMMAND_ACCEPTED cancel boss', 'ISSUE_CANCELLED  boss']);
});

test('who may not write is refused, and told so once for each issue', async (t) => {
  const world = await open(t);
  for (let i = 0; i < 3; i++) assert.match(await world.say('/rig cancel', { by: 'reader' }), /reader may not write/);
  await world.say('/rig cancel', { by: 'stranger' });
  assert.deepEqual(await world.heard(), []);
  assert.equal(world.comments.length, 2);
  assert.match(world.comments[0]!.body, /This is not taken: reader may not write to the repository\. Only people/);
});

test('who is known not to write is refused without asking the forge again', async (t) => {
  let asked = 0;
  const world = await open(t);
  world.keepWaiting = async (repository) => void (repository === REPOSITORY.name && ++asked);
  for (let i = 0; i < 3; i++) assert.match(await world.say('/rig cancel', { by: 'reader' }), /reader may not write/);
  await world.say('/rig hold', { by: 'boss' });
  await world.say('/rig hold off', { by: 'boss' });
  assert.equal(asked, 3, 'once for the reader, and each time for who may');
  const { id } = (commented(7, '', { by: 'reader' }) as { sender: { id: number } }).sender;
  await world.mirror.forgetPermissions(world.pool, { host: 'api.github.com', id: REPOSITORY.id }, id);
  await world.say('/rig cancel', { by: 'reader' });
  assert.equal(asked, 4, 'what is told of a permission is asked anew');
});

test('while an answer waits for its turn at the forge deliveries of the same repository are applied, and a refusal comes last', async (t) => {
  const world = await open(t);
  const { promise: turn, resolve: proceed } = Promise.withResolvers<void>();
  world.keepWaiting = (what) => (what === 'comments' ? turn : Promise.resolve());
  for (const [id, by, number] of [
    ['one', 'boss', 7],
    ['two', 'reader', 7],
    ['three', 'boss', 9],
  ] as const)
    await world.send('issue_comment', commented(number, '/rig hold', { by, pull: number === 9 }), { id });
  await until('all are applied', async () => {
    world.applier.kick();
    return (await world.pool.query(`SELECT FROM deliveries WHERE outcome = 'applied'`)).rowCount === 3;
  });
  assert.deepEqual([await world.heard(), world.comments], [['COMMAND_ACCEPTED hold boss'], []]);
  proceed();
  await world.settle();
  assert.deepEqual(
    world.comments.map(({ number, body }) => [number, /reader may not/.test(body)]),
    [
      [7, false],
      [9, false],
      [7, true],
    ],
  );
});

test('a bot, the conductor and an Agent command nothing and get no answer, whatever they may at the forge', async (t) => {
  const world = await open(t);
  world.agents.push({ name: 'dev-e', account: { id: 901, login: 'dev-e', kind: 'user' } });
  const said = [
    await world.say('/rig cancel', { by: 'helper[bot]' }),
    await world.say('/rig cancel', { by: 'rig', accountId: 900 }),
    await world.say('/rig cancel', { by: 'dev-e', accountId: 901 }),
  ];
  for (const detail of said) assert.match(detail, /so it is not heard\.$/);
  assert.deepEqual([await world.heard(), world.comments], [[], []]);
});

test("while an Agent that had a task may have any account, nobody is known to be a person: refused, with the Agent's name", async (t) => {
  const world = await open(t);
  world.agents.push({ name: 'dev-e', account: null });
  const { subject } = await ensureSubject(world.pool, {
    kind: 'Issue',
    namespace: 'team',
    name: 'other',
    uid: 'other',
  });
  const assignment = {
    claim: randomUUID(),
    agent: { name: 'dev-e', uid: 'dev-e' },
    attempt: 1,
    fence: '1.1',
    branch: 'b',
  };
  await world.log.append(subject, { actor: { kind: 'controller', name: 'test' } }, () =>
    decideAssignment({ ...assignment, task: 'other-implement-1-1' }, 'It is next.'),
  );
  const before = await world.heard();
  await world.say('/rig cancel');
  assert.deepEqual(await world.heard(), before);
  assert.match(world.comments[0]!.body, /could be the account of Agent dev-e/);
});

test('an Agent that is known by its account, or never had a task, keeps nobody from being heard when its Secret is gone', async (t) => {
  const world = await open(t);
  const account = { id: 77, login: 'dev-e', kind: 'user' } as const;
  world.agents.push({ name: 'dev-e', account }, { name: 'new-e', account: null });
  await world.say('/rig hold');
  world.agents[0] = { name: 'dev-e', account: null };
  await world.say('/rig cancel', { comment: 81 });
  assert.deepEqual((await world.heard()).slice(0, 2), ['COMMAND_ACCEPTED hold boss', 'COMMAND_ACCEPTED cancel boss']);
});

test('a command that is none is answered with the list, one that does not fit with the reason; both once', async (t) => {
  const world = await open(t);
  await world.say('/rig merge', { comment: 80 });
  await world.say('/rig merge', { comment: 80 });
  await world.say('/rig retry');
  assert.deepEqual(await world.heard(), []);
  const [list, reason, ...more] = world.comments.map(({ body }) => body);
  assert.equal(more.length, 0);
  for (const word of ['retry', 'cancel', 'hold', 'hold off', 'review', 'tier T2'])
    assert.ok(list!.includes(`- \`/rig ${word}\` `), word);
  assert.match(reason!, /There is nothing to retry/);
});

test('an edited comment, a deleted one, and a comment without a command do nothing', async (t) => {
  const world = await open(t);
  for (const action of ['edited', 'deleted'])
    assert.match(await world.say('/rig cancel', { action }), /commands nothing/);
  assert.match(await world.say('What does `/rig cancel` do?'), /It commands nothing\.$/);
  assert.deepEqual([await world.heard(), world.comments], [[], []]);
});

test('a command under an issue that the rig does not work is answered with how it would', async (t) => {
  const world = await open(t);
  await world.say('/rig retry', { number: 8 });
  await world.say('/rig retry', { number: 9 });
  await world.say('/rig review', { number: 10, pull: true });
  const bodies = world.comments.map(({ body }) => body);
  assert.match(bodies[0]!, /put the label rig on/);
  assert.match(bodies[1]!, /put the label rig on/, 'the number of a pull request is no issue');
  assert.match(bodies[2]!, /No Issue of the rig is worked on in this pull request/);
  assert.deepEqual(await world.heard(), []);
});

test('cancelled by a command, then reopened at the forge: by one who may it is taken up again, by another not', async (t) => {
  const world = await open(t);
  await world.say('/rig cancel');
  const reopened = async (by: string) => {
    const id = `reopened-${by}`;
    await world.send('issues', issueEvent('reopened', 7, { by }), { id });
    return (await world.outcome(id)).detail;
  };
  assert.match(await reopened('reader'), /so nothing follows/);
  assert.match(await reopened('maintainer'), /maintainer reopened it: It is taken up again/);
  assert.deepEqual(await world.heard(), [
    'COMMAND_ACCEPTED cancel boss',
    'ISSUE_CANCELLED  boss',
    'COMMAND_ACCEPTED reopen maintainer',
    'ISSUE_REOPENED  maintainer',
  ]);
});
