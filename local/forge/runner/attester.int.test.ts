import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { attestedText } from '#domain';
import { openBundle, readTrust } from '#lib/attest';
import type { RunningTrust } from '../../trust/index.ts';
import { CI_SECRET, started } from '../../trust/trust.int-kit.ts';
import { World } from '../testing/world.ts';

/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9';

/** A forge whose runner signs at these services: heads pass whose file says "fixed". */
async function worldWith(t: TestContext, url: string, command = 'grep -q fixed a.txt'): Promise<World> {
  const world = await World.start({ ci: { command }, ciSigning: { url, secret: CI_SECRET, pausesMs: [1] } });
  t.after(() => world.close());
  return world;
}

/** A pull request of one head, once its tests have ended: what the check run says. */
async function tested(world: World, name: string, content: string) {
  const since = world.listener.received.length;
  const headSHA = await world.branch(name, content);
  await world.pull(name);
  const { payload } = await world.listener.next('check_run', 'completed', since);
  return { headSHA, run: payload.check_run };
}

/** Bundles that are filed about a head. */
async function filed(world: World, headSHA: string): Promise<string[]> {
  const { body } = await world.rest('dev', 'GET /repos/acme/widgets');
  const digest = createHash('sha256')
    .update(attestedText({ repositoryId: body.id, headSHA }))
    .digest('hex');
  const found = await world.rest('dev', `GET /repos/acme/widgets/attestations/sha256:${digest}`);
  return found.body.attestations.map(({ bundle }: { bundle: object }) => JSON.stringify(bundle));
}

const verified = (trust: RunningTrust, bundle: string) => openBundle(bundle, readTrust(JSON.stringify(trust.root)));

test('a head that passed is signed for by the workflow that the admin API names, before anybody hears that it passed', async (t) => {
  const trust = await started(t);
  const world = await worldWith(t, trust.url);
  const { headSHA, run } = await tested(world, 'green', 'fixed\n');
  assert.equal(run.conclusion, 'success');
  const bundles = await filed(world, headSHA);
  assert.equal(bundles.length, 1);
  const { identity, workflow } = verified(trust, bundles[0]!);
  const { attestor, command } = (await world.admin('GET', '/repositories/acme/widgets/ci')).body;
  assert.deepEqual([identity, workflow, command], [attestor, true, 'grep -q fixed a.txt']);
  const subject = `${world.forge.url}/acme/widgets/ci@refs/heads/main`;
  assert.deepEqual(attestor, { issuer: trust.ciIssuer, subject });
  assert.ok(run.output.summary.endsWith(` Signed for by ${subject}.`), run.output.summary);
});

test('a head that failed, and one of no pull request, is signed for by nobody', async (t) => {
  const trust = await started(t);
  const world = await worldWith(t, trust.url);
  const { headSHA, run } = await tested(world, 'red', 'broken\n');
  assert.equal(run.conclusion, 'failure');
  assert.deepEqual(await filed(world, headSHA), []);
  const since = world.listener.received.length;
  const pushed = await world.branch('direct', 'fixed\n');
  await world.git('work', 'push', '-q', world.remote('dev'), 'direct:main');
  const { payload } = await world.listener.next('check_run', 'completed', since);
  assert.deepEqual([payload.check_run.head_sha, payload.check_run.conclusion], [pushed, 'success']);
  assert.deepEqual(await filed(world, pushed), []);
});

test('where nobody signs a head passes all the same and says so, and is signed for when the check is run again', async (t) => {
  const trust = await started(t);
  const away = { on: true };
  const signing = { secret: CI_SECRET, pausesMs: [1] };
  const world = await World.start({
    ci: { command: 'true' },
    ciSigning: {
      ...signing,
      get url() {
        return away.on ? NOWHERE : trust.url;
      },
    },
  });
  t.after(() => world.close());
  const { headSHA, run } = await tested(world, 'unsigned', 'fixed\n');
  assert.equal(run.conclusion, 'success');
  assert.match(run.output.summary, /It could not be signed for: .*\. Run the check again\.$/);
  assert.deepEqual(await filed(world, headSHA), []);
  away.on = false;
  const since = world.listener.received.length;
  await world.rest('dev', `POST /repos/acme/widgets/check-runs/${run.id}/rerequest`, undefined, 201);
  await world.listener.next('check_run', 'completed', since);
  assert.equal((await filed(world, headSHA)).length, 1);
});

test('a secret that the services do not take signs for nothing', async (t) => {
  const trust = await started(t, { ciSecret: 'another secret of the runner' });
  const world = await worldWith(t, trust.url);
  const { headSHA, run } = await tested(world, 'stranger', 'fixed\n');
  assert.match(run.output.summary, /the issuer of identities answered 401/);
  assert.deepEqual(await filed(world, headSHA), []);
});

test('what is tested finds nothing of the secret by which it is signed for in its environment', async (t) => {
  const trust = await started(t);
  const world = await worldWith(t, trust.url, 'env; ls -a; ls -a "$HOME" "$TMPDIR"');
  const { run } = await tested(world, 'curious', 'fixed\n');
  assert.match(run.output.text, /^CI=true$/m);
  assert.ok(!run.output.text.includes(CI_SECRET) && !/RIG_FORGE/.test(run.output.text), run.output.text);
});
