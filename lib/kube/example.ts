import { CONFIG_MAPS, Controller, KubeClient, loadKubeConfig, Manager, ownerKeys, ownerReference } from '#lib/kube';
import { createLogger } from '#lib/observe';

const logger = createLogger('shouter');
const client = new KubeClient(loadKubeConfig(), { fieldManager: 'shouter' });
const manager = new Manager({ client, logger, election: { namespace: 'default', name: 'shouter' } });

type ConfigMap = { metadata: { name?: string; namespace?: string }; data?: Record<string, string> };
const quiet = manager.informer<ConfigMap>(CONFIG_MAPS, { labelSelector: 'shout=please' });
const loud = manager.informer<ConfigMap>(CONFIG_MAPS, { labelSelector: 'shout=done' });

/** Keeps beside each ConfigMap labelled shout=please an upper-case copy, which goes when the original goes. */
async function reconcile(key: string, { signal }: { signal: AbortSignal }): Promise<void> {
  const original = quiet.byKey(key);
  if (original === undefined) return;
  const { name, namespace } = original.metadata;
  const ownerReferences = [ownerReference(original)];
  const metadata = { name: `${name}-loud`, namespace, labels: { shout: 'done' }, ownerReferences };
  const data = Object.fromEntries(Object.entries(original.data ?? {}).map(([k, v]) => [k, v.toUpperCase()]));
  await client.apply(CONFIG_MAPS, { metadata, data } as ConfigMap, { signal });
}

manager.add(new Controller({ name: 'shouter', logger, reconcile }).watch(quiet).watch(loud, ownerKeys(CONFIG_MAPS)));
manager.start();

process.once('SIGTERM', async () => {
  await manager.stop();
  await client.close();
});
