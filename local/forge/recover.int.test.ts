import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Store } from './store/index.ts';
import { World } from './testing/world.ts';

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

/** Changes the stored facts while the forge is down, as a crash in the middle would have left them. */
async function whileDown(change: (store: Store, bare: string) => Promise<void>): Promise<void> {
  await world.listener.settled();
  await world.forge.close();
  const store = new Store(join(world.dir, 'data'));
  await change(store, join(world.dir, 'data', 'repositories', 'acme', 'widgets.git'));
  store.close();
  await world.open();
}

const bossId = (store: Store) => store.users.first({ loginKey: 'boss' })!.id;

test('a merge cut off after the branch moved is finished at the start, as the merge it was, once', async () => {
  await world.branch('cut', 'cut\n');
  const { body: issue } = await world.rest('boss', 'POST /repos/acme/widgets/issues', { title: 'Close me' }, 201);
  const pull = await world.pull('cut', { body: `Fixes #${issue.number}` });
  const since = world.listener.received.length;
  let sha = '';
  await whileDown(async (store, bare) => {
    const parents = ['-p', pull.base.sha];
    sha = await world.git('work', '-C', bare, 'commit-tree', `${pull.head.sha}^{tree}`, ...parents, '-m', 'squashed');
    store.pulls.update(pull.id, { mergeIntent: { sha, userId: bossId(store) } });
    await world.git('work', '-C', bare, 'update-ref', 'refs/heads/main', sha, pull.base.sha);
  });
  await world.listener.next('issues', 'closed', since);
  const { body } = await world.rest('dev', `GET /repos/acme/widgets/pulls/${pull.number}`);
  assert.deepEqual([body.merged, body.merge_commit_sha, body.merged_by.login], [true, sha, 'boss']);
  await whileDown(async () => {});
  await world.listener.settled();
  const closed = world.listener.names(since).filter((name) => name === 'pull_request.closed');
  assert.equal(closed.length, 1);
});

test('a merge cut off before the branch moved never happened', async () => {
  await world.git('work', 'fetch', '-q');
  await world.git('work', 'checkout', '-q', '-B', 'early', 'origin/main');
  await world.commit('work', 'early.txt', 'early\n', 'early');
  await world.git('work', 'push', '-q', world.remote('dev'), 'early');
  const pull = await world.pull('early');
  await whileDown(async (store) => {
    store.pulls.update(pull.id, { mergeIntent: { sha: 'a'.repeat(40), userId: bossId(store) } });
  });
  const { body } = await world.rest('dev', `GET /repos/acme/widgets/pulls/${pull.number}`);
  assert.deepEqual([body.merged, body.state], [false, 'open']);
  await world.rest('boss', `PUT /repos/acme/widgets/pulls/${pull.number}/merge`, { sha: pull.head.sha });
});

test('refs/pull of a pull request that a crash left behind is there after the start', async () => {
  await world.git('work', 'fetch', '-q');
  await world.git('work', 'checkout', '-q', '-B', 'lost-ref', 'origin/main');
  const sha = await world.commit('work', 'lost.txt', 'lost\n', 'lost');
  await world.git('work', 'push', '-q', world.remote('dev'), 'lost-ref');
  const pull = await world.pull('lost-ref');
  const ref = `refs/pull/${pull.number}/head`;
  await whileDown(async (_, bare) => {
    await world.git('work', '-C', bare, 'update-ref', '-d', ref);
  });
  assert.equal(await world.git('work', 'ls-remote', world.remote('dev'), ref), `${sha}\t${ref}`);
});
