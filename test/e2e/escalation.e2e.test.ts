import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiVersion } from '#crds';
import { requireUp } from '#lib/datadir';
import { ExitCode } from '#lib/terminal';
import { Receiver, SECRET } from '../../operator/escalation/receiver.int-kit.ts';
import { CLI, Command, dataDir, run } from './command.ts';

test('an issue that waits for a person is told to a sink, and whoever sees to it is recorded', async (t) => {
  const layout = dataDir(t);
  const receiver = await Receiver.start(t);
  const rig = (...args: string[]) => run([...CLI, ...args, '--data-dir', layout.root]);
  const up = new Command([...CLI, 'up', '--data-dir', layout.root]);
  await up.says(/stays up/);
  const sink = { name: 'ops', kind: 'webhook', url: receiver.url.href, secret: SECRET, network: 'loopback' };
  writeFileSync(join(layout.root, 'sinks.yaml'), JSON.stringify({ sinks: [sink] }), { mode: 0o600 });

  const { tenant } = requireUp(layout);
  const name = 'drop-the-table';
  const manifest = join(layout.root, 'issue.json');
  writeFileSync(
    manifest,
    JSON.stringify({
      apiVersion,
      kind: 'Issue',
      metadata: { name, namespace: tenant.namespace },
      spec: { repositoryRef: { name: tenant.repository }, title: 'Drop <!channel> the table', tier: 'T3' },
    }),
  );
  const applied = await run([...CLI, 'kubectl', '--data-dir', layout.root, 'apply', '-f', manifest]);
  assert.equal(applied.code, ExitCode.Ok, applied.err);
  const [told] = await receiver.holds(1);
  const { type, data } = JSON.parse(told!.body);
  assert.deepEqual(
    [told!.verified, type, data.issue, data.reason],
    [true, 'human_gate.triggered', name, 'IrreversibleTier'],
  );

  assert.match((await rig('why', name)).out, new RegExp(`AwaitingHuman.*\n.*\nNobody sees to it yet: rig ack ${name}`));
  const acked = await rig('ack', name, '--note', 'On it.');
  assert.equal(acked.code, ExitCode.Ok, acked.err);
  const by = /^(?<by>\S+) sees to /.exec(acked.out)?.groups?.by;
  assert.ok(by !== undefined && acked.out.trimEnd().endsWith(': On it.'), acked.out);
  const again = await rig('ack', name);
  assert.deepEqual([again.code, /nothing changed/.test(again.out)], [ExitCode.Ok, true]);
  assert.match((await rig('why', name)).out, new RegExp(`\n${by} sees to it since .*: On it\\.`));
  assert.match((await rig('events', name)).out, new RegExp(`HUMAN_GATE_ACKNOWLEDGED +by ${by}: On it\\.`));
  assert.match((await rig('doctor')).out, new RegExp(`AwaitingHuman: ${by} sees to it: `));

  const unknown = await rig('ack', 'nobody');
  assert.deepEqual([unknown.code, unknown.err.split('\n').length], [ExitCode.NotDone, 2]);
  assert.doesNotMatch(readFileSync(join(layout.logs, 'operator.log'), 'utf8'), /secret-path|whsec_/);
  assert.equal(receiver.received.length, 1);
});
