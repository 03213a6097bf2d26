import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import { images } from '../hack/images/images.mjs';
import { layOut } from '../hack/images/layout.mjs';
import { World } from '../local/forge/testing/world.ts';
import { type RunningPostgres, startPostgres } from '../local/postgres/index.ts';
import { clusterLife, type TestCluster, testCluster } from '../test/kit/cluster.ts';
import { testKubelet } from '../test/kit/cluster-kubelet.ts';
import { until } from '../test/kit/cluster-wait.ts';
import { type Database, documentedDatabase } from './database.int-kit.ts';
import { imageMap, type Ports, PREVIOUS, writeOverlay } from './overlay.int-kit.ts';
import { type Previous, previousCheckout } from './previous.int-kit.ts';
import { CALLS, HeldModel, INPUT_TOKENS, issueObject, TENANT, tenantObjects } from './work.int-kit.ts';

// Kinds and namespaces are deleted here: that is nothing for a control plane that other files use.
delete process.env.RIG_TEST_KUBECONFIG;

const root = join(import.meta.dirname, '..');
const system = 'rig-system';
const node = 'install';
// A kustomization names what it stands on by a relative path, which a link on the way would lead astray.
const folder = mkdtempSync(join(realpathSync(tmpdir()), 'rig-install-'));
chmodSync(folder, 0o755);
const overlay = join(folder, 'overlay');
const layouts = join(folder, 'layouts');

let cluster: TestCluster;
let server: RunningPostgres;
let database: Database;
let log: pg.Pool;
let ports: Ports;
let previous: Previous;
let world: World;
let model: HeldModel;
const run = promisify(execFile);
const kubectl = (...args: string[]) => cluster.kubectl(...args);
const read = async (...args: string[]) => JSON.parse(await kubectl('get', ...args, '-o', 'json'));

