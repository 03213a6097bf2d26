import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { type Approval, apiVersion, resources, type TierPolicy, trustObjects } from '#crds';
import {
  approvalDigest,
  approvalDocument,
  approvalStatement,
  changeStatement,
  type Identity,
  judgeSigned,
  type Manifest,
  manifestDigest,
  removalDigest,
  statementPayloadType,
} from '#domain';
import { openBundle, readTrust, signStatement } from '#lib/attest';
import { makeAuthority } from '#lib/authority';
import { KubeClient, KubeError, type KubeObject, loadKubeConfig, Manager, NAMESPACES, type Resource } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { approvalInput, sha256 } from '../../domain/testing/approval.ts';
import { person, signedByWorkflow, signedIn, started, workflowName } from '../../local/trust/trust.int-kit.ts';
import type { TestCluster } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import type { ApprovedPull } from '../approvals/kept-consents.ts';
import { type HeldIn, Signatures } from '../approvals/signatures.ts';
import { Consents, type Fate, sha256 as hash, type KnownApproval } from './consents.ts';
import { Admission } from './judge.ts';
import { type MachineSources, Machines } from './machines.ts';
import type { Asked } from './review.ts';
import { admissionRoutes } from './routes.ts';
import { wholeOf } from './scale.ts';
import { serveAdmission } from './server.ts';

const APPROVALS = resources.Approval as Resource<KnownApproval>;
const POLICIES = resources.TierPolicy as Resource<TierPolicy & KubeObject>;
/** Where the Approvals of a test are. */
export const TENANT = 'tenant-sample';
const HEAD = 'a'.repeat(40);
export const CONFIGURATIONS: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
};

/** A verifier's admission that an API server asks, with people who really sign. */
export interface TestAdmission {
  readonly client: KubeClient;
  readonly port: number;
  /** Where its authority is, as a Secret would be mounted. */
  readonly authorityDir: string;
  /** Where a policy engine asks, as at a Service. */
  readonly questionsURL: string;
  /** What the test may change: where the change stands, who counts, what time it is, what is known of an Issue. */
  readonly world: {
    fate: Fate;
    listed: boolean;
    revoked: boolean;
    /** Whether the check of the pull request counted what was signed. */
    counted: boolean;
    ahead: number;
    trust: 'there' | 'gone';
    mayGoOn: boolean;
    /** Whether the verifier is kept from reading what is scaled. */
    unreadable: boolean;
    slow: Promise<void> | null;
    /** The port of somebody else who answers where the verifier is asked. */
    impostor: number | null;
    /** Bundles of machines, as the forge keeps them for whatever head it is asked about; null while it does not answer. */
    filed: string[] | null;
    /** Whom rig:root lists as machines. */
    machines: Identity[];
  };
  /** Has the workflow of the base branch sign for the signed head, or what `change` makes of both, and files that at the forge. */
  attest(change?: { readonly headSHA?: string; readonly run?: object }): Promise<void>;
  /** Files an Approval of the person that consents to these, which the check counts, and resolves when it has been seen. */
  approve(name: string, consents: { manifests?: readonly Manifest[]; removals?: readonly Manifest[] }): Promise<void>;
  /** Deletes an Approval, and resolves when that has been seen. */
  revoke(name: string): Promise<void>;
  /** Ends a replica: the first, or the one of that number. The other goes on, if it has been started. */
  stop(replica?: 0 | 1): Promise<void>;
  /** Starts a replica that knows nothing yet. */
  start(replica?: 0 | 1): Promise<void>;
  /** The objects of a folder of `config/admission`, calling this process. */
  webhooks(folder: 'webhooks' | 'cluster'): Promise<KubeObject[]>;
}

