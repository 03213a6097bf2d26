import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createInformer } from './informer.ts';
import { CONFIG_MAPS } from './resource.ts';
import type { KubeObject } from './types.ts';
import { until, widgetCluster } from './widgets.int-kit.ts';

const example = fileURLToPath(new URL('./example.ts', import.meta.url));

test('the controller in the README is example.ts, in about thirty lines', async () => {
  const readme = await readFile(new URL('./README.md', import.meta.url), 'utf8');
  const [, block = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  assert.equal(block, await readFile(example, 'utf8'));
  assert.ok(block.split('\n').length <= 36);
});

test('the example makes a copy, puts it right when somebody changes it, and ends on SIGTERM', async (t) => {
  const { cluster, client, namespace } = await widgetCluster(t);
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfigPath, RIG_LOG_LEVEL: 'warn' };
  const child = spawn(process.execPath, [example], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const exited = once(child, 'exit');
  const copies = createInformer<KubeObject & { data?: Record<string, string> }>(client, CONFIG_MAPS, { namespace });
  const stop = new AbortController();
  const run = copies.run(stop.signal);
  t.after(async () => {
    child.kill('SIGKILL');
    stop.abort();
    await run;
  });
  const greeting = { metadata: { namespace, name: 'g', labels: { shout: 'please' } }, data: { text: 'hello' } };
  await client.create(CONFIG_MAPS, greeting);
  const copy = () => copies.get(namespace, 'g-loud')?.data?.text;
  await until('the copy is there', () => copy() === 'HELLO');
  await client.patch(CONFIG_MAPS, { namespace, name: 'g-loud' }, { data: { text: 'quiet' } });
  await until('the copy is right again', () => copy() === 'HELLO');
  child.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
});
