import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { stringify } from 'yaml';
import { images } from '../hack/images/images.mjs';
import type { TestImage } from '../test/kit/cluster-kubelet.ts';

/** Where the programs of an overlay listen: pods are processes of this machine, and share its addresses. */
export interface Ports {
  readonly conductor: number;
  readonly proxy: number;
  readonly egress: number;
  readonly webhooks: number;
  readonly metrics: readonly number[];
}

type Env = Readonly<Record<string, string>>;

const root = join(import.meta.dirname, '..');
const programs = ['conductor', 'proxy', 'egress'] as const;
const PORTS = { conductor: 8080, proxy: 8082, egress: 8083 } as const;

/** Tag of the images whose programs are another checkout's. */
export const PREVIOUS = 'previous';

/**
 * What stands for the published images on the test's node: their entry points, run from the layouts that the images have, and under the
 * tag {@link PREVIOUS} from another checkout.
 */
export function imageMap(layouts: string, previous: string): Record<string, TestImage> {
  const path = [dirname(process.execPath)];
  const own = (name: keyof typeof images): TestImage => ({
    directory: join(layouts, name),
    path,
    command: ['node', images[name].entry],
  });
  const names = Object.keys(images) as (keyof typeof images)[];
  const readable = [realpathSync(join(root, 'node_modules'))];
  return Object.fromEntries(
    names.flatMap((name) => [
      [`ghcr.io/dashecorp/rig-${name}:*`, own(name)],
      [`ghcr.io/dashecorp/rig-${name}:${PREVIOUS}`, { ...own(name), directory: previous, readable }],
    ]),
  );
}

export interface Overlay {
  /** Where the kustomization is written. */
  readonly folder: string;
  readonly node: string;
  readonly ports: Ports;
  /** The checkout whose `config/default` it stands on; default this one. */
  readonly from?: string;
  /** Of the images; default what that checkout says. */
  readonly tag?: string;
  /** Where the proxy finds its models. */
  readonly models: string;
}

/**
 * Writes a kustomization over `config/default` that brings its programs to the node: one pod each at its own loopback port, everything
 * else as it is. A volume mounted at P is where the node says that it puts mounts.
 */
export function writeOverlay({ folder, node, ports, from = root, tag, models }: Overlay): void {
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const mounted = (path: string) => `$(CONTAINER_SANDBOX_MOUNT_POINT)${path}`;
  const env: Record<(typeof programs)[number], Env> = {
    conductor: {
      RIG_LISTEN: `127.0.0.1:${ports.conductor}`,
      RIG_METRICS_LISTEN: `127.0.0.1:${ports.metrics[0]}`,
      RIG_EXTERNAL_URL: url(ports.conductor),
      RIG_PROXY_URL: url(ports.proxy),
      RIG_EGRESS_URL: url(ports.egress),
      RIG_DATABASE_URL_FILE: mounted('/etc/rig/database/url'),
      RIG_READER_TOKEN_FILE: mounted('/etc/rig/reader/token'),
      RIG_SINKS_FILE: mounted('/etc/rig/sinks/sinks.yaml'),
      RIG_DATA_DIR: mounted('/var/lib/rig'),
      RIG_WEBHOOK_LISTEN: `127.0.0.1:${ports.webhooks}`,
      RIG_WEBHOOK_CERTIFICATE_DIR: mounted('/etc/rig/webhook'),
    },
    proxy: {
      RIG_LISTEN: `127.0.0.1:${ports.proxy}`,
      RIG_METRICS_LISTEN: `127.0.0.1:${ports.metrics[1]}`,
      RIG_CONDUCTOR_URL: url(ports.conductor),
      RIG_DATABASE_URL_FILE: mounted('/etc/rig/database/url'),
      RIG_PROVIDER_KEY_FILE: mounted('/etc/rig/provider/key'),
      RIG_UPSTREAM_URL: models,
    },
    egress: {
      RIG_LISTEN: `127.0.0.1:${ports.egress}`,
      RIG_METRICS_LISTEN: '127.0.0.1:0',
      RIG_CONDUCTOR_URL: url(ports.conductor),
      RIG_DATABASE_URL_FILE: mounted('/etc/rig/database/url'),
    },
  };
  mkdirSync(folder, { recursive: true });
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [relative(folder, join(from, 'config', 'default'))],
    ...(tag === undefined
      ? {}
      : { images: programs.map((name) => ({ name: `ghcr.io/dashecorp/rig-${name}`, newTag: tag })) }),
    patches: [
      ...programs.map((program) => ({ patch: stringify(patchOf(program, env[program], ports[program], node)) })),
      { patch: stringify(certificatesPatch(node)) },
      {
        target: { kind: 'ValidatingWebhookConfiguration', name: 'rig-conductor' },
        // No Service has an address here: the API server calls the same path by its URL.
        patch: stringify([
          {
            op: 'replace',
            path: '/webhooks/0/clientConfig',
            value: { url: `https://127.0.0.1:${ports.webhooks}/admission/advice` },
          },
        ]),
      },
    ],
  };
  writeFileSync(join(folder, 'kustomization.yaml'), stringify(kustomization));
}

const placement = (node: string) => ({
  nodeSelector: { 'kubernetes.io/hostname': node },
  tolerations: [
    { key: 'rig.dashecorp.com/host-process', operator: 'Exists' },
    { key: 'rig.dashecorp.com/unisolated', operator: 'Exists' },
  ],
});

function certificatesPatch(node: string): object {
  const env = [{ name: 'RIG_WEBHOOK_HOSTS', value: '127.0.0.1' }];
  const spec = { ...placement(node), containers: [{ name: 'certificates', env }] };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'rig-certificates', namespace: 'rig-system' },
    // The test makes a Job of it when it wants one.
    spec: { suspend: true, jobTemplate: { spec: { template: { spec } } } },
  };
}

function patchOf(program: (typeof programs)[number], env: Env, port: number, node: string): object {
  const entries = Object.entries(env).map(([name, value]) => ({ name, value }));
  // A variable is only seen by those that come after it.
  const container = {
    name: program,
    env: entries,
    ports: [
      { containerPort: PORTS[program], name: 'http', $patch: 'delete' },
      { containerPort: port, name: 'http' },
    ],
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `rig-${program}`, namespace: 'rig-system' },
    spec: {
      replicas: 1,
      // The next pod cannot listen where the last one still does.
      strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      template: {
        spec: {
          ...placement(node),
          // A namespace that is deleted looks at its pods again after half of the longest such period.
          terminationGracePeriodSeconds: 15,
          containers: [container],
        },
      },
    },
  };
}