before(async () => {
  previous = previousCheckout(root, join(folder, 'previous'));
  [cluster, server, world, model] = await Promise.all([
    testCluster(),
    startPostgres({ dataDir: join(folder, 'postgres'), settings: { fsync: 'off', max_wal_size: '256MB' } }),
    World.start(),
    HeldModel.start(),
    ...Object.keys(images).map((name) => layOut(root, name, join(layouts, name))),
  ]);
  database = await documentedDatabase(server.adminURL);
  log = new pg.Pool({ connectionString: database.adminURL });
  const [conductor, proxy, egress, webhooks, ...metrics] = await freePorts(6);
  ports = { conductor: conductor!, proxy: proxy!, egress: egress!, webhooks: webhooks!, metrics };
});
after(async () => {
  await log?.end();
  await Promise.all([server?.stop(), world?.close(), model?.close()]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const found = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return found;
}

async function secret(name: string, key: string, value: string): Promise<void> {
  await kubectl('-n', system, 'create', 'secret', 'generic', name, `--from-literal=${key}=${value}`);
}

async function answers(url: string): Promise<boolean> {
  return (await fetch(url)).ok;
}

interface Pod {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
}

/** Every program is rolled out and answers; throws with what the cluster knows of the pods. */
async function untilReady(): Promise<void> {
  for (const program of ['conductor', 'proxy', 'egress'] as const) {
    try {
      await kubectl('-n', system, 'rollout', 'status', `deployment/rig-${program}`, '--timeout=90s');
      await until(`${program} answers`, () => answers(`http://127.0.0.1:${ports[program]}/readyz`));
    } catch (cause) {
      throw new Error(await kubectl('-n', system, 'describe', 'pods'), { cause });
    }
  }
}

async function install(from: { readonly path: string; readonly tag?: string }): Promise<void> {
  writeOverlay({ folder: overlay, node, ports, models: model.url, from: from.path, tag: from.tag });
  await kubectl('apply', '--server-side', '--force-conflicts', '-k', overlay);
}

async function apply(text: string): Promise<void> {
  const file = join(folder, 'applied.yaml');
  writeFileSync(file, text);
  await kubectl('apply', '--server-side', '-f', file);
}

/** The log of everything that happened, in the order of its streams. */
async function events(): Promise<Event[]> {
  const sql = 'SELECT stream, version, type, data FROM conductor.events ORDER BY stream, version';
  return (await log.query<Event>(sql)).rows;
}

interface Event {
  readonly stream: string;
  readonly version: number;
  readonly type: string;
  readonly data: { readonly tokens?: { readonly input: number } };
}

test('the Deployments of the previous install come up on a node: real entry points, from their Secrets to ready', async (t) => {
  t.diagnostic(previous.says);
  await testKubelet(clusterLife, node, imageMap(layouts, previous.path));
  await kubectl('create', 'namespace', system);
  for (const program of ['proxy', 'egress'] as const)
    await secret(`rig-${program}-database`, 'url', database.urlOf(program));
  await secret('rig-provider', 'key', 'no-provider-is-called');
  await secret('rig-reader-token', 'token', randomBytes(16).toString('hex'));
  await install({ path: previous.path, tag: PREVIOUS });
  await kubectl('-n', system, 'create', 'job', '--from=cronjob/rig-certificates', 'certificates-now');
  await kubectl('-n', system, 'wait', '--for=condition=Complete', 'job/certificates-now', '--timeout=60s');
  // Its pod waits for the Secret, and then finds the certificate as well.
  await secret('rig-conductor-database', 'url', database.urlOf('conductor'));
  await untilReady();
  const { spec } = await read('lease', '-n', system, 'rig-conductor');
  assert.match(spec.holderIdentity, /^rig-conductor-/);
});

test('an upgrade in the middle of a task loses nothing: the same task ends, once, with its pull request', async () => {
  model.hold();
  await kubectl('apply', '--server-side', '-k', join(root, 'config/tenant'));
  await apply(tenantObjects(world, node));
  await apply(issueObject('first'));
  await until('the task waits for the model', () => model.isAsked, 60_000);
  const lease = await read('lease', '-n', system, 'rig-conductor');
  const before = await events();

  await install({ path: root });
  await untilReady();
  const { items } = await read('pods', '-n', system, '-l', 'app.kubernetes.io/component!=certificates');
  const running = (items as Pod[]).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  assert.deepEqual(
    running.map(({ spec }) => spec.containers[0]?.image.split(':').at(-1)),
    ['v0.1.0', 'v0.1.0', 'v0.1.0'],
  );
  await until('another pod leads', async () => {
    const { spec } = await read('lease', '-n', system, 'rig-conductor');
    return spec.holderIdentity && spec.holderIdentity !== lease.spec.holderIdentity;
  });

  model.release();
  const { spec, status } = await until(
    'the task ends',
    async () => {
      const tasks = await read('agenttasks', '-n', TENANT);
      return tasks.items.find((task: { status?: { finishedAt?: string } }) => task.status?.finishedAt);
    },
    60_000,
  );
  assert.deepEqual([spec.kind, spec.attempt, status.phase], ['implement', 1, 'Succeeded']);
  const { body: pulls } = await world.rest('boss', 'GET /repos/acme/widgets/pulls');
  assert.deepEqual(
    pulls.map(({ title }: { title: string }) => title),
    ['Count in German'],
  );
  const then = await until('the log has every call to the model', async () => {
    const all = await events();
    return spent(all) >= CALLS * INPUT_TOKENS ? all : undefined;
  });
  assert.equal(spent(then), CALLS * INPUT_TOKENS);
  for (const [index, { stream, version }] of then.entries())
    assert.equal(version, then[index - 1]?.stream === stream ? then[index - 1]!.version + 1 : 1);
  for (const { stream, version, type } of before)
    assert.ok(then.some((one) => one.stream === stream && one.version === version && one.type === type));
  const ofTasks = then.map(({ type }) => type).filter((type) => type.startsWith('TASK_'));
  assert.deepEqual(ofTasks, ['TASK_DISPATCHED', 'TASK_FINISHED']);
});

const spent = (all: readonly Event[]) =>
  all.reduce((sum, { type, data }) => sum + (type === 'TOKENS_USED' ? data.tokens!.input : 0), 0);

test('the webhook that the install brought, with the certificate it made, warns and admits', async () => {
  const sample = ['apply', '--server-side', '-f', join(root, 'config/samples/issue.yaml')];
  await until('the Issue is admitted with a warning', async () => {
    const { stderr } = await run(cluster.binary, ['kubectl', `--kubeconfig=${cluster.kubeconfigPath}`, ...sample]);
    return /Warning: spec\.repositoryRef: there is no Repository minimist in tenant-sample/.test(stderr);
  });
});

test('an uninstall in the middle of a task ends: no namespace, kind, Job or pod is left, nothing waits for a finalizer', async () => {
  model.hold();
  await apply(issueObject('second'));
  await until('another task waits for the model', () => model.isAsked, 60_000);
  const remove = (folder: string) => kubectl('delete', '--ignore-not-found', '--timeout=60s', '-k', join(root, folder));
  await remove('config/default');
  await until('what ran in the tenant is gone', async () => {
    const { items } = await read('pods,jobs', '--all-namespaces');
    return items.length === 0;
  });
  await remove('config/tenant');
  const left = await kubectl(
    'get',
    'namespaces,crds,clusterroles,clusterrolebindings,priorityclasses,validatingwebhookconfigurations',
    '-o',
    'name',
  );
  assert.deepEqual(
    left.split('\n').filter((name) => /rig[-.]|tenant-sample|dashecorp/.test(name)),
    [],
  );
});
