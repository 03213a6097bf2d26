import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConductorClient } from '#lib/conductor';
import { silentLogger } from '#lib/observe';
import { anAssignment } from '../double/assignment.ts';
import { conductorDouble } from '../double/conductor.ts';
import { Stop } from '../failure.ts';
import { type Clock, openSession } from './index.ts';

/** A clock that only moves when told, and lets what it set off settle. */
function fakeClock() {
  let now = 1_000_000;
  let timers: { at: number; fn: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    after: (ms, fn) => {
      const timer = { at: now + ms, fn };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    sleep: async () => {},
  };
  const settle = async () => {
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  const pass = async (ms: number) => {
    const end = now + ms;
    for (;;) {
      const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      timers = timers.filter((each) => each !== next);
      now = next.at;
      next.fn();
      await settle();
    }
    now = end;
  };
  return { clock, pass, waiting: () => timers.length };
}

async function set() {
  const time = fakeClock();
  const deadline = new Date(1_000_000 + 3_600_000).toISOString();
  const given = anAssignment('implement');
  const conductor = conductorDouble({ ...given, task: { ...given.task, deadline } }, () => time.clock.now());
  const outside = new AbortController();
  let read = 0;
  const session = await openSession({
    conductor: new ConductorClient({
      url: 'http://conductor.test',
      fetch: (request) => conductor.app.fetch(request),
      sleep: async () => {},
      attempts: 2,
    }),
    task: { namespace: 'team-a', task: 'i7-implement' },
    podToken: async () => `pod-token-${++read}`,
    clock: time.clock,
    logger: silentLogger,
    outside: outside.signal,
  });
  return { ...time, conductor, session, outside, beats: () => conductor.bodies('heartbeat').length };
}

const codeOf = (signal: AbortSignal) => (signal.reason as Stop | undefined)?.code;

test('a heartbeat goes out every 30 s until the session is closed', async () => {
  const { pass, beats, session, waiting } = await set();
  await pass(95_000);
  assert.equal(beats(), 3);
  session.close();
  assert.equal(waiting(), 0);
});

test('a dead fence, an unknown task and a cancel each stop the session', async () => {
  for (const [status, reason] of [
    [409, 'DeadFence'],
    [404, 'TaskMissing'],
  ] as const) {
    const { pass, conductor, session } = await set();
    conductor.refuse = (call) => (call === 'heartbeat' ? { status, reason } : undefined);
    await pass(30_000);
    assert.equal(codeOf(session.signal), 'DeadFence');
  }
  const { pass, conductor, session } = await set();
  conductor.cancel = true;
  await pass(30_000);
  assert.equal(codeOf(session.signal), 'Cancelled');
});

test('a conductor that is away does not stop the session, and heartbeats go on', async () => {
  const { pass, conductor, session, beats } = await set();
  conductor.refuse = () => ({ status: 503, reason: 'Starting' });
  await pass(30_000);
  conductor.refuse = () => undefined;
  const before = beats();
  await pass(30_000);
  assert.equal(session.signal.aborted, false);
  assert.equal(beats(), before + 1);
});

test('tokens are exchanged again before they expire, with the pod token read anew', async () => {
  const { pass, conductor } = await set();
  await pass(600_000);
  assert.ok(conductor.bodies('token').length >= 2);
});

test('the deadline stops the session a little before the conductor counts it', async () => {
  const { pass, session } = await set();
  session.extend(new Date(1_000_000 + 20_000).toISOString());
  assert.equal(session.deadline(), 1_000_000 + 5_000);
  await pass(5_000);
  assert.equal(codeOf(session.signal), 'Deadline');
});

test('a stop from outside reaches whoever listens to the session', async () => {
  const { outside, session } = await set();
  outside.abort(new Stop('Terminated', 'SIGTERM'));
  assert.equal(codeOf(session.signal), 'Terminated');
});
