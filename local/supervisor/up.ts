import { reap } from '#lib/datadir';
import { askVerifier } from './cluster/admission.ts';
import type { Cluster } from './cluster/cluster.ts';
import { grantIdentities, type Kubeconfigs } from './cluster/identities.ts';
import { startCluster } from './cluster/start.ts';
import { type Context, together } from './context.ts';
import { startDatabase } from './database.ts';
import { describeIsolation, describeTests, refuseUnisolated } from './isolation.ts';
import { PORT_NAMES, type UpOptions } from './options.ts';
import { choosePorts } from './ports.ts';
import { startEgress } from './programs/egress.ts';
import { type ForgeAddress, startForge } from './programs/forge.ts';
import { type Isolation, NODE_NAME, startKubelet } from './programs/kubelet.ts';
import { chooseModel, type ModelChoice, startModel } from './programs/model.ts';
import { SYSTEM_NAMESPACE, startOperator } from './programs/operator.ts';
import { startProxy } from './programs/proxy.ts';
import { startTrust } from './programs/trust.ts';
import { startVerifier, VERIFIER_NAMESPACE } from './programs/verifier.ts';
import { openWall } from './programs/wall.ts';
import type { Imported } from './tenant/repository.ts';
import { seedForge, seedTenant } from './tenant/seed.ts';
import { openSource, type Source } from './tenant/source.ts';
import { runnerIdentity, seedTrust } from './tenant/trust.ts';
import { VERIFIER_APP } from './tenant/verifier-app.ts';

/** Ports that no flag fixes: whoever reads metrics finds them in `state.json`, or where the rig says what is where. */
const METRICS_PORTS = ['conductor-metrics', 'proxy-metrics', 'egress-metrics', 'verifier-metrics'] as const;

/** As whom the programs speak to the API server. */
const ACCOUNTS = [
  { namespace: SYSTEM_NAMESPACE, name: 'rig-conductor' },
  { namespace: SYSTEM_NAMESPACE, name: 'rig-intake' },
  { namespace: VERIFIER_NAMESPACE, name: 'rig-verifier' },
] as const;

/** A rig that is up. */
export interface Rig {
  readonly cluster: Cluster;
  readonly forge: ForgeAddress;
  readonly conductorURL: string;
  readonly source: Source;
  /** Where Prometheus finds the programs. */
  readonly metricsURLs: readonly string[];
}

/** Brings everything up in order; resolves when all of it is ready. What was started is in `context.stops`, even when it throws. */
export async function bringUp(context: Context): Promise<Rig> {
  const { options, layout, steps, store, signal } = context;
  const model = chooseModel(options, process.env);
  const given = await openSource(options, layout);
  const ports = await claimPorts(context);
  const conductorURL = `http://127.0.0.1:${ports.conductor}`;
  const proxyURL = `http://127.0.0.1:${ports.proxy}`;
  const egressURL = `http://127.0.0.1:${ports.egress}`;
  const verifierURL = `http://127.0.0.1:${ports.verifier}`;
  const metrics = (program: string) => `127.0.0.1:${port(ports, `${program}-metrics`)}`;
  const operatorAt = { port: port(ports, 'conductor'), metrics: metrics('conductor'), proxyURL, egressURL };
  const [cluster, database, { forge, source }, upstream, trust] = await together(context, [
    steps.run(
      'kubernetes',
      (progress) => startCluster(context, progress),
      ({ serverURL }) => serverURL,
    ),
    steps.run(
      'postgresql',
      () => startDatabase(context),
      ({ port }) => `127.0.0.1:${port}`,
    ),
    steps.run(
      'forge',
      (progress) => openForge(context, given, { conductorURL, verifierURL, progress }),
      (opened) => describeForge(opened, options),
    ),
    steps.run(
      'model',
      () => startModel(context, model, port(ports, 'replay')),
      () => describeModel(model),
    ),
    steps.run(
      'trust',
      () => startTrust(context, port(ports, 'trust')),
      ({ url, email }) => `${url}, for ${email}`,
    ),
  ]);
  const kubeconfigs = await grantIdentities(context, cluster, ACCOUNTS);
  await seedTenant(context, cluster, forge, source);
  await seedTrust(context, trust, await runnerIdentity(context, forge, source));
  await together(context, [
    steps.run(
      'proxy',
      () =>
        startProxy(
          context,
          { port: port(ports, 'proxy'), metrics: metrics('proxy'), conductorURL },
          database,
          upstream,
        ),
      (url) => url,
    ),
    steps.run(
      'egress',
      () => startEgress(context, { port: port(ports, 'egress'), metrics: metrics('egress'), conductorURL }, database),
      (url) => url,
    ),
    steps.run(
      'operator',
      () => startOperator(context, operatorAt, database, kubeconfigs),
      (url) => url,
    ),
    steps.run(
      'verifier',
      () => bringVerifier(context, cluster, ports, kubeconfigs),
      (url) => `${url}, as App ${VERIFIER_APP} at the forge`,
    ),
    joinNode(context, cluster, source),
  ]);
  signal.throwIfAborted();
  store.update({ urls: { conductor: conductorURL, forge: forge.url, trust: trust.url } });
  const metricsURLs = ['conductor', 'proxy', 'egress', 'verifier'].map(
    (program) => `http://${metrics(program)}/metrics`,
  );
  return { cluster, forge, conductorURL, source, metricsURLs };
}

