import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../kit/cluster-wait.ts';
import { CLI, Command, dataDir, run } from './command.ts';

test('a rig that worked an issue is replayed without a difference, and a database behind its mark stands still until a person recovers it', async (t) => {
  const layout = dataDir(t);
  const at = ['--data-dir', layout.root];
  const rig = new Command([...CLI, 'up', '--sample', ...at]);
  await rig.says(/export KUBECONFIG/);
  await rig.says(/sample PR_CREATED/);
  await rig.says(/sample ISSUE_DONE/);
  await rig.says(/stays up/);
  const json = async (...args: string[]) => {
    const { code, out, err } = await run([...CLI, ...args, '--json', ...at]);
    return { code, err, body: out === '' ? null : JSON.parse(out) };
  };
  const kubectl = (...args: string[]) => run([...CLI, 'kubectl', ...at, ...args]);

  const replayed = await json('replay');
  assert.deepEqual([replayed.code, replayed.body?.differences], [0, []], replayed.err);
  assert.ok(replayed.body.events > 20);

  const back = await json('events', 'sample', '--back');
  const walked = back.body?.steps.map((step: { event: { version: number; type: string } }) => step.event) ?? [];
  // What the last task's model used, and what the change was, may be told behind the end.
  assert.ok(
    ['ISSUE_DONE', 'TOKENS_USED', 'CHANGE_MEASURED'].includes(walked[0]?.type),
    `${walked[0]?.type} ${back.err}`,
  );
  const versions = walked.map(({ version }: { version: number }) => version);
  assert.deepEqual(
    versions,
    [...versions].sort((a, b) => b - a),
  );
  assert.equal(versions.at(-1), 1);
  const kinds = new Set(
    back.body.steps.flatMap((step: { effects: { kind: string }[] }) => step.effects.map((e) => e.kind)),
  );
  for (const kind of ['issue', 'pull-request', 'merge']) assert.ok(kinds.has(kind), kind);

  assert.deepEqual((await json('doctor')).body, { findings: [] });
  assert.deepEqual((await json('recover')).body, { recovered: false });

  // By the rights that the conductor has in a rig.
  const unwanted = (await json('issue', 'create', '--title', 'Unwanted')).body.issue;
  const told = async (type: string) => (await run([...CLI, 'events', unwanted.name, ...at])).out.includes(type);
  await until('the unwanted issue is in the log', () => told('ISSUE_FILED'));
  const dropped = await kubectl('delete', 'issue', unwanted.name, '-n', unwanted.namespace);
  assert.equal(dropped.code, 0, dropped.err);
  await until('its deletion ends it', () => told('ISSUE_CANCELLED'));

  const mark = ['-n', 'rig-system', 'configmap', 'rig-conductor-mark'];
  const raised = await kubectl('patch', ...mark, '--type=merge', '-p', '{"data":{"fence":"999"}}');
  assert.equal(raised.code, 0, raised.err);
  const ill = await until('the doctor finds it', async () => {
    const { code, body } = await json('doctor');
    return code === 1 && body.findings[0].check === 'mark' ? body.findings[0] : undefined;
  });
  assert.match(ill.why, /last fence is \d+, and 999 was given already/);
  const made = await json('issue', 'create', '--title', 'Later');
  const { name } = made.body.issue;
  await until('the issue says why it stands still', async () => {
    const { out } = await kubectl(
      'get',
      'issue',
      name,
      '-n',
      made.body.issue.namespace,
      '-o',
      'jsonpath={.status.why}',
    );
    return /rig recover/.test(out) || undefined;
  });

  const recovered = await json('recover', '--by', 'ada');
  assert.equal(recovered.body?.recovered, true, recovered.err);
  assert.equal(recovered.body.nextFence, 1000);
  await rig.says(new RegExp(`${name} RECOVERED`));
  // Trust does not outlive a restore, and what says nothing of what it touches is T2: a person says it anew.
  const grant = ['trust', 'grant', 'dev-e', 'unclassified', 'T2', '--sign-in', 'local', '--yes', ...at];
  const trusted = await run([...CLI, ...grant]);
  assert.equal(trusted.code, 0, trusted.err);
  await rig.says(new RegExp(`${name} ISSUE_ASSIGNED`));
  const { out } = await kubectl('get', 'agenttasks', '-A', '-o', 'jsonpath={.items[*].spec.claim.fence}');
  const later = out
    .split(' ')
    .map(Number)
    .filter((fence) => fence >= 1000);
  assert.ok(later.length > 0, out);
});
