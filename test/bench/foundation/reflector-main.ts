// A process with nothing but a cache of AgentTasks: prints how long it took to fill, and what it weighs.
import { setTimeout as delay } from 'node:timers/promises';
import { resources } from '#crds';
import { createInformer, KubeClient, type KubeObject, loadKubeConfig, type Resource } from '#lib/kube';

const [path, namespace] = process.argv.slice(2);
const client = new KubeClient(loadKubeConfig({ path }));
// A first call loads what a process needs for any call at all.
await client.list(resources.Repository as Resource<KubeObject>, { namespace });
await delay(500);
const before = process.memoryUsage.rss();
const startedAt = performance.now();
const informer = createInformer(client, resources.AgentTask as Resource<KubeObject>, { namespace });
const stop = new AbortController();
const run = informer.run(stop.signal);
await informer.waitForSync(stop.signal);
const coldMs = performance.now() - startedAt;
await delay(2_000);
const after = process.memoryUsage.rss();
const objects = informer.list();
const json = objects.reduce((sum, object) => sum + Buffer.byteLength(JSON.stringify(object)), 0);
process.stdout.write(`${JSON.stringify({ count: objects.length, coldMs, before, after, json })}\n`);
stop.abort();
await run;
await client.close();
