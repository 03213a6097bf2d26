import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World } from '../testing/world.ts';

let world: World;
before(async () => {
  world = await World.start({ webhookRetrySeconds: [0.05] });
});
after(() => world.close());

const HOOKS = '/repos/acme/widgets/hooks';

async function hookId(): Promise<number> {
  return (await world.rest('boss', `GET ${HOOKS}`)).body[0].id;
}

test('a hook is pinged when created, never shows its secret, and carries GitHub’s headers', async () => {
  const { headers, payload } = await world.listener.next('ping');
  assert.equal(payload.hook.config.secret, '********');
  assert.equal(headers['x-github-hook-id'], String(await hookId()));
  assert.equal(headers['x-github-hook-installation-target-type'], 'repository');
  assert.match(String(headers['user-agent']), /^GitHub-Hookshot\//);
  assert.match(String(headers['x-github-delivery']), /^[0-9a-f-]{36}$/);
});

test('a delivery that failed is sent again under its GUID, and both attempts are listed', async () => {
  const since = world.listener.received.length;
  world.listener.answers.push(500);
  await world.rest('dev', 'POST /repos/acme/widgets/issues', { title: 'Retried' }, 201);
  const { guid } = await world.listener.next('issues', 'opened', since);
  await world.listener.settled();
  const { body } = await world.rest('boss', `GET ${HOOKS}/${await hookId()}/deliveries`);
  const attempts = body.filter((each: { guid: string }) => each.guid === guid);
  assert.deepEqual(
    attempts.map((each: { status_code: number; redelivery: boolean }) => [each.status_code, each.redelivery]),
    [
      [202, true],
      [500, false],
    ],
  );
});

test('a delivery is sent once more on request, by GitHub’s API and by the admin’s', async () => {
  const id = await hookId();
  const { body } = await world.rest('boss', `GET ${HOOKS}/${id}/deliveries`);
  const since = world.listener.received.length;
  await world.rest('boss', `POST ${HOOKS}/${id}/deliveries/${body[0].id}/attempts`, undefined, 202);
  await world.admin('POST', `/deliveries/${body[0].id}/redeliver`);
  await world.listener.settled();
  assert.deepEqual(
    world.listener.received.slice(since).map((each) => each.guid),
    [body[0].guid, body[0].guid],
  );
  const { body: one } = await world.rest('boss', `GET ${HOOKS}/${id}/deliveries/${body[0].id}`);
  assert.equal(one.request.payload.issue.title, 'Retried');
});

test('a hook gets only the events it asked for, and none once it is inactive or deleted', async () => {
  const id = await hookId();
  await world.rest('boss', `PATCH ${HOOKS}/${id}`, { events: ['push'] });
  const since = world.listener.received.length;
  await world.rest('dev', 'POST /repos/acme/widgets/issues', { title: 'Unheard' }, 201);
  await world.branch('heard', 'heard\n');
  await world.listener.settled();
  assert.deepEqual(world.listener.names(since), ['push']);
  await world.rest('boss', `PATCH ${HOOKS}/${id}`, { active: false, add_events: ['issues'] });
  await world.rest('dev', 'POST /repos/acme/widgets/issues', { title: 'Inactive' }, 201);
  await world.rest('boss', `DELETE ${HOOKS}/${id}`, undefined, 204);
  await world.rest('boss', `GET ${HOOKS}/${id}`, undefined, 404);
  await world.rest('boss', `POST ${HOOKS}`, { config: { url: 'file:///etc/passwd' } }, 422);
});