/** An existing cluster cannot call a port of this machine, so nothing there is asked about. */
async function bringVerifier(
  context: Context,
  cluster: Cluster,
  ports: Record<string, number>,
  kubeconfigs: Kubeconfigs,
): Promise<string> {
  const admission = port(ports, 'verifier-admission');
  const metrics = `127.0.0.1:${port(ports, 'verifier-metrics')}`;
  const url = await startVerifier(context, { port: port(ports, 'verifier'), metrics, admission }, kubeconfigs);
  if (context.options.context === undefined) await askVerifier(cluster, context.layout, admission);
  return url;
}

/** An existing cluster has nodes of its own; this machine joins it only when asked to. */
async function joinNode(context: Context, cluster: Cluster, source: Source): Promise<void> {
  const { options, steps } = context;
  if (options.context !== undefined && !options.kubelet) return;
  const isolation = await steps.run(
    'kubelet',
    (progress) => startKubelet(context, cluster, source, progress),
    (result) => `this machine as node "${NODE_NAME}"; ${describeIsolation(result, options)}`,
  );
  refuseUnisolated(isolation, options);
}

function describeModel(model: ModelChoice): string {
  return model.kind === 'replay' ? `answers from ${model.file}` : model.url;
}

interface OpenForge extends Imported {
  readonly forge: ForgeAddress;
  readonly isolation: Isolation;
}

async function openForge(
  context: Context,
  source: Source,
  {
    progress,
    ...urls
  }: { readonly conductorURL: string; readonly verifierURL: string; readonly progress: (line: string) => void },
): Promise<OpenForge> {
  const { ports } = context.store.state;
  const wall = await openWall(context, source, progress);
  const forge = await startForge(context, { port: port(ports, 'forge'), trustPort: port(ports, 'trust'), wall });
  return { forge, isolation: wall.isolation, ...(await seedForge(context, forge, source, urls)) };
}

function describeForge({ forge, isolation, source, note }: OpenForge, options: UpOptions): string {
  const tests = describeTests(isolation, options);
  return `${forge.url}, with ${source.name}; ${note === null ? '' : `${note}; `}${tests}`;
}

/** Chooses the ports and remembers them. The forge's is part of what people and objects know it by. */
async function claimPorts({ options, store }: Context): Promise<Record<string, number>> {
  const ports = await choosePorts([
    ...PORT_NAMES.map((name) => ({
      name,
      fixed: options.ports[name],
      remembered: store.state.ports[name],
      sticky: name === 'forge',
    })),
    ...METRICS_PORTS.map((name) => ({ name, remembered: store.state.ports[name] })),
    { name: 'verifier', remembered: store.state.ports.verifier },
    { name: 'verifier-admission', remembered: store.state.ports['verifier-admission'] },
    // Certificates name who vouched by it.
    { name: 'trust', remembered: store.state.ports.trust, sticky: true },
  ]);
  store.update({ ports });
  return ports;
}

function port(ports: Record<string, number>, name: string): number {
  const chosen = ports[name];
  if (chosen === undefined) throw new Error(`no port was chosen for ${name}`);
  return chosen;
}

/** Ends what an earlier supervisor left behind when it was killed. */
export async function reapLeftovers({ store, terminal }: Context): Promise<void> {
  const found = await reap(store.state.processes);
  store.update({ processes: [] });
  if (found.length > 0) {
    const names = found.map(({ name, pid }) => `${name} (${pid})`).join(', ');
    terminal.say(terminal.colours.dim(`  ended what an earlier rig left behind: ${names}`));
  }
}
