import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { DomainEvent } from '#domain';
import { readReport } from '#lib/conductor';
import { ensureSubject } from '#lib/events';
import { fileLife, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { READER, testApi } from '../api/task.int-kit.ts';

let rig: TestConductor;
let app: Awaited<ReturnType<typeof testApi>>['app'];

before(async () => {
  rig = await testConductor(fileLife);
  app = (await testApi(rig)).app;
});

const spec = {
  repository: 'widgets',
  number: 1,
  title: 'Mend it',
  body: 'x'.repeat(10_000),
  labels: [],
  source: 'kubectl',
  tier: null,
  taskClass: 'docs',
  priority: 'normal',
  parent: null,
  dependsOn: [],
  taskSpec: null,
  suspend: false,
} as const;
const sha = 'e'.repeat(40);
const deployed = { environment: 'production', revision: sha, deployment: 'deployment 1', url: null };

async function issue(name: string, namespace: string, events: readonly DomainEvent[]): Promise<void> {
  const { subject } = await ensureSubject(rig.db.pool, {
    kind: 'Issue',
    namespace,
    name,
    uid: `uid-${namespace}-${name}`,
  });
  const filed: DomainEvent = { type: 'ISSUE_FILED', data: { uid: 'u', generation: 1, spec } as never };
  const cause = { actor: { kind: 'controller', name: 'test' } } as const;
  await rig.conductor.log.append(subject, cause, (state) => (state.version === 0 ? [filed, ...events] : []));
}

const report = (query: Parameters<typeof readReport>[1] = {}, token = READER) =>
  readReport(
    { url: 'http://conductor', token, namespace: rig.namespace, fetch: (url, init) => app.request(url.href, init) },
    query,
  );

test('the report is computed from the log of one namespace, page by page, and grouped as asked', async () => {
  const merged: DomainEvent = { type: 'MERGED', data: { number: 3, headSHA: sha, mergeSHA: sha, by: null } };
  await issue('one', rig.namespace, [
    merged,
    { type: 'DEPLOYED_PRODUCTION', data: deployed },
    { type: 'ISSUE_DONE', data: { message: 'It is live.' } },
  ]);
  await issue('two', rig.namespace, [merged]);
  await issue('foreign', 'tenant-of-another', [merged]);
  const { all, groups, by, since } = await report({ by: 'class' });
  assert.deepEqual([all.issues, all.done, all.open, by, since], [2, 1, 1, 'class', null]);
  assert.deepEqual([all.filedToMerged?.count, all.filedToLive?.count], [2, 1]);
  assert.deepEqual(
    groups.map(({ key, issues }) => [key, issues]),
    [['docs', 2]],
  );
  assert.equal((await report({ since: new Date(Date.now() + 60_000).toISOString() })).all.issues, 0);
});

test('more issues than one page holds are all in the report', async () => {
  await rig.db.pool.query(
    `INSERT INTO subjects (id, kind, namespace, name, uid)
       SELECT gen_random_uuid(), 'Issue', 'crowded', 'i' || n, 'crowded-' || n FROM generate_series(1, 1203) n`,
  );
  await rig.db.pool.query(
    `INSERT INTO events (stream, version, type, schema, data, meta)
       SELECT id, 1, 'ISSUE_FILED', 1, $1, '{}' FROM subjects WHERE namespace = 'crowded'`,
    [JSON.stringify({ uid: 'u', generation: 1, spec })],
  );
  const options = { url: 'http://conductor', token: READER, namespace: 'crowded' };
  const read = await readReport({ ...options, fetch: (url, init) => app.request(url.href, init) }, { by: 'agent' });
  assert.deepEqual(
    read.groups.map(({ key, issues }) => [key, issues]),
    [['(none)', 1203]],
  );
});

test('a report that nobody can make is refused with a sentence, and one without the token with none of the data', async () => {
  await assert.rejects(report({ by: 'colour' as never }), { reason: 'BadGroup', status: 400 });
  await assert.rejects(report({ since: 'yesterday' }), { reason: 'BadSince', status: 400 });
  await assert.rejects(report({}, 'a-token-of-somebody-else'), { code: 'Unauthenticated' });
});
