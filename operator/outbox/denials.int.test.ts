import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DomainEvent } from '#domain';
import { migrate } from '#lib/db';
import { silentLogger } from '#lib/observe';
import { cause, eventsOf, file, finished, openLog, queueUp } from '../store/store.int-kit.ts';
import { claimNext } from '../store/take.ts';
import { Outbox } from './outbox.ts';
import { tellDenied } from './tell.ts';

const agent = { name: 'dev-e', uid: 'dev-e', concurrency: 9 };

async function open(t: TestContext) {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const directory = (program: string) => join(import.meta.dirname, '../..', program, 'migrations');
  const install = (program: string) =>
    migrate(world.pool, { schema: program, component: program, directory: directory(program) });
  await install('proxy');
  const subject = await file(world, 'one');
  await queueUp(world, subject, [agent.uid]);
  await claimNext(world.log, agent, world.leader, cause);
  const began = Date.now();
  const refuse = (change: { host?: string; port?: number | null; count?: number; task?: string } = {}) => {
    const { host = 'evil.example', port = 443, count = 1, task = 'one-implement-1-1' } = change;
    const payload = { namespace: 'team', task, host, port, reason: 'HostNotListed', count };
    return world.pool.query(`INSERT INTO egress.outbox (id, kind, payload) VALUES ($1, 'EGRESS_DENIED', $2)`, [
      randomUUID(),
      JSON.stringify(payload),
    ]);
  };
  const recorded: DomainEvent[] = [];
  const drain = (seconds: number, log = world.log) =>
    new Outbox(
      log,
      silentLogger,
      () => began + seconds * 1_000,
      (_subject, event) => recorded.push(event),
    ).drain();
  const denied = async () =>
    (await eventsOf(world.pool, subject.id)).flatMap((event) => (event.type === 'EGRESS_DENIED' ? [event.data] : []));
  return { world, subject, install, refuse, drain, denied, recorded };
}

test('a rig without an egress schema drains the other outboxes in peace', async (t) => {
  const { drain, denied } = await open(t);
  await drain(0);
  assert.deepEqual(await denied(), []);
});

test('a refused host is told at once, then once a minute with its count, each host apart', async (t) => {
  const { install, refuse, drain, denied, recorded } = await open(t);
  await install('egress');
  await refuse();
  await drain(0);
  const [first] = await denied();
  assert.deepEqual(
    { ...first, fence: '' },
    {
      task: 'one-implement-1-1',
      kind: 'implement',
      fence: '',
      host: 'evil.example',
      port: 443,
      reason: 'HostNotListed',
      count: 1,
    },
  );
  await refuse({ count: 40 });
  await refuse({ count: 2, port: 22 });
  await refuse({ host: 'other.example' });
  await drain(59);
  assert.deepEqual(
    (await denied()).map(({ host }) => host),
    ['evil.example', 'other.example'],
  );
  await drain(61);
  await drain(61);
  const last = (await denied()).at(-1);
  assert.deepEqual([last?.host, last?.port, last?.count], ['evil.example', null, 42]);
  assert.equal((await denied()).length, 3);
  assert.equal(recorded.length, 3);
});

test('at the end of a task what it was refused last is told at once', async (t) => {
  const { world, subject, install, refuse, drain, denied } = await open(t);
  await install('egress');
  await refuse();
  await drain(0);
  await refuse({ count: 7 });
  await world.log.append(subject, cause, (state) => [finished(state.task.work!)]);
  await drain(1);
  assert.deepEqual(
    (await denied()).map(({ count }) => count),
    [1, 7],
  );
});

test('two leaders at once tell each refusal exactly once, and one of a task that is not there is given up after an hour', async (t) => {
  const { world, install, refuse, drain, denied } = await open(t);
  await install('egress');
  await refuse({ task: 'nobody' });
  for (let host = 0; host < 8; host += 1) await refuse({ host: `h${host}.example` });
  await Promise.all([drain(0), drain(0, world.another()), drain(0)]);
  assert.equal(
    (await denied()).reduce((sum, { count }) => sum + count, 0),
    8,
  );
  const left = async () => (await world.pool.query('SELECT FROM egress.outbox WHERE taken_at IS NULL')).rowCount;
  await drain(3_500);
  assert.equal(await left(), 1);
  await drain(3_700);
  assert.equal(await left(), 0);
  assert.equal((await denied()).length, 8);
});

test('kubectl describe shows refused hosts on the AgentTask, each in the same words, and on the Issue that there were any', () => {
  const told: string[] = [];
  const conductor = {
    objects: {
      issues: { get: (_namespace: string, name: string) => ({ name }) },
      tasks: { get: (_namespace: string, name: string) => ({ name }) },
    },
    recorder: {
      record: (object: { name: string }, { type, reason, message }: Record<string, string>) =>
        told.push(`${object.name} ${type} ${reason}: ${message}`),
    },
  } as never;
  const subject = { id: 's', namespace: 'team', name: 'one' };
  const refused = (host: string, port: number | null, reason: string, count = 1) =>
    tellDenied(conductor, subject, {
      type: 'EGRESS_DENIED',
      data: { task: 'one-implement-1-1', kind: 'implement', fence: '1.1', host, port, count, reason },
    });
  refused('evil.example', 443, 'HostNotListed');
  refused('evil.example', 443, 'HostNotListed', 40);
  refused('inner.example', null, 'AddressRefused');
  refused('*', null, 'HostNotListed', 900);
  tellDenied(conductor, subject, { type: 'ISSUE_DONE', data: { message: 'Done.' } });
  const unlisted = 'The host is not in spec.egress of the Repository.';
  const inside = 'The host resolves to an address inside the network, which no task may reach.';
  const issue = (reason: string, why: string) =>
    `one Warning ${reason}: Connections of task one-implement-1-1 were refused: ${why} kubectl describe agenttask one-implement-1-1 names the hosts.`;
  const task = (reason: string, text: string) => `one-implement-1-1 Warning ${reason}: ${text}`;
  assert.deepEqual(told, [
    task('HostNotListed', `evil.example:443 refused: ${unlisted}`),
    issue('HostNotListed', unlisted),
    task('HostNotListed', `evil.example:443 refused: ${unlisted}`),
    issue('HostNotListed', unlisted),
    task('AddressRefused', `inner.example refused: ${inside}`),
    issue('AddressRefused', inside),
    task('HostNotListed', `Further hosts refused: ${unlisted}`),
    issue('HostNotListed', unlisted),
  ]);
});
