import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { fileLife } from '../api/conductor.int-kit.ts';
import type { SubjectName } from '../store/project.ts';
import { eventsOf, file } from '../store/store.int-kit.ts';
import { WINDOW_MS } from './escalations.ts';
import { Receiver, SECRET } from './receiver.int-kit.ts';
import { ask, type EscalationWorld, escalationWorld, MINUTE, tell } from './world.int-kit.ts';

let world: EscalationWorld;
before(async () => {
  world = await escalationWorld(fileLife);
});

/** Notices of an issue without an outcome. */
const open = async ({ id }: SubjectName) => {
  const { rows } = await world.pool.query(
    "SELECT count(*)::int AS n FROM effects WHERE kind = 'notice' AND subject = $1 AND state IN ('planned', 'started')",
    [id],
  );
  return rows[0].n;
};
const reminders = async (stream: string) =>
  (await eventsOf(world.pool, stream)).filter(({ type }) => type === 'HUMAN_GATE_REMINDED').length;

test('a question is told every sink once, signed, however often it is looked at and by however many conductors', async (t) => {
  const [one, two] = [await Receiver.start(t), await Receiver.start(t)];
  const sinks = [one.sink('ops'), two.sink('chat', { kind: 'slack', secret: null })];
  const subject = await file(world, 'asks');
  const { state } = await ask(world, subject);
  const first = await world.lead(sinks);
  await first.look(subject);
  await first.look(subject);
  await first.end();
  const second = await world.lead(sinks);
  await second.look(subject);
  assert.equal(two.received.length, 1);
  assert.deepEqual(
    one.received.map(({ id, verified }) => [id, verified]),
    [[`${subject.id}@${state.version}-${world.now()}`, true]],
  );
  const { type, data } = JSON.parse(one.received[0]!.body);
  assert.deepEqual(
    [type, data.namespace, data.issue, data.reason, data.message, data.reminder, data.url],
    [
      'human_gate.triggered',
      'team',
      'asks',
      'AskedForPerson',
      'Which of the two?',
      0,
      'https://forge.example/acme/widgets/issues/12',
    ],
  );
});

test('a sink that fails is tried again under the same id after a pause that grows, and holds up no other sink', async (t) => {
  const [bad, good] = [await Receiver.start(t), await Receiver.start(t)];
  bad.next.push(500, 503, 404);
  const leader = await world.lead([bad.sink('bad'), good.sink('good')]);
  const subject = await file(world, 'fails');
  await ask(world, subject);
  await leader.look(subject);
  assert.deepEqual([bad.received.length, good.received.length], [1, 1]);
  await leader.look(subject);
  assert.equal(bad.received.length, 1, 'it rests');
  for (const pause of [2_000, 4_000, 8_000]) {
    await world.later(pause - 1);
    await leader.look(subject);
    const sent: number = bad.received.length;
    await world.later(1);
    await leader.look(subject);
    assert.equal(bad.received.length, sent + 1);
  }
  assert.equal(new Set(bad.ids).size, 1);
  assert.equal(await open(subject), 0);
});

test('an answer that never comes or is cut off is taken for none: the sink is told again, and can tell by the id', async (t) => {
  const receiver = await Receiver.start(t);
  receiver.next.push('silent', 'cut');
  const leader = await world.lead([receiver.sink()], { timeoutMs: 200 });
  const subject = await file(world, 'silent');
  await ask(world, subject);
  for (let turn = 0; turn < 3; turn += 1) {
    await leader.look(subject);
    await world.later(MINUTE);
  }
  assert.equal(receiver.received.length, 3);
  assert.equal(new Set(receiver.ids).size, 1);
  assert.match(leader.warnings.join(), /did not answer within 0\.2 s/);
});

test('a receiver that says when to come again is left alone until then', async (t) => {
  const receiver = await Receiver.start(t);
  receiver.next.push({ status: 429, headers: { 'retry-after': '600' } });
  const leader = await world.lead([receiver.sink()]);
  const subject = await file(world, 'limited');
  await ask(world, subject);
  await leader.look(subject);
  await world.later(10 * MINUTE - 1);
  await leader.look(subject);
  assert.equal(receiver.received.length, 1);
  await world.later(1);
  await leader.look(subject);
  assert.equal(receiver.received.length, 2);
});

test('a redirect is not followed', async (t) => {
  const [receiver, elsewhere] = [await Receiver.start(t), await Receiver.start(t)];
  receiver.next.push({ status: 307, headers: { location: elsewhere.url.href } });
  const leader = await world.lead([receiver.sink()]);
  const subject = await file(world, 'redirected');
  await ask(world, subject);
  await leader.look(subject);
  assert.deepEqual([receiver.received.length, elsewhere.received.length], [1, 0]);
  assert.match(leader.warnings.join(), /answered 307: it leads elsewhere, which is not followed/);
});

