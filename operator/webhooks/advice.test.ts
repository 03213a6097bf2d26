import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotations, labels } from '#crds';
import type { KubeObject } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { adviceOn, type Surroundings } from './advice.ts';
import { createWebhooks } from './server.ts';

const at = (name: string, spec: object, namespace = 'blue') => ({ metadata: { name, namespace }, spec });
const apiURL = 'https://api.github.com';
const minimist = at('minimist', { owner: 'acme', name: 'minimist', apiURL });
const forgeSecret = {
  metadata: {
    name: 'token',
    labels: { [labels.forge]: 'true' },
    annotations: { [annotations.forgeHost]: 'api.github.com' },
  },
};

function world(over: Partial<Surroundings> = {}): Surroundings {
  return {
    repositories: () => [minimist] as never,
    issue: () => undefined,
    secret: async (_, name) => (name === 'token' ? (forgeSecret as unknown as KubeObject) : undefined),
    ...over,
  };
}
const on = (kind: string, object: object, around = world()) => adviceOn(kind, object as KubeObject, around);

test('an Issue of a Repository that is there is admitted without a word', async () => {
  assert.deepEqual(await on('Issue', at('one', { repositoryRef: { name: 'minimist' } })), []);
});

test('an Issue that names what is not in its namespace is told so, also when it is in another', async () => {
  const issue = at('one', { repositoryRef: { name: 'minimist' }, dependsOn: [{ name: 'gone' }] }, 'green');
  const said = await on('Issue', issue);
  assert.deepEqual(said, [
    'spec.repositoryRef: there is no Repository minimist in green; the Issue waits until there is.',
    'spec.dependsOn: there is no Issue gone in green; this one waits for it.',
  ]);
});

test('a second Repository of one forge repository is told of the first, however it is written', async () => {
  const twin = at('again', { owner: 'ACME', name: 'Minimist', apiURL, requiredChecks: { kind: 'listed' } }, 'green');
  assert.match((await on('Repository', twin)).join(), /followed by Repository blue\/minimist already/);
  assert.deepEqual(await on('Repository', { ...minimist, spec: { ...minimist.spec, requiredChecks: {} } }), []);
});

test('a Secret that is missing, not labelled or for another host is named with its field', async () => {
  const repository = (name: string, url = apiURL) =>
    at('other', { owner: 'acme', name: 'other', apiURL: url, requiredChecks: {}, credentialsSecretRef: { name } });
  assert.deepEqual(await on('Repository', repository('none')), [
    'spec.credentialsSecretRef: there is no Secret none in blue yet.',
  ]);
  assert.match(
    (await on('Repository', repository('token', 'https://forge.example/api/v3'))).join(),
    /not to forge\.example/,
  );
  const bare = world({ secret: async () => ({ metadata: { name: 'token' } }) as KubeObject });
  assert.match(
    (await on('Repository', repository('token'), bare)).join(),
    /lacks the label rig\.dashecorp\.com\/forge/,
  );
});

test('a Repository that does without a ruleset is told what is left', async () => {
  const enforcement = { kind: 'none', because: 'The plan has none.' };
  const said = await on('Repository', { ...minimist, spec: { ...minimist.spec, requiredChecks: {}, enforcement } });
  assert.match(said.join(), /^spec\.enforcement: the forge holds merges to nothing/);
});

test('a Repository that believes the account of every workflow what is live is told whom it believes', async () => {
  const believing = async (reporter: string) => {
    const deploy = { kind: 'deployments', settings: { reporter } };
    return on('Repository', { ...minimist, spec: { ...minimist.spec, requiredChecks: {}, deploy } });
  };
  assert.deepEqual(await believing('deployer'), []);
  assert.match(
    (await believing('GitHub-Actions[bot]')).join(),
    /^spec\.deploy\.settings\.reporter: github-actions\[bot\] is the/,
  );
});

test('an Agent without a model, without a version, or open to nodes that it cannot reach is told of each', async () => {
  const agent = at('dev-e', { models: {}, image: 'rig-agent-runtime', allowUnisolated: true });
  const said = await on('Agent', agent);
  assert.equal(said.length, 3);
  assert.match(said.join('\n'), /spec\.models.*\n.*host-process.*\n.*names no version/s);
  const good = at('dev-e', { models: { default: {} }, image: 'registry.example:5000/rig-agent-runtime:node' });
  assert.deepEqual(await on('Agent', good), []);
});

const review = (object: object | null) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u1',
    kind: { group: 'rig.dashecorp.com', version: 'v1alpha1', kind: 'Issue' },
    namespace: 'blue',
    object,
  },
});

async function post(body: unknown, around = world()) {
  const app = createWebhooks(around, silentLogger);
  const answer = await app.request('/admission/advice', {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}

test('whatever is wrong, the webhook admits: with warnings, without an object, without its surroundings', async () => {
  const issue = { metadata: { name: 'one' }, spec: { repositoryRef: { name: 'none' } } };
  const failing = world({
    repositories: () => {
      throw new Error('no caches');
    },
  });
  for (const [object, around, warned] of [
    [issue, world(), true],
    [null, world(), false],
    [issue, failing, false],
  ] as const) {
    const { response } = JSON.parse((await post(review(object), around)).text);
    assert.equal(response.allowed, true);
    assert.equal(response.uid, 'u1');
    assert.equal(response.warnings !== undefined, warned);
  }
});

test('a warning is at most 256 characters and there are at most eight', async () => {
  const dependsOn = Array.from({ length: 20 }, (_, index) => ({ name: `${index}${'x'.repeat(300)}` }));
  const issue = { metadata: { name: 'one' }, spec: { repositoryRef: { name: 'none' }, dependsOn } };
  const { response } = JSON.parse((await post(review(issue))).text);
  assert.equal(response.warnings.length, 8);
  assert.ok(response.warnings.every((one: string) => one.length <= 256));
});

test('what is no AdmissionReview is refused with one sentence', async () => {
  for (const body of ['{', '{}', JSON.stringify({ ...review(null), apiVersion: 'admission.k8s.io/v1beta1' })]) {
    const { status, text } = await post(body);
    assert.equal(status, 400);
    assert.match(text, /^The body is not .*\.$/);
  }
});
