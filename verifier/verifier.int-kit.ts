import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parse } from 'yaml';
import {
  type Approval,
  apiVersion,
  type Issue,
  type Repository,
  type TierPolicy,
  trustObjects,
  verifierObjects,
} from '#crds';
import {
  APPROVAL_CHECK,
  approvalDigest,
  approvalDocument,
  approvalStatement,
  approvedChange,
  manifestPaths,
  statementPayloadType,
  type Tier,
} from '#domain';
import { signStatement } from '#lib/attest';
import { gitIn, readChange } from '#lib/change';
import { CONFIG_MAPS, type KubeClient, type KubeObject, NAMESPACES, type Resource, realClock } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { readDocuments } from '#lib/yaml';
import { FakeClient } from '../lib/kube/fake-client.ts';
import { World } from '../local/forge/testing/world.ts';
import type { RunningTrust } from '../local/trust/index.ts';
import { person, signedIn, started } from '../local/trust/trust.int-kit.ts';
import { until } from '../test/kit/cluster-wait.ts';
import { APPROVALS, ISSUES, REPOSITORIES, TIER_POLICIES } from './objects.ts';
import { startVerifier, type Verifier } from './verifier.ts';

export const TENANT = 'tenant-a';
const APP = 'rig-verifier';
const MAPS = CONFIG_MAPS as Resource<KubeObject & { data: Record<string, string> }>;
const CLUSTER = 'uid-of-kube-system';
const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

/** What T3 looks like: a manifest of access. */
export const RBAC = 'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: all }\nrules: []\n';

interface Run {
  readonly id: number;
  readonly status: string;
  readonly conclusion: string | null;
  readonly output: { readonly title: string; readonly summary: string };
}

/** A verifier of a Repository at the loopback forge, whose ruleset asks for its check, in a cluster in memory. */
export class VerifierRig {
  readonly world: World;
  readonly client = Object.assign(new FakeClient(realClock), { close: async () => {} }) as unknown as KubeClient;
  readonly trust: RunningTrust;
  readonly #data = mkdtempSync(join(tmpdir(), 'rig-verifier-'));
  verifier!: Verifier;

  private constructor(world: World, trust: RunningTrust) {
    this.world = world;
    this.trust = trust;
  }