test('a conductor that dies between the sending and the answer is followed by one that sends it again, once', async (t) => {
  const receiver = await Receiver.start(t);
  receiver.next.push('silent');
  const subject = await file(world, 'dies');
  await ask(world, subject);
  // Its process hangs where it would be killed: what it began stays in the table, with nobody at work on it.
  const dead = await world.lead([receiver.sink()], { timeoutMs: 60_000 });
  dead.escalations.see(subject, await dead.log.load(subject));
  await receiver.holds(1);
  await world.pool.query(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted`);
  const next = await world.lead([receiver.sink()]);
  await next.look(subject);
  assert.deepEqual([receiver.received.length, next.warnings], [1, []], 'somebody may still be at it');
  await world.later(WINDOW_MS);
  await next.look(subject);
  await next.look(subject);
  assert.deepEqual(receiver.ids, [receiver.ids[0], receiver.ids[0]]);
  assert.equal(await open(subject), 0);
});

test('a leader that was deposed tells nobody', async (t) => {
  const receiver = await Receiver.start(t);
  const subject = await file(world, 'deposed');
  const old = await world.lead([receiver.sink()]);
  const next = await world.lead([]);
  await ask(world, subject);
  await old.look(subject);
  assert.equal(receiver.received.length, 0);
  await next.end();
});

test('who waits for half an hour is reminded, and again, until somebody sees to it', async (t) => {
  const receiver = await Receiver.start(t);
  const subject = await file(world, 'waits');
  const { state } = await ask(world, subject);
  const leader = await world.lead([receiver.sink()]);
  for (const after of [0, 29 * MINUTE, MINUTE, 29 * MINUTE, MINUTE]) {
    await world.later(after);
    await leader.look(subject);
  }
  assert.deepEqual(
    receiver.received.map(({ body }) => [JSON.parse(body).type, JSON.parse(body).data.reminder]),
    [
      ['human_gate.triggered', 0],
      ['human_gate.reminded', 1],
      ['human_gate.reminded', 2],
    ],
  );
  assert.equal(new Set(receiver.received.map(({ body }) => JSON.parse(body).data.cause)).size, 1);
  const gate = state.awaiting!.gate;
  await tell(world, subject, { type: 'HUMAN_GATE_ACKNOWLEDGED', data: { gate, by: 'ada', note: null } });
  await world.later(120 * MINUTE);
  await leader.look(subject);
  assert.deepEqual([receiver.received.length, await reminders(subject.id)], [3, 2]);
});

test('after a night without a conductor each question is reminded of once, and not at once', async (t) => {
  const receiver = await Receiver.start(t);
  const subjects = await Promise.all(['night-1', 'night-2', 'night-3'].map((name) => file(world, name)));
  for (const subject of subjects) await ask(world, subject);
  const evening = await world.lead([receiver.sink()]);
  await evening.look(...subjects);
  await evening.end();
  await world.later(9 * 60 * MINUTE);
  const morning = await world.lead([receiver.sink()], { upSince: world.now() });
  await morning.look(...subjects);
  assert.equal(receiver.received.length, 3);
  await world.later(6 * MINUTE);
  await morning.look(...subjects);
  await world.later(20 * MINUTE);
  await morning.look(...subjects);
  assert.equal(receiver.received.length, 6);
});

test('what is answered before a sink was told of it is not told any more, and leaves nothing open', async (t) => {
  const receiver = await Receiver.start(t);
  receiver.next.push(500);
  const subject = await file(world, 'answered');
  await ask(world, subject);
  const leader = await world.lead([receiver.sink()]);
  await leader.look(subject);
  assert.equal(await open(subject), 1);
  await tell(world, subject, { type: 'HUMAN_GATE_CLEARED', data: { reason: 'AskedForPerson' } });
  await world.later(MINUTE);
  await leader.look(subject);
  await leader.look(subject);
  assert.deepEqual([receiver.received.length, await open(subject)], [1, 0]);
});

test('a sink that is away for long is said aloud, in a metric and of each issue once, without its URL or its secret', async (t) => {
  const receiver = await Receiver.start(t);
  receiver.next.push(...Array(20).fill(500));
  const subject = await file(world, 'untold');
  await ask(world, subject);
  const leader = await world.lead([receiver.sink('away')]);
  for (let turn = 0; turn < 8; turn += 1) {
    await leader.look(subject);
    await world.later(MINUTE);
  }
  assert.deepEqual(leader.untold, ['untold: Sink away answered 500.']);
  const text = await leader.metrics.text();
  assert.match(text, /rig_notices_waiting\{[^}]*sink="away"[^}]*\} 1/);
  assert.ok(Number(/rig_notice_lag_seconds\{[^}]*sink="away"[^}]*\} ([0-9.]+)/.exec(text)?.[1]) >= 420);
  const { rows } = await world.pool.query("SELECT * FROM effects WHERE kind = 'notice'");
  const said = `${leader.warnings.join()} ${leader.untold.join()} ${JSON.stringify(rows)} ${text}`;
  assert.doesNotMatch(said, /secret-path|whsec/);
  assert.ok(!said.includes(SECRET.slice(6)));
});

test('a sink is told of the namespaces that it names alone, and without sinks nobody is reminded', async (t) => {
  const receiver = await Receiver.start(t);
  const subject = await file(world, 'elsewhere');
  await ask(world, subject);
  for (const sinks of [[receiver.sink('ops', { namespaces: ['other'] })], []]) {
    const leader = await world.lead(sinks);
    await world.later(31 * MINUTE);
    await leader.look(subject);
    await leader.end();
  }
  assert.deepEqual([receiver.received.length, await reminders(subject.id)], [0, 0]);
});
