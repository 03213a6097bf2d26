import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { decideWish } from '#domain';
import { ForgeError } from '#lib/forge';
import { until } from '../../test/kit/cluster-wait.ts';
import { applyIssue } from '../api/objects.int-kit.ts';
import { spokenIn } from '../intake/command-line.ts';
import { Subjects } from '../issues/subject.ts';
import { wishOf } from '../issues/wish.ts';
import { Deaf } from './resync.int-kit.ts';

const R = '/repos/acme/widgets';
let deaf: Deaf;

before(async () => {
  deaf = await Deaf.start();
});

/** An Issue that stands for a new issue of the forge. */
async function worked(name: string): Promise<number> {
  const { rig } = deaf;
  const number = await deaf.forgeIssue('author', { title: name });
  const issue = await applyIssue(rig, name, { number });
  await until('the cache has it', () => rig.conductor.objects.issues.get(rig.namespace, name));
  const subject = await new Subjects().of(rig.conductor, issue);
  await rig.conductor.log.append(subject, { actor: { kind: 'controller', name: 'test' } }, (state) =>
    decideWish(state, wishOf(issue)),
  );
  return number;
}

const say = async (who: string, number: number, body: string): Promise<number> =>
  (await deaf.rig.world.rest(who, `POST ${R}/issues/${number}/comments`, { body }, 201)).body.id;

/** What was commanded of a number, and by whom. */
async function heard(number: number): Promise<string[]> {
  const { rows } = await deaf.rig.db.pool.query(
    `SELECT data->>'command' AS command, meta->'actor'->>'name' AS who FROM events e JOIN subjects s ON s.id = e.stream
     WHERE s.number = $1 AND type = 'COMMAND_ACCEPTED' ORDER BY version`,
    [number],
  );
  return rows.map(({ command, who }) => `${command} by ${who}`);
}

/** What the conductor has said under a number, once all is sent. */
async function answers(number: number): Promise<string[]> {
  await until('all is answered', async () => {
    const { rowCount } = await deaf.rig.db.pool.query('SELECT FROM answers WHERE ended_at IS NULL');
    return rowCount === 0;
  });
  const { body } = await deaf.rig.world.rest('boss', `GET ${R}/issues/${number}/comments`);
  const bodies = (body as { body: string }[]).map((comment) => comment.body);
  return bodies.filter((text) => text.startsWith('> `/rig'));
}

test('a command whose delivery was lost is taken by the listing, once, and answered once', async () => {
  const number = await worked('lost-command');
  await say('maintainer', number, 'It can wait.\n\n/rig hold');
  await deaf.sync();
  assert.deepEqual(await heard(number), ['hold by maintainer']);
  await say('author', number, 'Why?');
  await deaf.sync();
  assert.deepEqual(await heard(number), ['hold by maintainer']);
  const said = await answers(number);
  assert.equal(said.length, 1);
  assert.match(said[0]!, /It is held/);
  await deaf.sync();
  assert.deepEqual((await answers(number)).length, 1, 'an answer is no command');
});

test('a command that a delivery told is not taken again by the listing', async () => {
  const number = await worked('told-command');
  const id = await say('maintainer', number, '/rig hold');
  await deaf.told(number, `said:${id}`);
  await deaf.sync();
  assert.deepEqual(await heard(number), []);
});

test('what nobody may command is not taken from a listing either: one who may only read, an Agent, and a comment that was edited', async () => {
  const number = await worked('not-commanded');
  await say('author', number, '/rig cancel');
  await say('dev', number, '/rig cancel');
  const id = await say('maintainer', number, 'Something else.');
  // The forge dates to the second: only a later one shows that it was edited.
  await until('the edit has another date', async () => {
    const { body } = await deaf.rig.world.rest('maintainer', `PATCH ${R}/issues/comments/${id}`, {
      body: '/rig cancel',
    });
    return body.updated_at !== body.created_at;
  });
  await deaf.sync();
  assert.deepEqual(await heard(number), []);
  const said = await answers(number);
  assert.equal(said.length, 1);
  assert.match(said[0]!, /author may not write/);
  assert.equal(spokenIn(said[0]!), null);
});

test('a command that cannot be taken now is taken when it can be, and what comes after it is not kept', async (t) => {
  const [first, second] = [await worked('not-now'), await worked('at-once')];
  const bad = await say('maintainer', first, '/rig hold');
  await say('maintainer', second, '/rig hold');
  const take = deaf.commands.take.bind(deaf.commands);
  t.mock.method(deaf.commands, 'take', async (...args: Parameters<typeof take>) => {
    if (args[1].facts.id === bad) throw new ForgeError('Unavailable', 'The forge is down.');
    return take(...args);
  });
  await deaf.sync();
  assert.deepEqual([await heard(first), await heard(second)], [[], ['hold by maintainer']]);
  t.mock.restoreAll();
  await deaf.sync();
  assert.deepEqual([await heard(first), await heard(second)], [['hold by maintainer'], ['hold by maintainer']]);
});
