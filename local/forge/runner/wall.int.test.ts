import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { started } from '../../trust/trust.int-kit.ts';
import { World } from '../testing/world.ts';
import type { Isolation } from './runner.ts';
import { marked, probed, skip, wallWith } from './wall.int-kit.ts';

const mayNestUsers = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'true']).status === 0;

/** The ways of isolating that this user has. */
const WAYS = [
  ...(probed.userNamespace ? [] : [{ who: 'a user of its own', userNamespace: false }]),
  ...(mayNestUsers ? [{ who: 'a namespace of users', userNamespace: true }] : []),
];

/** A forge whose data directory lies in a directory that its tests may read, and is hidden there. */
async function worldBehind(t: TestContext, isolation: Isolation | undefined, ci: object): Promise<World> {
  const env = { ...(ci as { env?: object }).env };
  const world = await World.start({ ciIsolation: isolation, ci: { path: [dirname(process.execPath)], ...ci, env } });
  t.after(() => world.close());
  if (typeof isolation === 'object' && 'program' in isolation) {
    isolation.readable.push(world.dir);
    isolation.hidden.push(join(world.dir, 'data'));
  }
  chmodSync(world.dir, 0o755);
  return world;
}

/** What is pushed: it tries what nobody who writes tests may do, and says of each attempt whether it got through. */
const ATTACK = `
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const at = JSON.parse(process.env.TARGETS);
const attempts = {
  'read a secret of the data directory': () => fs.readFileSync(at.secret),
  "read the forge's store": () => fs.readFileSync(at.store),
  'write into the data directory': () => fs.writeFileSync(at.planted, 'x'),
  "read the person's home": () => fs.readdirSync(at.home),
  'read what another run tests': () => fs.readFileSync(at.otherRun),
  'signal a process of the rig': () => process.kill(at.pid, 0),
  'read the environment of a process of the rig': () => fs.readFileSync('/proc/' + at.pid + '/environ'),
  'reach the services that sign': () => connected(at.port),
};
const connected = (port) => new Promise((resolve, reject) => {
  const socket = net.connect(port, '127.0.0.1', () => resolve(socket.destroy())).on('error', reject);
});
(async () => {
  const got = [];
  for (const [name, attempt] of Object.entries(attempts)) {
    try { await attempt(); got.push(name); } catch {}
  }
  // In a session of its own, which no signal to a group reaches.
  spawn('/bin/sh', ['-c', 'while :; do sleep 0.1; done', at.mark], { detached: true, stdio: 'ignore' }).unref();
  console.log('through: ' + JSON.stringify(got));
  // What tests do has to work all the same.
  fs.readFileSync(at.seen);
  for (const dir of ['.', process.env.HOME, process.env.TMPDIR]) fs.writeFileSync(dir + '/made', 'x');
  const server = net.createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  await connected(server.address().port);
  console.log('worked as ' + require('node:child_process').execFileSync('git', ['log', '--format=%s', '-1']));
  process.exit(0);
})();
`;

/** Lays out what is attempted, pushes the attempts and returns what came of them. */
async function attacked(t: TestContext, isolation: Isolation, who: string) {
  const trust = await started(t);
  const mark = `rig-outlives-${process.pid}-${Date.now()}`;
  t.after(() => marked(mark).forEach((pid) => void process.kill(pid, 'SIGKILL')));
  const world = await worldBehind(t, isolation, { command: 'node a.txt' });
  const data = join(world.dir, 'data');
  const other = join(data, 'ci', 'another-run', 'work');
  mkdirSync(other, { recursive: true });
  const [seen, secret, otherRun] = [join(world.dir, 'seen'), join(data, 'sign-in-code'), join(other, 'file')];
  for (const file of [seen, secret, otherRun]) writeFileSync(file, 'anybody could read it', { mode: 0o644 });
  // What keeps them from being read must not be who owns them.
  for (const dir of [data, join(data, 'ci')]) chmodSync(dir, 0o755);
  const planted = join(data, 'planted');
  const targets = { seen, secret, otherRun, planted, store: join(data, 'forge.db'), home: homedir(), pid: process.pid };
  const TARGETS = JSON.stringify({ ...targets, port: Number(new URL(trust.url).port), mark });
  const ci = { command: 'node a.txt', path: [dirname(process.execPath)], env: { TARGETS } };
  await world.admin('PUT', '/repositories/acme/widgets/ci', ci);
  await world.branch('attack', ATTACK, `by ${who}`);
  await world.pull('attack');
  const { payload } = await world.listener.next('check_run', 'completed');
  const { conclusion, output } = payload.check_run;
  const through = JSON.parse(/^through: (.*)$/m.exec(output.text)?.[1] ?? 'null');
  const left = readdirSync(join(data, 'ci')).filter((name) => name !== 'another-run');
  return { conclusion, text: output.text, through, outlived: marked(mark).length, planted: existsSync(planted), left };
}

