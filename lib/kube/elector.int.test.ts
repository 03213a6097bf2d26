import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { testCluster, testNamespace } from '../../test/kit/cluster.ts';

interface Replica {
  process: ChildProcess;
  /** What it has said, with the time it was heard. */
  said: { line: string; at: number }[];
  heard(pattern: RegExp): Promise<{ line: string; at: number }>;
}

/** A process of its own that campaigns for a Lease and prints what happens to it. */
async function startReplica(t: TestContext, namespace: string, identity: string): Promise<Replica> {
  const { kubeconfigPath } = await testCluster();
  const program = fileURLToPath(new URL('./elector.int-main.ts', import.meta.url));
  const child = spawn(process.execPath, [program, namespace, identity], {
    env: { ...process.env, KUBECONFIG: kubeconfigPath },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const said: Replica['said'] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push({ line, at: performance.now() });
    for (const check of waiting) check();
  });
  const heard = (pattern: RegExp) =>
    new Promise<{ line: string; at: number }>((resolve) => {
      const check = () => {
        const found = said.find(({ line }) => pattern.test(line));
        if (found === undefined) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
    });
  return { process: child, said, heard };
}

async function twoReplicas(t: TestContext): Promise<{ a: Replica; b: Replica; namespace: string }> {
  const namespace = await testNamespace(t, 'elect');
  const a = await startReplica(t, namespace, 'a');
  await a.heard(/^leads 1$/);
  const b = await startReplica(t, namespace, 'b');
  await b.heard(/^follows a$/);
  return { a, b, namespace };
}

test('SIGTERM: the Lease is released and the other replica leads within 1 s, in the next epoch', async (t) => {
  const { a, b } = await twoReplicas(t);
  const at = performance.now();
  a.process.kill('SIGTERM');
  const took = (await b.heard(/^leads 2$/)).at - at;
  t.diagnostic(`handover on SIGTERM after ${Math.round(took)} ms`);
  assert.ok(took <= 1000, `${took} ms`);
});

test('kill -9: the other replica leads within 8 s, in the next epoch', async (t) => {
  const { a, b } = await twoReplicas(t);
  const at = performance.now();
  a.process.kill('SIGKILL');
  const took = (await b.heard(/^leads 2$/)).at - at;
  t.diagnostic(`handover on SIGKILL after ${Math.round(took)} ms`);
  assert.ok(took <= 8000, `${took} ms`);
});

test('a leader frozen by SIGSTOP has an older epoch than its successor, and says so when it wakes up', async (t) => {
  const { a, b } = await twoReplicas(t);
  a.process.kill('SIGSTOP');
  await b.heard(/^leads 2$/);
  assert.ok(!a.said.some(({ line }) => line.startsWith('lost')));
  a.process.kill('SIGCONT');
  await a.heard(/^lost 1 /);
  const claims = a.said.slice(a.said.findIndex(({ line }) => line.startsWith('lost'))).map(({ line }) => line);
  assert.ok(!claims.some((line) => line.startsWith('leads')), claims.join());
});
