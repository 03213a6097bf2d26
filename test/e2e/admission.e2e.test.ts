import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Agent, request } from 'undici';
import { readState } from '#lib/datadir';
import { until } from '../kit/cluster-wait.ts';
import { CLI, Command, dataDir, processesOf, run } from './command.ts';

test('on one machine the API server asks the verifier: in a governed namespace nothing is written that nobody consented to, also without a verifier', async (t) => {
  const layout = dataDir(t);
  const at = ['--data-dir', layout.root];
  const rig = new Command([...CLI, 'up', ...at]);
  await rig.says(/stays up/);
  const kubectl = (...args: string[]) => run([...CLI, 'kubectl', ...at, ...args]);
  const secret = (name: string) =>
    kubectl('create', 'secret', 'generic', name, '--from-literal=a=b', '-n', 'shop', '--dry-run=server');
  await kubectl('create', 'namespace', 'shop');
  assert.equal((await secret('before')).code, 0);
  assert.equal((await kubectl('label', 'namespace', 'shop', 'rig.dashecorp.com/governed=true')).code, 0);
  await until('the verifier is asked', async () =>
    /shop\/db needs the consent of a person/.test((await secret('db')).err),
  );
  const plain = await kubectl('create', 'configmap', 'plain', '-n', 'shop');
  assert.equal(plain.code, 0, plain.err);
  const off = await kubectl('label', 'namespace', 'shop', 'rig.dashecorp.com/governed-');
  assert.match(off.err, /needs the consent of a person|rig:root alone/);

  // A policy engine asks where the API server asks.
  const port = readState(layout)?.ports['verifier-admission'];
  const asked = {
    operation: 'DELETE',
    kind: { group: '', version: 'v1', kind: 'Secret' },
    namespace: 'shop',
    userInfo: {},
  };
  const oldObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'shop' } };
  const ca = readFileSync(join(layout.secrets, 'verifier-authority', 'tls.crt'));
  const dispatcher = new Agent({ connect: { ca } });
  t.after(() => dispatcher.close());
  const { body } = await request(`https://127.0.0.1:${port}/v1/consent`, {
    method: 'POST',
    dispatcher,
    body: JSON.stringify({ ...asked, oldObject }),
  });
  assert.equal(((await body.json()) as { body: { allowed: boolean } }).body.allowed, false);

  const verifier = processesOf(layout).find(({ command }) => /verifier\/main\.ts$/.test(command))!;
  process.kill(verifier.pid, 'SIGSTOP');
  assert.match((await secret('db')).err, /failed calling webhook "listed\.consent\.rig\.dashecorp\.com"/);
  assert.equal((await kubectl('create', 'configmap', 'elsewhere', '-n', 'default')).code, 0);
  process.kill(verifier.pid, 'SIGCONT');
  await until('it is asked again', async () => /shop\/db needs the consent of a person/.test((await secret('db')).err));
});
