import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { catalogue } from '#domain';
import { transaction } from '#lib/db';
import { EventStore } from '#lib/events';
import { type KubeClient, realClock } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { ISSUES } from '../objects.ts';
import { cause, edit, file, type LogWorld, openLog, queueUp } from '../store/store.int-kit.ts';
import { claimNext } from '../store/take.ts';
import { readArchive } from './archive.ts';
import { exportStreams } from './export.ts';
import { replayArchive } from './replay/archived.ts';
import { replay } from './replay/replay.ts';

const LATER = Date.now() + 3_600_000;
const MESSAGE = 'The Issue object was deleted.';
let dir: string;

before(async (t) => {
  dir = await mkdtemp(join(tmpdir(), 'rig-export-'));
  (t as TestContext).after(() => rm(dir, { recursive: true }));
});

/** Issues that were worked on and cancelled, one that is open, and a last one that holds the newest event. */
async function world(t: TestContext): Promise<LogWorld & { client: KubeClient; path(name: string): string }> {
  const log = await openLog(t);
  const client = new FakeClient(realClock) as unknown as KubeClient;
  for (const name of ['first', 'second', 'open', 'newest']) {
    const subject = await file(log, name);
    await queueUp(log, subject, ['agent']);
    const agent = { name: 'dev-e', uid: 'agent', concurrency: 9 };
    assert.notEqual(await claimNext(log.log, agent, log.leader, cause), 'none');
    if (name === 'open') continue;
    await log.log.append(subject, cause, ({ work, task }) => [
      {
        type: 'TASK_CANCELLED',
        data: {
          task: task.work!.name,
          kind: 'implement',
          fence: work!.fence,
          reason: 'CancelledByPerson',
          message: MESSAGE,
        },
      },
      {
        type: 'ISSUE_UNASSIGNED',
        data: { claim: work!.id, attempt: 1, reason: 'CancelledByPerson', message: MESSAGE },
      },
      { type: 'ISSUE_CANCELLED', data: { reason: 'CancelledByPerson', message: MESSAGE } },
    ]);
  }
  return { ...log, client, path: (name) => join(dir, `${t.name.length}-${name}.jsonl`) };
}

const names = async ({ pool }: LogWorld) =>
  (await pool.query('SELECT DISTINCT name FROM subjects JOIN events ON stream = id ORDER BY name')).rows.map(
    ({ name }) => name,
  );

test('finished streams older than the cut are exported and verified; without the word nothing is deleted', async (t) => {
  const at = await world(t);
  const none = await exportStreams({ ...at, before: Date.now() - 60_000, file: at.path('none'), remove: true });
  assert.deepEqual([none.streams, none.removed], [0, 0]);
  const done = await exportStreams({ ...at, before: LATER, file: at.path('all'), remove: false });
  assert.deepEqual([done.streams, done.removed], [2, 0]);
  const { digest, streams } = await readArchive(at.path('all'));
  assert.equal(digest, done.digest);
  assert.deepEqual(streams.map(({ subject }) => subject.name).sort(), ['first', 'second']);
  assert.deepEqual(await names(at), ['first', 'newest', 'open', 'second']);
  await assert.rejects(exportStreams({ ...at, before: LATER, file: at.path('all'), remove: true }), { code: 'EEXIST' });
});

test('what was exported and deleted is gone with its rows, is replayed from the export, and the rest without a difference', async (t) => {
  const at = await world(t);
  const done = await exportStreams({ ...at, before: LATER, file: at.path('gone'), remove: true });
  assert.equal(done.removed, 2);
  assert.deepEqual(await names(at), ['newest', 'open']);
  const store = new EventStore({ db: at.pool, types: catalogue });
  const options = { pool: at.pool, store, client: at.client, taskDeadlineMs: 1, pause: async () => {} };
  const { differences, streams } = await replay(options);
  assert.deepEqual([differences, streams], [[], 2]);
  assert.deepEqual(await replayArchive(at.pool, at.path('gone')), { streams: 2, events: done.events, differences: [] });
  await at.pool.query("UPDATE archived_streams SET versions = versions + 1 WHERE name = 'first'");
  assert.deepEqual(
    (await replayArchive(at.pool, at.path('gone'))).differences.map(({ field }) => field),
    ['digest'],
  );
});

test('an Issue that is still in the cluster, or has an open write to the forge, keeps its stream', async (t) => {
  const at = await world(t);
  await at.client.create(ISSUES, { metadata: { namespace: 'team', name: 'first' }, spec: {} } as never);
  await at.pool.query(
    `INSERT INTO effects (key, kind, subject, epoch, request, state, created_at)
     SELECT 'k', 'comment', id::text, 1, '{}', 'started', now() FROM subjects WHERE name = 'second'`,
  );
  const done = await exportStreams({ ...at, before: LATER, file: at.path('kept'), remove: true });
  assert.deepEqual([done.streams, done.removed], [0, 0]);
});

test('a stream that grows while it is to be deleted stays whole, with its subject and its rows', async (t) => {
  const at = await world(t);
  const { rows } = await at.pool.query("SELECT id, namespace, name FROM subjects WHERE name = 'first'");
  const before = await at.log.load(rows[0]);
  const [appended, commit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const appending = transaction(at.pool, async (tx) => {
    await tx.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await at.log.appendIn(tx, rows[0], cause, before, [edit(before)]);
    appended.resolve();
    await commit.promise;
  });
  await appended.promise;
  let ended = false;
  const exporting = exportStreams({ ...at, before: LATER, file: at.path('grown'), remove: true });
  exporting.finally(() => {
    ended = true;
  });
  await until('the export is done, or waits for who appends', async () => {
    const waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'events'::regclass";
    return ended || (await at.pool.query(waiting)).rowCount === 1;
  });
  commit.resolve();
  await appending;
  assert.deepEqual([(await exporting).streams, (await exporting).removed], [2, 1]);
  const left = await at.pool.query('SELECT version FROM events WHERE stream = $1 ORDER BY version', [rows[0].id]);
  assert.deepEqual(
    left.rows.map(({ version }) => version),
    Array.from({ length: before.version + 1 }, (_, index) => index + 1),
  );
  const kept =
    'SELECT FROM subjects s JOIN claims c ON c.subject = s.id JOIN tasks t ON t.claim = c.id WHERE s.id = $1';
  assert.equal((await at.pool.query(kept, [rows[0].id])).rowCount, 1);
});

test('an export in which a byte was changed, a line is missing or the end is cut off is refused', async (t) => {
  const at = await world(t);
  await exportStreams({ ...at, before: LATER, file: at.path('good'), remove: false });
  const text = await readFile(at.path('good'), 'utf8');
  const lines = text.trimEnd().split('\n');
  const damaged = [
    text.replace('CancelledByPerson', 'CancelledByNobody'),
    `${lines.filter((_, index) => index !== 2).join('\n')}\n`,
    `${lines.slice(0, -1).join('\n')}\n`,
    `${text}${lines[0]}\n`,
    text.slice(0, -20),
  ];
  for (const [index, bad] of damaged.entries()) {
    await writeFile(at.path(`bad-${index}`), bad);
    await assert.rejects(readArchive(at.path(`bad-${index}`)), /digest does not fit/, String(index));
  }
});
