import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CLI, Command, dataDir, processesOf, run, START } from './command.ts';

interface Result {
  readonly issue: { name: string; phase: string };
  readonly pullRequest: { number: number; url: string; mergeSHA: string };
  readonly reviewRounds: number;
  readonly events: number;
  readonly seconds: { setup: number; up: number; filedToJob: number | null; filedToMerged: number };
}

test('npm start -- --once --json works the sample to its merge, says so in one line, and leaves nothing running', async (t) => {
  const layout = dataDir(t);
  const args = [...START, '--once', '--json', '--data-dir', layout.root];
  const first = await run(args);
  assert.equal(first.code, 0, first.err);
  const result = JSON.parse(first.out) as Result;
  assert.deepEqual(Object.keys(result), ['issue', 'pullRequest', 'reviewRounds', 'events', 'seconds']);
  assert.deepEqual(result.issue, { name: 'sample', phase: 'Done' });
  assert.match(result.pullRequest.mergeSHA, /^[0-9a-f]{40}$/);
  assert.equal(result.reviewRounds, 2);
  assert.ok(result.events > 20, `${result.events} events`);
  assert.deepEqual(Object.keys(result.seconds), ['setup', 'up', 'filedToJob', 'filedToMerged']);
  assert.ok(result.seconds.filedToJob !== null && result.seconds.filedToMerged > 0);
  for (const type of ['ISSUE_FILED', 'PR_CREATED', 'REVIEW_DISPUTED', 'REVIEW_PASSED', 'MERGED', 'ISSUE_DONE'])
    assert.match(first.err, new RegExp(` ${type} `));
  assert.match(first.err, /rig trust grant dev-e bugfix T1\n.* TRUST_GRANTED /s);
  assert.match(first.err, /agents’ commands are isolated/);
  assert.deepEqual(processesOf(layout), []);

  const again = await run(args);
  assert.equal(again.code, 0, again.err);
  const { pullRequest, events } = JSON.parse(again.out) as Result;
  assert.deepEqual(pullRequest, result.pullRequest);
  // What the last task's model used, and what the change was, may be told behind the end; else nothing is done twice.
  assert.ok(events >= result.events && events <= result.events + 2, `${events} events, ${result.events} before`);
});

test('a rig that stays up is looked at with status, events and kubectl, takes another issue, shows what T3 is, and goes down when asked', async (t) => {
  const layout = dataDir(t);
  const at = ['--data-dir', layout.root];
  const rig = new Command([...CLI, 'up', ...at]);
  await rig.says(/stays up/);

  const status = JSON.parse((await run([...CLI, 'status', '--json', ...at])).out);
  assert.equal(status.up, true);
  const names = status.components.map(({ name }: { name: string }) => name);
  for (const name of [
    'supervisor',
    'postgres',
    'kube-apiserver',
    'forge',
    'replay',
    'proxy',
    'egress',
    'verifier',
    'operator',
    'kubelet',
  ])
    assert.ok(names.includes(name), `${name} is shown`);

  const kubectl = await run([...CLI, 'kubectl', ...at, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}']);
  assert.equal(kubectl.out, 'you', kubectl.err);
  assert.equal(statSync(layout.kubeconfig).mode & 0o777, 0o600);
  const conductor = join(layout.identities, 'rig-conductor.kubeconfig');
  const secrets = await run([...CLI, 'kubectl', ...at, '--kubeconfig', conductor, 'get', 'secrets', '-A']);
  assert.match(secrets.err, /forbidden/i);

  const made = await run([
    ...CLI,
    'issue',
    'create',
    ...at,
    '--json',
    '--title',
    'Something else',
    '--priority',
    'high',
  ]);
  const { name } = JSON.parse(made.out).issue;
  await rig.says(new RegExp(`${name} ISSUE_FILED`));
  const events = await run([...CLI, 'events', name, '--json', ...at]);
  assert.equal(JSON.parse(events.out.split('\n')[0] ?? '').type, 'ISSUE_FILED');

  const demo = await run([...CLI, 'demo', 't3', '--yes', '--json', ...at]);
  assert.equal(demo.code, 0, demo.err);
  for (const said of [/Layer 1, dispatch/, /Layer 2, review/, /rig\/approval says action_required/, /Repository rule/])
    assert.match(demo.err, said);
  const shown = JSON.parse(demo.out);
  const log = (await run([...CLI, 'events', shown.issue, '--json', ...at])).out.trim().split('\n');
  const told = log.map((line) => JSON.parse(line)).filter(({ type }) => ['APPROVAL_USED', 'MERGED'].includes(type));
  assert.deepEqual(
    told.map(({ type, data }) => [type, data.approval ?? data.mergeSHA]),
    [
      ['APPROVAL_USED', shown.approval],
      ['MERGED', shown.mergeSHA],
    ],
  );

  const down = await run([...CLI, 'down', '--json', ...at]);
  assert.deepEqual([down.code, JSON.parse(down.out)], [0, { stopped: true }]);
  assert.equal((await rig.ended).code, 0);
  assert.deepEqual(processesOf(layout), []);
});
