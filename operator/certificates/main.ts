// One look at the certificate of the conductor's webhook; run again and again, it keeps it good.
import { KubeClient, loadKubeConfig } from '#lib/kube';
import { createLogger } from '#lib/observe';
import { renewCertificate } from './renew.ts';

const logger = createLogger('rig-certificates');
const hosts = (process.env.RIG_WEBHOOK_HOSTS ?? '').split(',').filter((host) => host !== '');
const namespace = process.env.RIG_SYSTEM_NAMESPACE || 'rig-system';

try {
  if (hosts.length === 0)
    throw new Error('RIG_WEBHOOK_HOSTS is not set; set it to the names the webhook is called by.');
  const client = new KubeClient(loadKubeConfig({ path: process.env.RIG_KUBECONFIG || undefined }));
  const renewal = await renewCertificate(client, { namespace, hosts, now: Date.now() });
  logger.info({ renewal, hosts }, 'looked at the webhook certificate');
  await client.close();
} catch (err) {
  logger.fatal({ err }, 'the webhook certificate could not be kept');
  process.exitCode = 1;
}
