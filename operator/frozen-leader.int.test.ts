import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { migrations } from '#lib/events';
import { testCluster, testNamespace } from '../test/kit/cluster.ts';
import { testDatabase } from '../test/kit/postgres.ts';

interface Replica {
  signal(name: NodeJS.Signals): void;
  write(key: string): void;
  /** Resolves with the first line that matches. */
  heard(pattern: RegExp): Promise<string>;
}

async function startReplica(t: TestContext, identity: string, namespace: string, url: string): Promise<Replica> {
  const { kubeconfigPath } = await testCluster();
  const program = fileURLToPath(new URL('./frozen-leader.int-main.ts', import.meta.url));
  const child = spawn(process.execPath, [program, namespace, identity, url], {
    env: { ...process.env, KUBECONFIG: kubeconfigPath },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.signalCode === null && child.exitCode === null) await once(child, 'exit');
  });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const heard = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      await once(output, 'line');
    }
  };
  return { heard, signal: (name) => void child.kill(name), write: (key) => void child.stdin.write(`${key}\n`) };
}

test('what a leader frozen by SIGSTOP was about to write when another took over is refused when it wakes up', async (t) => {
  const { pool, url } = await testDatabase(t, { migrations: [migrations] });
  await pool.query('CREATE TABLE world (who text)');
  const namespace = await testNamespace(t, 'frozen');
  const a = await startReplica(t, 'a', namespace, url);
  await a.heard(/^leads/);
  a.write('first');
  await a.heard(/^wrote first$/);
  const b = await startReplica(t, 'b', namespace, url);

  a.signal('SIGSTOP');
  a.write('late');
  await b.heard(/^leads/);
  b.write('second');
  await b.heard(/^wrote second$/);
  a.signal('SIGCONT');

  assert.equal(await a.heard(/ late$|^refused/), 'refused StaleEpoch');
  await a.heard(/^lost$/);
  const { rows } = await pool.query('SELECT who FROM world');
  assert.deepEqual(
    rows.map(({ who }) => who),
    ['a', 'b'],
  );
});