/** Everything but the webhook configurations, which the test applies when it wants them. */
export async function startAdmission(t: Pick<TestContext, 'after'>, cluster: TestCluster): Promise<TestAdmission> {
  const client = new KubeClient(loadKubeConfig({ path: cluster.kubeconfigPath }));
  t.after(() => client.close());
  const signing = await started(t as TestContext);
  const root = readTrust(JSON.stringify(signing.root));
  const clusterUID = (await client.get(NAMESPACES, { name: 'kube-system' })).metadata.uid!;
  const world: TestAdmission['world'] = {
    fate: { state: 'merged', headSHA: HEAD, baseRef: 'main', at: Date.now() + 60_000 },
    listed: true,
    revoked: false,
    counted: true,
    ahead: 0,
    trust: 'there',
    mayGoOn: false,
    unreadable: false,
    slow: null,
    impostor: null,
    filed: [],
    machines: [{ subject: workflowName, issuer: signing.ciIssuer }],
  };
  const human = { subject: person.email, issuer: signing.url, logins: [], groups: [] };
  const trust = async () => {
    await world.slow;
    if (world.trust === 'gone') throw new Error('There is no trusted root.');
    const openText = (bundle: string) => {
      try {
        return openBundle(bundle, root);
      } catch {
        return null;
      }
    };
    const open = ({ spec }: KnownApproval) => openText(spec.bundle);
    const humans = world.listed ? [human] : [];
    const [revoked, counted] = [() => world.revoked, () => world.counted];
    return { humans, machines: world.machines, revoked, counted, open, openText };
  };
  const signatures = () => new Signatures(client, trustObjects.namespace, Date.now);
  const isThere = async ({ namespace, name, uid }: HeldIn) =>
    (await client.find(APPROVALS, { namespace, name }))?.metadata.uid === uid;

  const authorityDir = await mkdtemp(join(tmpdir(), 'rig-authority-'));
  t.after(() => rm(authorityDir, { recursive: true, force: true }));
  const authority = await makeAuthority('rig-verifier', Date.now());
  await writeFile(join(authorityDir, 'tls.crt'), authority.certificate);
  await writeFile(join(authorityDir, 'tls.key'), authority.key);

  /** One process of the verifier, as far as admission goes: with caches of its own, that are empty when it starts. */
  const startReplica = async () => {
    const manager = new Manager({ client, logger: silentLogger });
    const approvals = manager.informer(APPROVALS);
    const policies = manager.informer(POLICIES);
    const memory = signatures();
    const consents = new Consents({
      approvals,
      clusterUID: async () => clusterUID,
      fate: async () => world.fate,
      // One that has asked nothing yet, so that what is filed now is known now.
      machines: (document, view) => new Machines(machineSources(world)).of(document, view),
      now: () => Date.now() + world.ahead,
      trust: async () => ({ ...(await trust()), kept: await memory.consents(0) }),
    });
    const mayGoOn = async () => world.mayGoOn;
    const whole = (asked: Asked) => wholeOf(world.unreadable ? nobody : client, asked);
    const judged = new Admission({ consents, policies, mayGoOn, wholeOf: whole, logger: silentLogger });
    const app = admissionRoutes(judged, silentLogger);
    const listenOn = { host: '127.0.0.1', port: 0 };
    const settings = { listen: listenOn, authorityDir, hosts: ['127.0.0.1'], now: Date.now, lookEveryMs: 50 };
    const server = await serveAdmission(settings, app, silentLogger);
    manager.start();
    const stop = async () => {
      await server.close();
      await manager.stop({ graceMs: 0 });
    };
    return { port: server.port, approvals, policies, stop };
  };
  type Replica = Awaited<ReturnType<typeof startReplica>>;
  const replicas = new Map<0 | 1, Replica>();
  const stop = async (which: 0 | 1 = 0) => {
    const replica = replicas.get(which);
    replicas.delete(which);
    await replica?.stop();
  };
  t.after(() => Promise.all([stop(0), stop(1)]));
  const start = async (which: 0 | 1 = 0) => {
    if (!replicas.has(which)) replicas.set(which, await startReplica());
  };
  await start();
  const [first] = replicas.values();
  await Promise.all([first!.approvals.waitForSync(), first!.policies.waitForSync()]);
  const port = await startService(t, () =>
    world.impostor === null ? [...replicas.values()].map((replica) => replica.port) : [world.impostor],
  );
  const everybody = (sees: (approvals: Replica['approvals']) => boolean) =>
    [...replicas.values()].every(({ approvals }) => sees(approvals));

  return {
    client,
    port,
    authorityDir,
    questionsURL: `https://127.0.0.1:${port}`,
    world,
    stop,
    start,
    async approve(name, { manifests = [], removals = [] }) {
      const digests = [
        ...manifests.map((one) => manifestDigest(one, hash)),
        ...removals.map((one) => removalDigest(one, hash)),
      ];
      const issue = { name: `issue-of-${name}`, uid: `uid-of-${name}` };
      const input = approvalInput('merge');
      const document = approvalDocument({
        ...input,
        ...issue,
        clusterUID,
        namespace: TENANT,
        change: { ...input.change!, headSHA: HEAD, manifests: digests },
      });
      const statement = JSON.stringify(approvalStatement(document, approvalDigest(document, sha256)));
      const bundle = await signStatement(statement, {
        payloadType: statementPayloadType,
        identityToken: await signedIn(signing.url),
        services: { fulcioURL: signing.url, rekorURL: signing.url },
      });
      const { metadata } = await client.create(APPROVALS, {
        apiVersion,
        kind: 'Approval',
        metadata: { namespace: TENANT, name },
        spec: { issueRef: issue, scope: 'merge', bundle },
      } as Approval as KnownApproval);
      const opened = openBundle(bundle, root);
      const signer = { scope: 'merge', humans: [human], machines: [], now: Date.now(), sha256 } as const;
      const { signature } = judgeSigned(opened, { ...signer, revoked: () => false });
      const pull = document as unknown as ApprovedPull;
      const consent = { approval: `${TENANT}/${name}`, signedAt: opened.signedAt, pull, manifests: digests };
      await signatures().hold(signature!, { namespace: TENANT, name, uid: metadata.uid! }, consent);
      await until('the Approval was seen', () => everybody((all) => all.get(TENANT, name) !== undefined));
    },
    async attest({ headSHA = HEAD, run = {} } = {}) {
      const { repositoryId } = approvalInput('merge').forge;
      const statement = changeStatement({ repositoryId, headSHA }, { sha256: hash });
      world.filed = [...(world.filed ?? []), await signedByWorkflow(signing, statement, run)];
    },
    async revoke(name) {
      await client.delete(APPROVALS, { namespace: TENANT, name });
      await until('the Approval is gone', () => everybody((all) => all.get(TENANT, name) === undefined));
      await signatures().sweep(isThere);
    },
    async webhooks(folder) {
      const file = join(import.meta.dirname, '../../config/admission', folder, 'webhooks.yaml');
      const objects = parseAllDocuments(await readFile(file, 'utf8')).map((one) => one.toJS() as KubeObject);
      const caBundle = await readFile(join(authorityDir, 'tls.crt'), 'base64');
      return objects
        .filter(({ kind }) => kind === 'ValidatingWebhookConfiguration')
        .map((object) => called(object as Configuration, { port, caBundle }));
    },
  };
}

