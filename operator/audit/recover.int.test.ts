import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { decideWish } from '#domain';
import { Effects, ensureSubject } from '#lib/events';
import type { PullRequestFacts } from '#lib/forge';
import { type KubeClient, type KubeObject, realClock } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import type { Forges } from '../forges/forges.ts';
import { wishOf } from '../issues/wish.ts';
import { Mirror } from '../mirror/mirror.ts';
import { ISSUES, REPOSITORIES } from '../objects.ts';
import type { IssueLog } from '../store/log.ts';
import { cause, edit, openLog } from '../store/store.int-kit.ts';
import { doubtOf } from './doubt.ts';
import { readPosition } from './position.ts';
import { MarkRecord } from './record.ts';
import { type Recovered, recover } from './recover.ts';

const HOUR = 3_600_000;
const namespace = 'team';
const apiVersion = 'rig.dashecorp.com/v1alpha1';

/** Pull request of the first attempt of an issue, changed so long ago. */
function pull(number: number, issue: string, ago: number): PullRequestFacts {
  const head = { sha: `${number}`.repeat(40).slice(0, 40), ref: `rig/${issue}/1`, repositoryId: 5 };
  const updatedAt = new Date(Date.now() - ago).toISOString();
  const base = { sha: 'b'.repeat(40), ref: 'main', repositoryId: 5 };
  return { number, url: `https://forge.test/${number}`, state: 'open', head, base, updatedAt } as PullRequestFacts;
}

/**
 * A database as the backup of six hours ago has it, with a `one` and a `two`; a mark of a minute ago that is ahead of it; and a forge on which
 * both got a pull request two hours ago.
 */
async function restored(t: TestContext) {
  const { pool, log, another } = await openLog(t);
  const client = new FakeClient(realClock) as unknown as KubeClient;
  const record = new MarkRecord(client, 'rig-system');
  await client.create(REPOSITORIES, {
    apiVersion,
    kind: 'Repository',
    metadata: { name: 'widgets', namespace },
    spec: { owner: 'acme', name: 'widgets', apiURL: 'https://forge.test/api' },
  } as never);
  const repository = await client.get(REPOSITORIES, { namespace, name: 'widgets' });
  await client.applyStatus(REPOSITORIES, { ...repository, status: { forge: { repositoryID: 5 } } } as never);
  const subjects = new Map<string, string>();
  for (const name of ['one', 'two']) {
    const issue = await client.create(ISSUES, {
      apiVersion,
      kind: 'Issue',
      metadata: { name, namespace },
      spec: { repositoryRef: { name: 'widgets' }, title: name, labels: [], dependsOn: [] },
    } as unknown as KubeObject as never);
    const { subject } = await ensureSubject(pool, { kind: 'Issue', namespace, name, uid: issue.metadata.uid! });
    await log.append(subject, cause, (state) => decideWish(state, wishOf(issue as never)));
    subjects.set(name, subject.id);
  }
  await pool.query("UPDATE events SET at = at - interval '6 hours'");
  const position = { ...(await readPosition(pool)), fence: 1_000 };
  const writtenAt = Date.now() - 60_000;
  await record.update(() => ({ position, writtenAt, behind: null, recoveries: 0 }));
  const shown = [pull(1, 'one', 2 * HOUR), pull(2, 'two', 2 * HOUR)];
  const unread = new Set<number>();
  const today = { owner: 'acme', name: 'widgets' };
  const requireName = (name: object) => assert.deepEqual(name, today, 'nothing of that name is at the forge');
  const forge = {
    repositoryById: async (id: number) => ({ id, ...today }),
    listPullRequests: async (name: object, { since }: { since?: string }) => {
      requireName(name);
      const items = shown.filter(({ updatedAt }) => since === undefined || updatedAt >= since);
      return { notModified: false, complete: true, items };
    },
    pullRequest: async (name: object, number: number) => {
      requireName(name);
      if (unread.has(number)) throw new Error('The forge answered 502.');
      return shown.find((one) => one.number === number);
    },
  };
  const forges = { forRepository: async () => ({ forge }) } as unknown as Forges;
  const mirror = new Mirror();
  /** An Issue that stands for a number of the forge, made now. */
  const numbered = (name: string, number: number) =>
    client.create(ISSUES, {
      apiVersion,
      kind: 'Issue',
      metadata: { name, namespace },
      spec: { repositoryRef: { name: 'widgets' }, title: name, number, labels: [], dependsOn: [] },
    } as unknown as KubeObject as never);
  const go = (over: { record?: MarkRecord; log?: IssueLog } = {}): Promise<Recovered | null> =>
    recover({ pool, client, record, log, forges, mirror, by: 'ada', now: Date.now, ...over });
  const stateOf = (name: string) => log.load({ id: subjects.get(name)! });
  return { pool, log, another, record, unread, today, subjects, numbered, go, stateOf };
}

/** The record of the mark, whose last write never arrives. */
function dying(record: MarkRecord): MarkRecord {
  let writes = 0;
  return {
    read: () => record.read(),
    update: (change: Parameters<MarkRecord['update']>[0]) => {
      writes += 1;
      if (writes === 2) throw new Error('The API server is away.');
      return record.update(change);
    },
  } as MarkRecord;
}

