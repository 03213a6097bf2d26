import { annotations, apiVersion, type Issue } from '#crds';
import { KubeClient, loadKubeConfig } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { clusterLife, testCluster } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { agentsReady, clusterConductor } from '../api/cluster.int-kit.ts';
import { repositoryReady, type TestConductor } from '../api/conductor.int-kit.ts';
import { applyIssue, applyTenant } from '../api/objects.int-kit.ts';
import { ISSUES } from '../objects.ts';
import { IssueController } from './controller.ts';

/** A conductor that looks at Issues of a tenant over the real API server, with two people of the cluster who speak on them. */
export class PeopleRig {
  readonly rig: TestConductor;
  readonly ada: KubeClient;
  readonly bob: KubeClient;

  private constructor(rig: TestConductor, ada: KubeClient, bob: KubeClient) {
    this.rig = rig;
    this.ada = ada;
    this.bob = bob;
  }

  /** Ready once the API server lets nobody write another's name in the annotation `by`. */
  static async start(by: 'ackBy' | 'prepareBy'): Promise<PeopleRig> {
    const rig = await clusterConductor();
    const issues = new IssueController(rig.conductor, silentLogger);
    rig.grown.add((subject, growth) => issues.grew(subject, growth));
    rig.manager.start();
    await applyTenant(rig);
    await repositoryReady(rig);
    await agentsReady(rig);
    await issues.controller.start();
    clusterLife.after(() => issues.controller.stop({ graceMs: 100 }));
    const people = new PeopleRig(rig, await userOf(rig, 'ada'), await userOf(rig, 'bob'));
    await people.#policyEnforced(annotations[by]);
    return people;
  }

  /** A user of the cluster who may work with Issues in the tenant's namespace, and nothing else. */
  user(name: string, binding: string): Promise<KubeClient> {
    return userOf(this.rig, name, binding);
  }

  ref(name: string) {
    return { namespace: this.rig.namespace, name };
  }

  get(name: string): Promise<Issue> {
    return this.rig.client.get(ISSUES, this.ref(name));
  }

  /** An Issue of a new issue at the forge. */
  async issue(name: string, spec: Partial<Issue['spec']>): Promise<void> {
    const { body } = await this.rig.world.rest('boss', 'POST /repos/acme/widgets/issues', { title: name }, 201);
    await applyIssue(this.rig, name, { number: body.number, ...spec });
  }

  /** T3 work that waits for the person who drives it. */
  async irreversible(name: string): Promise<Issue> {
    await this.issue(name, { tier: 'T3' });
    return until(`${name} waits`, async () => {
      const issue = await this.get(name);
      // Before the policy was seen another question may be asked.
      return issue.status?.escalation?.reason === 'IrreversibleTier' ? issue : undefined;
    });
  }

  /** A policy holds some time after it was applied. */
  async #policyEnforced(by: string): Promise<void> {
    const metadata = { ...this.ref('forged'), annotations: { [by]: 'ada' } };
    const spec = { repositoryRef: { name: 'widgets' }, title: 'Forged' };
    const forged = { apiVersion, kind: 'Issue', metadata, spec } as unknown as Issue;
    await until('the policy is enforced', () =>
      this.bob.create(ISSUES, forged, { dryRun: true }).then(
        () => false,
        ({ code }) => code === 'Forbidden',
      ),
    );
  }
}

async function userOf({ namespace }: TestConductor, name: string, binding = name): Promise<KubeClient> {
  const cluster = await testCluster();
  for (const role of ['rig-view', 'rig-edit'])
    await cluster.kubectl(
      ...['create', 'rolebinding', `${binding}-${role}`, `--clusterrole=${role}`, `--user=${name}`, '-n', namespace],
    );
  const client = new KubeClient(loadKubeConfig({ path: cluster.kubeconfigPath, impersonate: name }));
  clusterLife.after(() => client.close());
  return client;
}
