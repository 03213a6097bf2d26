import { isKubeError, type KubeClient, type KubeObject, type Resource, SECRETS } from '#lib/kube';
import { isGood, isUnexpired, madeAt, makeCertificate } from './certificate.ts';

export const WEBHOOK_CONFIGURATIONS: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
};
export const CERTIFICATE_SECRET = 'rig-webhook-certificate';
export const CONFIGURATION = 'rig-conductor';
const FIELD_MANAGER = 'rig-certificates';
/** Every replica has the new certificate by then: a kubelet refreshes a Secret within two minutes. */
const SETTLED_MS = 30 * 60_000;

interface Secret extends KubeObject {
  type?: string;
  data?: Record<string, string>;
}

interface Configuration extends KubeObject {
  webhooks?: { name: string; clientConfig: { caBundle?: string } }[];
}

/** What was found or done. */
export type Renewal = 'made' | 'trusted' | 'settled' | 'unchanged';

const decode = (data: string | undefined) => Buffer.from(data ?? '', 'base64').toString('utf8');
const encode = (text: string) => Buffer.from(text).toString('base64');

/**
 * One look at the certificate of the webhook. A missing, old or unfit one is replaced: first the API server is told to trust the new
 * beside the old, then the Secret gets it; the old is forgotten half an hour later. At no moment is a certificate served that is not
 * trusted. Safe to repeat and to break off anywhere. Throws KubeError.
 */
export async function renewCertificate(
  client: KubeClient,
  { namespace, hosts, now }: { namespace: string; hosts: readonly string[]; now: number },
): Promise<Renewal> {
  const ref = { namespace, name: CERTIFICATE_SECRET };
  const secret = await client.find<Secret>(SECRETS as Resource<Secret>, ref);
  const configuration = await client.get<Configuration>(WEBHOOK_CONFIGURATIONS as Resource<Configuration>, {
    name: CONFIGURATION,
  });
  const current = decode(secret?.data?.['tls.crt']);
  if (current !== '' && isGood(current, hosts, now)) return keepTrust(client, configuration, current, now);
  const fresh = await makeCertificate(hosts, now);
  await trust(client, configuration, fresh.certificate + (isUnexpired(current, now) ? current : ''));
  const data = { 'tls.crt': encode(fresh.certificate), 'tls.key': encode(fresh.key) };
  const object: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: ref, type: 'kubernetes.io/tls', data };
  if (secret === undefined) await create(client, object);
  else await client.replace<Secret>(SECRETS as Resource<Secret>, { ...secret, data: { ...secret.data, ...data } });
  return 'made';
}

async function create(client: KubeClient, secret: Secret): Promise<void> {
  await client.create<Secret>(SECRETS as Resource<Secret>, secret).catch((error: unknown) => {
    // A run at the same time was first: the next one trusts what that one made.
    if (!isKubeError(error, 'AlreadyExists')) throw error;
  });
}

async function keepTrust(
  client: KubeClient,
  configuration: Configuration,
  current: string,
  now: number,
): Promise<Renewal> {
  const bundles = (configuration.webhooks ?? []).map(({ clientConfig }) => decode(clientConfig.caBundle));
  if (bundles.every((bundle) => bundle === current)) return 'unchanged';
  const known = bundles.every((bundle) => bundle.includes(current.trim()));
  if (known && now - madeAt(current) < SETTLED_MS) return 'unchanged';
  await trust(client, configuration, current);
  return known ? 'settled' : 'trusted';
}

/** Of the configuration nothing but the bundles is written, and nothing else is owned. */
async function trust(client: KubeClient, { webhooks = [] }: Configuration, bundle: string): Promise<void> {
  const told = webhooks.map(({ name }) => ({ name, clientConfig: { caBundle: encode(bundle) } }));
  const object = { metadata: { name: CONFIGURATION }, webhooks: told } as KubeObject;
  await client.apply(WEBHOOK_CONFIGURATIONS, object, { fieldManager: FIELD_MANAGER, force: true });
}
