import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent, Issue, Repository } from '#crds';
import { checkJob, hasImage, jobName, type Run } from './job.ts';

interface Container {
  image: string;
  command: string[];
  env: { name: string; value: string }[];
  resources: object;
  securityContext: object;
  volumeMounts: { name: string }[];
}
interface Pod {
  restartPolicy: string;
  serviceAccountName: string;
  automountServiceAccountToken: boolean;
  enableServiceLinks: boolean;
  securityContext: { runAsNonRoot: boolean; runAsUser: number };
  nodeSelector?: object;
  tolerations?: { key: string }[];
  containers: Container[];
  volumes: object[];
}

const issue = { metadata: { name: 'shop-7', namespace: 'team-a', uid: 'u' } } as unknown as Issue;
const agent = {
  metadata: { name: 'dev-e' },
  spec: {
    image: 'rig-agent-runtime:node',
    nodeSelector: { disk: 'fast' },
    tolerations: [{ key: 'rig.dashecorp.com/host-process', operator: 'Exists' }],
    allowUnisolated: false,
  },
} as unknown as Agent;
const run: Run = { check: 'smoke', job: 'smoke-1-2', url: 'https://shop.example.org/', revision: 'e'.repeat(40) };

function made(verify: object = {}, over: Partial<Run> = {}, of: Agent | null = agent) {
  const spec = { verify: { smoke: 'curl -fsS "$RIG_URL"', timeoutMinutes: 30, ...verify } };
  const job = checkJob(issue, { spec } as unknown as Repository, of ?? undefined, { ...run, ...over }) as unknown as {
    metadata: { name: string; labels: object };
    spec: {
      backoffLimit: number;
      activeDeadlineSeconds: number;
      template: { metadata: { labels: object; annotations?: object }; spec: Pod };
    };
  };
  return { job, pod: job.spec.template.spec, container: job.spec.template.spec.containers[0]! };
}

test('a check runs once, for as long as the Repository gives it, under a name of its own for each run', () => {
  const { job, pod } = made({ timeoutMinutes: 2 });
  assert.equal(job.metadata.name, 'shop-7-smoke-1-2');
  assert.deepEqual([job.spec.backoffLimit, job.spec.activeDeadlineSeconds, pod.restartPolicy], [0, 120, 'Never']);
  const marks = { 'rig.dashecorp.com/verify': 'smoke', 'rig.dashecorp.com/issue': 'shop-7' };
  assert.deepEqual([job.metadata.labels, job.spec.template.metadata.labels], [marks, marks]);
});

test('a check has no token, no service links, no volume but an empty one, and no right that restricted does not give', () => {
  const { pod, container } = made();
  assert.deepEqual(
    [pod.serviceAccountName, pod.automountServiceAccountToken, pod.enableServiceLinks],
    ['rig-agent', false, false],
  );
  assert.deepEqual(pod.volumes, [{ name: 'tmp', emptyDir: { sizeLimit: '10Gi' } }]);
  assert.deepEqual(
    container.volumeMounts.map(({ name }) => name),
    ['tmp'],
  );
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.deepEqual(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
});

test('a check is told the URL, the revision and a home, and nothing of the rig', () => {
  const { container } = made();
  assert.deepEqual(container.env, [
    { name: 'RIG_URL', value: 'https://shop.example.org/' },
    { name: 'RIG_REVISION', value: 'e'.repeat(40) },
    { name: 'HOME', value: '/tmp' },
  ]);
});

test('a URL is never part of the command, and names of variables in it stay words', () => {
  const url = 'https://shop.example.org/?a=$(RIG_REVISION);reboot';
  const { container } = made({}, { url });
  assert.deepEqual(container.command, ['sh', '-c', 'curl -fsS "$RIG_URL"']);
  assert.equal(container.env[0]?.value, 'https://shop.example.org/?a=$$(RIG_REVISION);reboot');
});

test('a check runs where the agent that made the change ran, in its image unless the Repository names one', () => {
  const { pod, container } = made();
  assert.deepEqual([container.image, pod.nodeSelector], ['rig-agent-runtime:node', { disk: 'fast' }]);
  assert.deepEqual(
    pod.tolerations?.map(({ key }) => key),
    ['rig.dashecorp.com/host-process'],
  );
  const own = made({ image: 'registry.example.org/checks:1' }, {}, null);
  assert.equal(own.container.image, 'registry.example.org/checks:1');
  assert.equal(own.pod.tolerations, undefined);
  assert.deepEqual(
    [hasImage({ spec: { verify: {} } } as Repository, undefined), hasImage({ spec: {} } as Repository, agent)],
    [false, true],
  );
});

test('a node that does not isolate takes a check only if the agent’s own pods may run there', () => {
  const loose = { ...agent, spec: { ...agent.spec, allowUnisolated: true } } as Agent;
  assert.ok(made({}, {}, loose).pod.tolerations?.some(({ key }) => key === 'rig.dashecorp.com/unisolated'));
});

test('the Jobs of issues with long names differ, and their labels fit', () => {
  const long = 'a'.repeat(60);
  assert.notEqual(jobName(long, 'smoke-1-1'), jobName(long, 'smoke-1-2'));
  assert.ok(jobName(long, 'smoke-1-1').length <= 63);
});