  static async start(life: Pick<TestContext, 'after'>): Promise<VerifierRig> {
    const world = await World.start({ webhookRetrySeconds: [] });
    const rig = new VerifierRig(world, await started(life as TestContext));
    life.after(async () => {
      await rig.verifier.stop();
      await world.close();
      rmSync(rig.#data, { recursive: true, force: true });
    });
    await rig.#fillForge();
    await rig.#fillCluster();
    await rig.open();
    return rig;
  }

  async open({ pollMs = 1_000 } = {}): Promise<void> {
    const config = {
      kubeconfig: undefined,
      listen: { host: '127.0.0.1', port: 0 },
      metricsListen: undefined,
      admission: undefined,
      namespace: trustObjects.namespace,
      forgeAppDir: join(this.#data, 'app'),
      dataDir: this.#data,
      pollMs,
      forgeWriteIntervalMs: 0,
      identity: 'verifier-0',
    };
    this.verifier = await startVerifier(config, silentLogger, this.client);
    const url = `${this.verifier.listening.url}/webhooks/github`;
    await this.world.admin('PUT', `/apps/${APP}/webhook`, { url, secret: 'hint', events: ['pull_request'] });
  }

  async #fillForge(): Promise<void> {
    const { body: app } = await this.world.admin('POST', '/apps', { slug: APP });
    const { body: key } = await this.world.admin('POST', `/apps/${APP}/keys`, {});
    const permissions = { checks: 'write', contents: 'read', pull_requests: 'read' };
    await this.world.admin('POST', `/apps/${APP}/installations`, { account: 'acme', permissions });
    const checks = [{ context: APPROVAL_CHECK, integration_id: app.id }];
    await this.world.rest('boss', 'POST /repos/acme/widgets/rulesets', {
      name: 'rig',
      target: 'branch',
      enforcement: 'active',
      bypass_actors: [],
      conditions: { ref_name: { include: ['refs/heads/main'], exclude: [] } },
      rules: [
        {
          type: 'required_status_checks',
          parameters: { strict_required_status_checks_policy: false, required_status_checks: checks },
        },
      ],
    });
    const files = { apiURL: this.world.forge.apiURL, appId: app.id, privateKey: key.privateKey, webhookSecret: 'hint' };
    mkdirSync(join(this.#data, 'app'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.#data, 'app', name), String(text));
  }

  async #fillCluster(): Promise<void> {
    const { client } = this;
    await client.create(NAMESPACES, { metadata: { name: 'kube-system' } } as KubeObject);
    await client.create(TIER_POLICIES, policyOf('node'));
    await client.create(REPOSITORIES, this.#repository());
    const { humans, root, namespace } = trustObjects;
    for (const [{ name, key }, text] of [
      [humans, this.#people(person.email)],
      [root, JSON.stringify(this.trust.root)],
    ] as const)
      await client.create(MAPS, { metadata: { namespace, name }, data: { [key]: text } });
  }

  #people(email: string): string {
    return JSON.stringify({ humans: [{ subject: email, issuer: this.trust.url }] });
  }

  /** Has whoever signs in under this address, and nobody else, listed among the people. */
  async list(email: string): Promise<void> {
    const { humans, namespace } = trustObjects;
    const { metadata } = await this.client.get(MAPS, { namespace, name: humans.name });
    await this.client.replace(MAPS, { metadata, data: { [humans.key]: this.#people(email) } } as never);
  }

  #repository(): Repository & KubeObject {
    const { apiURL, url } = this.world.forge;
    const spec = { owner: 'acme', name: 'widgets', apiURL, cloneURL: `${url}/acme/widgets.git`, defaultBranch: 'main' };
    return {
      apiVersion,
      kind: 'Repository',
      metadata: { namespace: TENANT, name: 'widgets' },
      spec: { ...spec, raise: [], protectedPaths: [] },
    } as unknown as Repository & KubeObject;
  }

  /** An Issue of the Repository, whose branches are `rig/<name>/…`. */
  async issue(name: string, spec: Partial<Issue['spec']> = {}): Promise<Issue & KubeObject> {
    const made = {
      repositoryRef: { name: 'widgets' },
      number: 40,
      title: 'Do it',
      body: 'Well.',
      labels: [],
      dependsOn: [],
    };
    return this.client.create(ISSUES, {
      apiVersion,
      kind: 'Issue',
      metadata: { namespace: TENANT, name },
      spec: { ...made, source: 'kubectl', priority: 'normal', suspend: false, ...spec },
    } as unknown as Issue & KubeObject);
  }

  /** A branch with one more commit, pushed by dev. */
  async push(branch: string, path: string, text: string): Promise<string> {
    const { world } = this;
    await world.git('work', 'fetch', '-q', world.remote('dev'), '+refs/heads/*:refs/remotes/origin/*');
    const known = (await world.git('work', 'branch', '-r', '--list', `origin/${branch}`)) !== '';
    await world.git('work', 'checkout', '-q', '-B', branch, known ? `origin/${branch}` : 'origin/main');
    const sha = await world.commit('work', path, text, `change ${path}`);
    await world.git('work', 'push', '-q', world.remote('dev'), branch);
    return sha;
  }

  /** {@link push}, and its pull request. */
  async pull(
    branch: string,
    path: string,
    text: string,
    fields: Record<string, unknown> = {},
  ): Promise<{ sha: string; number: number }> {
    const sha = await this.push(branch, path, text);
    const { number } = await this.world.pull(branch, fields);
    return { sha, number };
  }

  /** Closes what is open, so that the next test waits for its own heads alone. */
  async closePulls(): Promise<void> {
    const { body } = await this.world.rest('boss', 'GET /repos/acme/widgets/pulls?state=open');
    for (const { number } of body)
      await this.world.rest('boss', `PATCH /repos/acme/widgets/pulls/${number}`, { state: 'closed' });
  }

  /** The newest report of the verifier on a commit, once it is this one. */
  async says(sha: string, conclusion: string): Promise<Run> {
    return until(`the check of ${sha} is ${conclusion}`, async () => {
      const run = await this.run(sha);
      if ((run?.conclusion ?? run?.status) === conclusion) return run;
      throw new Error(JSON.stringify(run));
    });
  }

  async run(sha: string): Promise<Run | undefined> {
    const at = `/repos/acme/widgets/commits/${sha}/check-runs?check_name=${encodeURIComponent(APPROVAL_CHECK)}`;
    const { body } = await this.world.rest('boss', `GET ${at}`);
    return body.check_runs.find((run: { app: { slug: string } }) => run.app.slug === APP);
  }

  /** What a merge by somebody is answered. */
  async merge(login: string, number: number): Promise<number> {
    const path = `/repos/acme/widgets/pulls/${number}/merge`;
    const { apiURL } = this.world.forge;
    const authorization = `token ${this.world.tokens.get(login)}`;
    return (await fetch(`${apiURL}${path}`, { method: 'PUT', headers: { authorization }, body: '{}' })).status;
  }

  /** What a person signs of the merge of a head, as the verifier would make it. */
  async bundle(
    issue: Issue,
    { number, sha }: { number: number; sha: string },
    tier: Tier = 'T3',
    over: { readonly manifests?: readonly string[] } = {},
  ): Promise<string> {
    const clone = join(this.world.dir, 'work');
    const base = await this.world.git('work', 'rev-parse', 'origin/main');
    const change = await readChange(gitIn(clone), { base, head: sha });
    const { files } = await change.withContent(manifestPaths(change.files));
    const { metadata, spec } = issue;
    const { body: repository } = await this.world.rest('boss', 'GET /repos/acme/widgets');
    const document = approvalDocument({
      scope: 'merge',
      clusterUID: (await this.client.get(NAMESPACES, { name: 'kube-system' })).metadata.uid ?? CLUSTER,
      namespace: TENANT,
      name: metadata.name!,
      uid: metadata.uid!,
      forge: { host: new URL(this.world.forge.apiURL).host, repositoryId: repository.id, number: spec.number ?? null },
      baseBranch: 'main',
      effectiveTier: tier,
      taskClass: 'feature',
      title: spec.title,
      body: spec.body ?? '',
      taskSpec: spec.taskSpec ?? null,
      change: {
        ...approvedChange(
          { number, headSHA: sha, baseSHA: change.mergeBases[0]!, files },
          { parse: readDocuments, sha256 },
        ),
        ...over,
      },
    });
    const { url } = this.trust;
    return signStatement(JSON.stringify(approvalStatement(document, approvalDigest(document, sha256))), {
      payloadType: statementPayloadType,
      identityToken: await signedIn(url),
      services: { fulcioURL: url, rekorURL: url },
    });
  }

  /** How many signatures are written down as counted. */
  async counted(): Promise<number> {
    return (await this.#written()).filter((text) => JSON.parse(text).counted === true).length;
  }

  /** How many heads are written down as let through. */
  async passed(): Promise<number> {
    const found = await this.client.find(MAPS, { namespace: trustObjects.namespace, name: verifierObjects.heads });
    return Object.keys(found?.data ?? {}).length;
  }

  /** How many signatures are written down. */
  async held(): Promise<number> {
    return (await this.#written()).length;
  }

  async #written(): Promise<string[]> {
    const found = await this.client.find(MAPS, { namespace: trustObjects.namespace, name: verifierObjects.signatures });
    return Object.values(found?.data ?? {});
  }

  async file(issue: Issue, name: string, bundle: string): Promise<void> {
    await this.client.create(APPROVALS, {
      apiVersion,
      kind: 'Approval',
      metadata: { namespace: TENANT, name },
      spec: { issueRef: { name: issue.metadata.name, uid: issue.metadata.uid }, scope: 'merge', bundle },
    } as unknown as Approval & KubeObject);
  }
}

function policyOf(name: string): TierPolicy & KubeObject {
  const policy = parse(readFileSync(join(import.meta.dirname, `../policies/tiers/${name}.yaml`), 'utf8'));
  return { ...policy, metadata: { name: 'default' } };
}
