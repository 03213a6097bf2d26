import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeClient, KubeObject, Resource } from '#lib/kube';
import { ensureBinary } from '../../../hack/go/build.mjs';
import type { TestCluster } from '../cluster.ts';
import { until } from '../cluster-wait.ts';
import { kustomizationCRD, sourceCRDs } from './crds.ts';
import { type Artifact, Source } from './source.ts';

const resource = (group: string, kind: string, plural: string): Resource => ({
  group: `${group}.toolkit.fluxcd.io`,
  version: 'v1',
  kind,
  plural,
  namespaced: true,
});
const KUSTOMIZATIONS = resource('kustomize', 'Kustomization', 'kustomizations');
const GIT_REPOSITORIES = resource('source', 'GitRepository', 'gitrepositories');

/** Flux's own kustomize-controller at work in one namespace of the test cluster. */
export interface TestFlux {
  /** Makes a GitRepository without an artifact yet, and a Kustomization of its folder `path`, under one name. */
  add(name: string, path: string): Promise<void>;
  /** The source of that name holds this commit of a clone from now on. */
  push(name: string, clone: string, commit: string): Promise<Artifact>;
}

/** Builds the controller where it never was, starts it, and ends it with the test. */
export async function startFlux(
  t: { after(fn: () => unknown): void },
  { cluster, client, namespace }: { cluster: TestCluster; client: KubeClient; namespace: string },
): Promise<TestFlux> {
  const binary = await ensureBinary('kustomize-controller', { onProgress: (line) => console.error(line) });
  const dir = await mkdtemp(join(tmpdir(), 'rig-flux-'));
  await writeFile(join(dir, 'sources.json'), JSON.stringify(sourceCRDs()));
  for (const file of [await kustomizationCRD(), join(dir, 'sources.json')])
    await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-f', file);
  await served(client, namespace);
  const source = await Source.start();
  const child = await run(binary, cluster.kubeconfigPath, namespace, dir);
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    source.close();
    await rm(dir, { recursive: true, force: true });
  });
  return {
    add: (name, path) => add(client, namespace, name, path),
    push: async (name, clone, commit) => {
      const artifact = await source.archive(clone, commit);
      await client.patchStatus(GIT_REPOSITORIES, { namespace, name }, statusOf(artifact));
      return artifact;
    },
  };
}

async function served(client: KubeClient, namespace: string): Promise<void> {
  for (const kind of [KUSTOMIZATIONS, GIT_REPOSITORIES])
    await until(`${kind.plural} are served`, () => client.list(kind, { namespace }).then(() => true));
}

async function run(binary: string, kubeconfig: string, namespace: string, dir: string): Promise<ChildProcess> {
  const health = await freePort();
  const args = [
    '--watch-all-namespaces=false',
    '--metrics-addr=127.0.0.1:0',
    `--health-addr=127.0.0.1:${health}`,
    '--log-level=error',
    '--interval-jitter-percentage=0',
    '--min-retry-delay=200ms',
  ];
  const env = { PATH: process.env.PATH, TMPDIR: dir, KUBECONFIG: kubeconfig, RUNTIME_NAMESPACE: namespace };
  const child = spawn(binary, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-4_000);
  });
  await until(`the kustomize-controller is ready (it said: ${said})`, async () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${said}`);
    return (await fetch(`http://127.0.0.1:${health}/readyz`)).ok;
  });
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function add(client: KubeClient, namespace: string, name: string, path: string): Promise<void> {
  const metadata = { name, namespace };
  const spec = { interval: '10m', url: 'https://git.example.org/shop.git', ref: { branch: 'main' } };
  await client.create(GIT_REPOSITORIES, { metadata, spec } as KubeObject);
  const sourceRef = { kind: 'GitRepository', name };
  const wanted = { interval: '10m', path, prune: true, targetNamespace: namespace, sourceRef };
  await client.create(KUSTOMIZATIONS, { metadata, spec: wanted } as KubeObject);
}

function statusOf(artifact: Artifact): object {
  const condition = {
    status: 'True',
    reason: 'Succeeded',
    message: `stored artifact for revision '${artifact.revision}'`,
    lastTransitionTime: artifact.lastUpdateTime,
    observedGeneration: 1,
  };
  const conditions = ['Ready', 'ArtifactInStorage'].map((type) => ({ type, ...condition }));
  return { observedGeneration: 1, artifact, conditions };
}
