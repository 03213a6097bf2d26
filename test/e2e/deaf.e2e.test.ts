// Every delivery of a whole life is lost: the issue is merged all the same, by listings alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { resources } from '#crds';
import { until } from '../kit/cluster-wait.ts';
import { makeNotes, type Notes } from '../kit/notes.ts';
import { processesWith, Rig } from '../kit/rig.ts';
import { Hands } from '../kit/rig-hands.ts';
import { OWNER } from '../kit/rig-repository.ts';

let notes: Notes;
let rig: Rig;
let hands: Hands;
/** Name of the Repository, and of the repository at the forge. */
let repository: string;

before(async () => {
  notes = makeNotes();
  const args = ['--repo', notes.repository, '--test-command', 'test -f README.md', '--replay', notes.replay];
  rig = await new Rig({ args, env: { RIG_RESYNC_SECONDS: '1' } }).up();
  hands = new Hands(rig.layout);
  const { items } = await hands.client.list(resources.Repository, { namespace: hands.namespace });
  repository = items[0]!.metadata.name!;
});

after(async () => {
  await hands?.[Symbol.asyncDispose]();
  await rig?.[Symbol.asyncDispose]();
  notes?.[Symbol.dispose]();
  assert.deepEqual(processesWith(rig.layout.root), [], 'the rig left a process behind');
});

const forge = <T>(method: string, path: string, body?: object) =>
  hands.forge<T>(method, `/repos/${OWNER}/${repository}/${path}`, body);

test('a forge issue that a person labels is worked and merged though not one delivery arrives', async () => {
  const { body: hooks } = await forge<{ id: number }[]>('GET', 'hooks');
  for (const { id } of hooks) await forge('DELETE', `hooks/${id}`);
  const before = await deliveries();
  const { body: filed } = await forge<{ number: number }>('POST', 'issues', { title: 'Add a note', body: 'Please.' });
  await forge('POST', `issues/${filed.number}/labels`, { labels: ['rig'] });
  const name = `${repository}-${filed.number}`;
  await until('a listing made the Issue', () => hands.issue(name).catch(() => undefined));
  const { status } = await hands.untilPhase(name, 'Done');
  const { body: pull } = await forge<{ merged: boolean }>('GET', `pulls/${status?.pullRequest?.number}`);
  const { body: closed } = await forge<{ state: string }>('GET', `issues/${filed.number}`);
  assert.deepEqual([pull.merged, closed.state], [true, 'closed']);
  const types = (await hands.log(name)).map(({ type }) => type);
  for (const type of ['ISSUE_APPROVED', 'PR_CREATED', 'CI_PASSED', 'REVIEW_PASSED', 'MERGED', 'ISSUE_DONE'])
    assert.equal(types.filter((one) => one === type).length, 1, `${type} in ${types.join(' ')}`);
  assert.equal(await deliveries(), before, 'no delivery arrived');
});

/** How many deliveries the conductor has stored. */
async function deliveries(): Promise<number> {
  const url = readFileSync(join(rig.layout.identities, 'rig_conductor.url'), 'utf8');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query('SELECT count(*)::int AS count FROM deliveries');
    return rows[0].count;
  } finally {
    await client.end();
  }
}
