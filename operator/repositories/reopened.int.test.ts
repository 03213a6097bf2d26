import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { decideCommand } from '#domain';
import { silentLogger } from '#lib/observe';
import { fileLife } from '../api/conductor.int-kit.ts';
import { IssueController } from '../issues/controller.ts';
import { ISSUES } from '../objects.ts';
import { Deaf } from './resync.int-kit.ts';

let deaf: Deaf;

before(async () => {
  deaf = await Deaf.start();
  const issues = new IssueController(deaf.rig.conductor, silentLogger);
  deaf.onAffected = (issue) => issues.poke(issue);
  deaf.rig.grown.add((subject, growth) => issues.grew(subject, growth));
  await issues.controller.start();
  fileLife.after(() => issues.controller.stop({ graceMs: 100 }));
});

const phase = (wanted: string) => (issue: { status?: { phase?: string } }) => issue.status?.phase === wanted;

test('who may only read closes the own issue and reopens it: it stays cancelled, and held; a maintainer who reopens it has it worked', async () => {
  const { rig } = deaf;
  const number = await deaf.forgeIssue('author', { title: 'Held' });
  await deaf.label('maintainer', number);
  await deaf.sync();
  const { metadata } = await deaf.known(number);
  // What the schema would have set.
  await rig.client.patch(ISSUES, metadata as { namespace: string; name: string }, { spec: { dependsOn: [] } });
  await deaf.shown(number, ({ status }) => status?.phase !== undefined && status.phase !== 'Pending');
  const { rows } = await rig.db.pool.query('SELECT id, namespace, name FROM subjects WHERE number = $1', [number]);
  const by = { id: 1, login: 'maintainer', kind: 'user' } as const;
  await rig.conductor.log.append(rows[0], { actor: { kind: 'person', name: by.login } }, (state) => {
    const decision = decideCommand(state, { command: { do: 'hold', on: true }, by, comment: null });
    return decision.accepted ? decision.events : [];
  });
  await deaf.edit('author', number, { state: 'closed' });
  await deaf.sync();
  await deaf.shown(number, phase('Cancelled'));
  await deaf.edit('author', number, { state: 'open' });
  await deaf.sync();
  const read = async () => (await rig.conductor.mirror.issue(rig.db.pool, await deaf.key(), number))?.facts.state;
  assert.equal(await read(), 'open');
  const types = async () =>
    (await rig.store.read(rows[0].id, { after: 0, on: rig.db.pool })).map(({ type }) => String(type));
  const before = await types();
  assert.equal(before.at(-1), 'ISSUE_CANCELLED');
  // The maintainer's word is the next event: what the author did has added none.
  await deaf.aMinuteLater();
  await deaf.edit('maintainer', number, { state: 'closed' });
  await deaf.edit('maintainer', number, { state: 'open' });
  await deaf.sync();
  await deaf.shown(number, ({ status }) => status?.phase !== 'Cancelled');
  const after = await types();
  assert.deepEqual(after.slice(before.length, before.length + 2), ['COMMAND_ACCEPTED', 'ISSUE_REOPENED']);
  assert.equal((await rig.conductor.log.load(rows[0])).hold, null);
});
