// Starts that cannot be, and starts that are broken off: one sentence, an exit code, and nothing left behind.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { resources } from '#crds';
import { readState } from '#lib/datadir';
import { until } from '../kit/cluster-wait.ts';
import { makeNotes } from '../kit/notes.ts';
import { processesWith, Rig } from '../kit/rig.ts';
import { Hands } from '../kit/rig-hands.ts';

test('a port that is in use: exit 3, one sentence with port and flag, and nothing runs', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  try {
    await using rig = new Rig({ args: ['--port-forge', String(port)] });
    assert.equal(await rig.exitCode(), 3);
    assert.match(rig.said, new RegExp(`^rig: Port ${port}, asked for with --port-forge, is in use .*\\n$`));
    assert.deepEqual(processesWith(rig.layout.root), []);
  } finally {
    server.close();
  }
});

test('a repository that says nowhere how it is tested: exit 2, and what to name or commit', async () => {
  using notes = makeNotes();
  await using rig = new Rig({ args: ['--repo', notes.repository, '--replay', notes.replay] });
  assert.equal(await rig.exitCode(), 2);
  assert.match(rig.said, /^rig: .* says nowhere how it is tested.*--test-command.*\n$/);
});

test('no Go on the machine and nothing built: exit 3, and which Go to install', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'no-go-'));
  try {
    // What a start needs beside Go; the last three for PostgreSQL's account, where it may stop first without them.
    for (const tool of ['git', 'sh', 'ps', 'id', 'useradd', 'setpriv']) {
      const found = whichever(tool);
      if (found !== undefined) symlinkSync(found, join(folder, tool));
    }
    const env = { PATH: `${dirname(process.execPath)}:${folder}`, RIG_CACHE_DIR: join(folder, 'cache') };
    await using rig = new Rig({ env });
    assert.equal(await rig.exitCode(), 3);
    const sentences = rig.said.split('\n').filter((line) => line.startsWith('rig: '));
    assert.equal(sentences.length, 1, rig.said);
    assert.match(sentences[0] ?? '', /Go .*(install|Install)/);
    assert.deepEqual(processesWith(rig.layout.root), []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

// From the first write to the last program: what stands at each of them has its own way to be stopped.
for (const moment of ['marker', 'etcd', 'postgres', 'operator'] as const) {
  test(`Ctrl-C as soon as there is ${moment}: exit 130, and no process is left`, async () => {
    await using rig = new Rig();
    const { layout } = rig;
    const began = () =>
      moment === 'marker' ? existsSync(layout.lock) : readState(layout)?.processes.some(({ name }) => name === moment);
    await until(`${moment} is there`, began, 60_000);
    assert.equal(await rig.interrupt(), 130);
    assert.deepEqual(processesWith(layout.root), []);
  });
}

test('--once with a replay that runs dry: exit 1, WHY names the replay, and the result is one line of JSON', async () => {
  const replay = join(import.meta.dirname, 'testdata', 'dry.replay.yaml');
  await using rig = new Rig({ args: ['--sample', '--once', '--replay', replay] });
  await rig.up();
  // One attempt shows the same end as three with their pauses.
  const hands = new Hands(rig.layout);
  const ref = { namespace: hands.namespace, name: 'dev-e' };
  await hands.client.patch(resources.Agent, ref, { spec: { attempts: 1 } });
  await hands[Symbol.asyncDispose]();
  assert.equal(await rig.exitCode(), 1);
  assert.match(rig.said, /Issue sample is Failed: .*ReplayDry: replay ran dry: no step of .*dry\.replay\.yaml fits/);
  const { issue, pullRequest } = rig.result as { issue: object; pullRequest: unknown };
  assert.deepEqual(issue, { name: 'sample', phase: 'Failed' });
  assert.equal(pullRequest, null);
  assert.deepEqual(processesWith(rig.layout.root), []);
});

function whichever(tool: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(':');
  return folders.map((folder) => join(folder, tool)).find(existsSync);
}
