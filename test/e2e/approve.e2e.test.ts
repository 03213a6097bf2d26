import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ensureBinary } from '../../hack/go/build.mjs';
import { until } from '../kit/cluster-wait.ts';
import { CLI, Command, dataDir, run } from './command.ts';

/** An identity token of the person, as a tool that is not ours gets one from the rig's provider. */
async function tokenOf(issuer: string, code: string): Promise<string> {
  const post = async (path: string, words: Record<string, string>) =>
    fetch(`${issuer}${path}`, { method: 'POST', body: new URLSearchParams(words) });
  const device = (await (await post('/device/code', { client_id: 'sigstore' })).json()) as Record<string, string>;
  await post('/device', { user_code: device.user_code!, sign_in_code: code });
  const grant = 'urn:ietf:params:oauth:grant-type:device_code';
  const answer = await post('/token', { grant_type: grant, device_code: device.device_code! });
  return ((await answer.json()) as { id_token: string }).id_token;
}

test('a newcomer approves for real: with the sign-in code, on a device, and with cosign; an edit takes it back, and only rig:root says who counts', async (t) => {
  const cosign = await ensureBinary('cosign');
  const layout = dataDir(t);
  const at = ['--data-dir', layout.root];
  const rig = new Command([...CLI, 'up', ...at]);
  await rig.says(/stays up/);
  const cli = (...args: string[]) => run([...CLI, ...args, ...at]);
  const kubectl = (...args: string[]) => run([...CLI, 'kubectl', ...at, ...args]);
  const created = await cli('issue', 'create', '--title', 'Keep sessions', '--json');
  const { name, namespace } = JSON.parse(created.out).issue;
  const approve = (...args: string[]) => cli('approve', name, '--scope', 'dispatch', ...args);
  await until('the conductor knows the issue and where it is filed', async () =>
    (await approve('--print-statement')).out.includes('"number"'),
  );

  const asked = await approve('--sign-in', 'local');
  assert.match(asked.err, /Nobody is there to be asked/);
  const local = await approve('--sign-in', 'local', '--yes');
  assert.equal(local.code, 0, local.err);
  assert.match(local.out, /title {3}Keep sessions/);
  assert.match(local.out, /is verified: you@rig\.local approved the dispatch until /);
  const code = readFileSync(join(layout.secrets, 'sign-in-code'), 'utf8');
  assert.ok(!local.out.includes(code) && !local.err.includes(code));

  const device = new Command([...CLI, 'approve', name, '--scope', 'dispatch', '--sign-in', 'device', '--yes', ...at]);
  const invitation = /Open (\S+) on any device, and type the code (\S+)\./;
  await device.says(invitation);
  const [, page = '', user = ''] = invitation.exec(device.err) ?? [];
  const words = new URLSearchParams({ user_code: user, sign_in_code: code });
  assert.equal((await fetch(page, { method: 'POST', body: words })).status, 200);
  await device.says(/is verified: you@rig\.local/);

  const file = (path: string) => join(layout.root, path);
  writeFileSync(file('statement.json'), (await approve('--print-statement')).out);
  const { origin } = new URL(page);
  writeFileSync(file('services.json'), await (await fetch(`${origin}/signing_config.json`)).text());
  writeFileSync(file('root.json'), await (await fetch(`${origin}/trusted_root.json`)).text());
  writeFileSync(file('token'), await tokenOf(origin, code));
  const how = ['--bundle', file('bundle.json'), '--identity-token', file('token'), '--yes'];
  const where = ['--signing-config', file('services.json'), '--trusted-root', file('root.json')];
  await promisify(execFile)(cosign, ['attest-blob', '--statement', file('statement.json'), ...how, ...where]);
  const byCosign = await approve('--bundle', file('bundle.json'));
  assert.match(byCosign.out, /is verified: you@rig\.local/, byCosign.err);

  const events = (await cli('events', name)).out;
  assert.equal(events.match(/APPROVAL_VERIFIED/g)?.length, 3, events);
  await kubectl('patch', 'issue', name, '-n', namespace, '--type=merge', '-p', '{"spec":{"body":"Something else."}}');
  await until(
    'the edit takes all of them back',
    async () => (await cli('events', name)).out.match(/APPROVAL_REVOKED/g)?.length === 3,
  );
  const late = await approve('--bundle', file('bundle.json'));
  assert.match(late.err, /is refused: The issue is not what was signed/);

  const newest = await cli('trust', 'root', 'update');
  assert.match(newest.out, /The trusted root is the newest\. It is good until 20/, newest.err);
  const cut = { ...JSON.parse(readFileSync(file('root.json'), 'utf8')), timestampAuthorities: [] };
  writeFileSync(file('cut.json'), JSON.stringify(cut));
  const replaced = await cli('trust', 'root', 'update', '--file', file('cut.json'), '--yes');
  assert.match(
    replaced.out,
    /- timestamp authority.*is not verified any more.*The trusted root is replaced/s,
    replaced.err,
  );
  assert.match((await cli('trust', 'root', 'update', '--yes')).out, /\+ timestamp authority.*is replaced/s);

  const maps = ['-n', 'rig-verifier', 'configmap', 'rig-humans'];
  const change = [...maps, '--type=merge', '-p', '{"data":{"humans.yaml":"humans: []"}}'];
  const admin = await kubectl('patch', ...change, '--as', 'eve', '--as-group', 'system:masters');
  assert.match(admin.err, /only the group rig:root may change them/);
  const conductor = await kubectl('patch', ...change, '--as', 'system:serviceaccount:rig-system:rig-conductor');
  assert.match(conductor.err, /cannot patch resource "configmaps"/);
});