for (const { who, userNamespace } of WAYS) {
  test(`what is pushed gets at nothing of the rig or the person when it is tested behind ${who}, leaves nothing, and can test all the same`, {
    skip,
  }, async (t) => {
    const { text, ...came } = await attacked(t, wallWith(userNamespace), who);
    assert.deepEqual(came, { conclusion: 'success', through: [], outlived: 0, planted: false, left: [] }, text);
    assert.match(text, new RegExp(`^worked as by ${who}$`, 'm'));
  });
}

test('without a wall each of the same attempts gets through, which a machine that has none is told of', async (t) => {
  const { through, outlived, planted } = await attacked(t, 'none', 'the person');
  assert.deepEqual([through.length, outlived, planted], [8, 1, true], JSON.stringify(through));
});

test('behind the wall a command that fails says that it had no network, and one over its time limit is stopped whole', {
  skip,
}, async (t) => {
  const world = await worldBehind(t, wallWith(probed.userNamespace), { command: 'echo out; echo err >&2; exit 3' });
  await world.branch('red', 'red\n');
  await world.pull('red');
  const failed = (await world.listener.next('check_run', 'completed')).payload.check_run;
  assert.match(failed.output.summary, /ended with exit code 3 after .* s\. It had no network but loopback\.$/);
  assert.equal(failed.output.text, 'out\nerr\n');
  const mark = `rig-slow-${process.pid}-${Date.now()}`;
  const ci = { command: `setsid sh -c 'while :; do sleep 0.1; done' ${mark} & wait`, timeoutSeconds: 1 };
  await world.admin('PUT', '/repositories/acme/widgets/ci', ci);
  const since = world.listener.received.length;
  await world.branch('slow', 'slow\n');
  await world.pull('slow');
  const slow = (await world.listener.next('check_run', 'completed', since)).payload.check_run;
  assert.deepEqual([slow.conclusion, marked(mark)], ['timed_out', []]);
});

const REFUSALS: { what: string; isolation: Isolation | undefined; says: RegExp }[] = [
  { what: 'a machine has no wall', isolation: { refused: 'No walls here.' }, says: /^No walls here\.$/ },
  { what: 'nobody spoke of a wall', isolation: undefined, says: /without a wall .*, and not told to do without/ },
  {
    what: 'the wall is gone',
    isolation: { ...wallWith(true), program: '/nowhere/wall' },
    says: /`touch .* was not run\. It could not be started: .*ENOENT/,
  },
  {
    what: 'the wall does not hold',
    isolation: { ...wallWith(true), hidden: ['data'] },
    says: /was not run\. wall: readable and hidden must be absolute/,
  },
];

for (const { what, isolation, says } of REFUSALS) {
  test(`where ${what} nothing that was pushed is run, and its check fails and says so`, async (t) => {
    const world = await worldBehind(t, isolation, { command: 'true' });
    const ran = join(world.dir, 'ran');
    await world.admin('PUT', '/repositories/acme/widgets/ci', { command: `touch ${ran}` });
    await world.branch('refused', 'refused\n');
    await world.pull('refused');
    const { conclusion, output } = (await world.listener.next('check_run', 'completed')).payload.check_run;
    assert.deepEqual([conclusion, output.title, existsSync(ran)], ['failure', 'Tests were not run', false]);
    assert.match(output.summary, says);
  });
}