/** Who may read nothing. */
const nobody = { get: () => Promise.reject(new KubeError('Forbidden', 'rig-verifier may not get that.')) };

/** The forge and the Repository that documents name, with whatever is filed there. */
function machineSources({ filed }: Pick<TestAdmission['world'], 'filed'>): MachineSources {
  const { host, repositoryId } = approvalInput('merge').forge;
  const repository = { spec: { owner: 'acme', name: 'shop' }, status: { forge: { repositoryID: repositoryId } } };
  const attestations = async () => {
    if (filed === null) throw new Error('The forge does not answer.');
    return filed;
  };
  return {
    repositories: { list: () => [repository as never] },
    forges: { forRepository: async () => ({ host, forge: { attestations } }) },
    now: Date.now,
  };
}

/** What a Service does: each connection goes to one of the replicas that are there, in turn; to none, where none is. */
async function startService(t: Pick<TestContext, 'after'>, ports: () => readonly number[]): Promise<number> {
  let turn = 0;
  const server = createServer((socket) => {
    const there = ports();
    const port = there[turn++ % there.length];
    if (port === undefined) return void socket.destroy();
    const replica = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [socket, replica],
      [replica, socket],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    socket.pipe(replica).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  return (server.address() as AddressInfo).port;
}

interface Configuration extends KubeObject {
  webhooks: { clientConfig: { service?: { path: string }; url?: string; caBundle?: string } }[];
}

/** No Service has an address here: the API server calls the same paths by URL. */
function called(object: Configuration, { port, caBundle }: { port: number; caBundle: string }): KubeObject {
  const webhooks = object.webhooks.map(({ clientConfig: { service }, ...webhook }) => ({
    ...webhook,
    clientConfig: { url: `https://127.0.0.1:${port}${service!.path}`, caBundle },
  }));
  return { ...object, webhooks } as KubeObject;
}