const ago = (since: string): number => Math.round((Date.now() - Date.parse(since)) / 60_000);

test('a recovery that died after it had told the issues looks, run again, for the same lost time', async (t) => {
  const { go, another, record, unread, subjects, pool, stateOf } = await restored(t);
  await assert.rejects(go({ record: dying(record) }), /API server is away/);
  // As if it had died before it came to this one.
  await pool.query("DELETE FROM events WHERE stream = $1 AND type = 'RECOVERED'", [subjects.get('two')]);
  unread.add(1);
  const recovered = await go({ log: another() });
  assert.equal(ago(recovered!.lostSince), 370);
  // What the first run read is not of the backup, and stays; its issue asks nobody.
  assert.deepEqual(recovered!.asked, []);
  const { rows: pulls } = await pool.query('SELECT number FROM forge_pulls WHERE live IS NOT NULL ORDER BY number');
  assert.deepEqual(pulls, [{ number: 1 }, { number: 2 }]);
  assert.equal((await stateOf('one')).pullRequest?.number, 1);
  const { rows } = await pool.query("SELECT data FROM events WHERE stream = $1 AND type = 'RECOVERED'", [
    subjects.get('two'),
  ]);
  assert.deepEqual([rows.length, rows[0].data.pullRequest.number, ago(rows[0].data.lostSince)], [1, 2, 370]);
  assert.equal(await go(), null);
});

test('what the old database was given before anybody looked at it does not end the lost time', async (t) => {
  const { go, log, subjects, stateOf } = await restored(t);
  const subject = { id: subjects.get('one')!, namespace, name: 'one' };
  await log.append(subject, cause, (state) => [edit(state)]);
  assert.equal(ago((await go())!.lostSince), 370);
  assert.equal((await stateOf('one')).pullRequest?.number, 1);
});

test('a pull request that the forge does not show leaves its issue to a person, and the others are told', async (t) => {
  const { go, unread, stateOf } = await restored(t);
  unread.add(1);
  const recovered = await go();
  assert.deepEqual(recovered!.asked, ['team/one']);
  assert.deepEqual([...recovered!.issues].sort(), ['team/one', 'team/two']);
  assert.equal((await stateOf('one')).awaiting?.reason, 'DatabaseRestored');
  assert.equal((await stateOf('two')).awaiting, null);
});

test('a repository that was renamed in the lost time is read under the name it has now', async (t) => {
  const { go, today, stateOf } = await restored(t);
  today.name = 'gadgets';
  assert.deepEqual((await go())!.asked, []);
  assert.equal((await stateOf('one')).pullRequest?.number, 1);
});

test('an effect that the backup holds as planned is looked for before it is performed', async (t) => {
  const { go, pool, log, subjects } = await restored(t);
  const subject = subjects.get('one')!;
  await pool.query(
    `INSERT INTO effects (key, kind, subject, epoch, request, state, created_at)
     VALUES ('comment/1', 'comment', $1, 1, '{}', 'planned', now() - interval '7 hours')`,
    [subject],
  );
  const { epoch } = (await go())!;
  const effects = new Effects({ db: pool, doubtSince: doubtOf(log) });
  const [looked, performed]: [Date[], number[]] = [[], []];
  const outcome = await effects.run(
    { key: 'comment/1', kind: 'comment', subject, epoch, request: {} },
    {
      find: async (_request, { createdAt }) => {
        looked.push(createdAt);
        return 'found';
      },
      perform: async () => String(performed.push(1)),
    },
  );
  assert.deepEqual([outcome, performed], ['found', []]);
  assert.equal(ago(looked[0]!.toISOString()), 420);
});

test('an Issue that was made again in the lost time is told of the recovery in the log that it had, and a twin of its number not at all', async (t) => {
  const { go, pool, log, numbered } = await restored(t);
  const place = { kind: 'Issue', namespace, name: 'seven', forge: { host: 'forge.test', repoId: 5, number: 7 } };
  const { subject } = await ensureSubject(pool, { ...place, uid: 'of-the-backup' });
  const seven = await numbered('seven', 7);
  await log.append(subject, cause, (state) => decideWish(state, wishOf(seven as never)));
  await numbered('twin', 7);
  const { issues } = (await go())!;
  assert.deepEqual([...issues].sort(), ['team/one', 'team/seven', 'team/two']);
  assert.equal((await log.load(subject)).recovered?.id, 'recovery-1');
  const again = await ensureSubject(pool, { ...place, uid: seven.metadata.uid! });
  assert.deepEqual([again.subject.id, again.minted], [subject.id, false]);
});

test('an Issue of which two logs are known is left as it is, and hinders no recovery', async (t) => {
  const { go, pool, numbered } = await restored(t);
  const place = { kind: 'Issue', namespace, name: 'seven', forge: { host: 'forge.test', repoId: 5, number: 7 } };
  await ensureSubject(pool, { ...place, uid: 'of-the-backup' });
  const { uid } = (await numbered('seven', 7)).metadata;
  await ensureSubject(pool, { kind: 'Issue', namespace, name: 'seven', uid: uid! });
  assert.deepEqual([...(await go())!.issues].sort(), ['team/one', 'team/two']);
});
