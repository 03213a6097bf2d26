import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { Agent, request } from 'undici';
import { KubeClient, loadKubeConfig } from '#lib/kube';
import { served } from '../crds/fixtures.int-kit.ts';
import { ownCluster, type TestCluster } from '../test/kit/cluster.ts';
import { until } from '../test/kit/cluster-wait.ts';
import { httpOf, isExpected, MAY, type Request, requests, SYSTEM, TENANT, VIRTUAL } from './permissions.int-kit.ts';

const AT_A_TIME = 24;

let cluster: TestCluster;
let admin: KubeClient;
/** Sends as a person with all rights who acts as somebody else. */
let send: (user: string | undefined, what: { method: string; path: string }, headers?: object) => Promise<Answer>;

interface Answer {
  readonly status: number;
  readonly text: string;
}

const userOf = (account: string) => `system:serviceaccount:${account}`;

before(async () => {
  // Bindings of other tests give rights too.
  cluster = await ownCluster();
  await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-k', join(import.meta.dirname, 'local'));
  admin = new KubeClient(loadKubeConfig({ path: cluster.kubeconfigPath }));
  await served(admin, TENANT);
  const { user } = cluster.kubeconfig.users[0];
  const pem = (data = '') => Buffer.from(data, 'base64').toString('utf8');
  const ca = pem(cluster.kubeconfig.clusters[0].cluster['certificate-authority-data']);
  const certificate = { cert: pem(user['client-certificate-data']), key: pem(user['client-key-data']) };
  const own = new Agent({ connect: { ca, ...certificate }, connections: AT_A_TIME });
  const bare = new Agent({ connect: { ca } });
  send = async (as, { method, path }, headers = {}) => {
    const body = method === 'GET' || method === 'DELETE' ? undefined : '{}';
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const { statusCode, body: answer } = await request(cluster.serverURL + path, {
      method: method as 'GET',
      dispatcher: as === undefined ? bare : own,
      headers: { 'content-type': type, ...(as === undefined ? {} : { 'impersonate-user': as }), ...headers },
      ...(body === undefined ? {} : { body }),
    });
    return { status: statusCode, text: await answer.text() };
  };
});

/** Refused by who asks; every other answer, also "not found" and "not valid", comes after that. */
const isRefused = ({ status, text }: Answer) => status === 403 && / cannot | is not allowed /.test(text);

async function eachAtATime(asked: readonly Request[], handle: (one: Request) => Promise<void>): Promise<void> {
  const rest = [...asked];
  const worker = async () => {
    for (let one = rest.pop(); one !== undefined; one = rest.pop()) await handle(one);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

const sentence = (account: string, { verb, target, namespace, name }: Request) =>
  `${account} ${verb} ${target.title} ${name} in ${namespace ?? 'all'}`;

test('the authorizer has seen every rule of the table', async () => {
  for (const account of Object.keys(MAY)) {
    const expected = requests().filter((one) => isExpected(account, one));
    await eachAtATime(expected, async (one) => {
      await until(sentence(account, one), async () => !isRefused(await send(userOf(account), httpOf(one))), 10_000);
    });
  }
});

for (const account of Object.keys(MAY)) {
  test(`${account} is refused everything that the table does not allow, by requests really made`, async () => {
    const unexpected: string[] = [];
    const asked = requests().filter((one) => !isExpected(account, one));
    assert.ok(asked.length > 700);
    await eachAtATime(asked, async (one) => {
      if (!isRefused(await send(userOf(account), httpOf(one)))) unexpected.push(sentence(account, one));
    });
    assert.deepEqual(unexpected, []);
  });
}

test('no line of the table is without a request that tries it', () => {
  for (const [account, lines] of Object.entries(MAY)) {
    for (const line of lines)
      for (const title of line.split(' ')[1]!.split(','))
        if (!title.endsWith('/finalizers'))
          assert.ok(
            requests().some((one) => one.target.title === title),
            `${account}: ${title}`,
          );
  }
});

test('the conductor may act as its intake, and nobody may act as anybody else', async () => {
  const issue = { method: 'POST', path: `/apis/rig.dashecorp.com/v1alpha1/namespaces/${TENANT}/issues?dryRun=All` };
  const users = ['system:admin', userOf('kube-system:default'), ...Object.keys(MAY).map(userOf)];
  for (const account of Object.keys(MAY)) {
    const [namespace = '', name = ''] = account.split(':');
    const { token } = await admin.createToken({ namespace, name }, { audiences: [], expirationSeconds: 600 });
    for (const user of users) {
      const headers = { authorization: `Bearer ${token}`, 'impersonate-user': user };
      const answer = await send(undefined, issue, headers);
      const mayBe = account === `${SYSTEM}:rig-conductor` && user === userOf(`${SYSTEM}:rig-intake`);
      assert.equal(/cannot impersonate/.test(answer.text), !mayBe, `${account} as ${user}: ${answer.text}`);
      if (mayBe) assert.ok([400, 422].includes(answer.status), answer.text);
    }
    const groups = {
      authorization: `Bearer ${token}`,
      'impersonate-user': userOf(`${SYSTEM}:rig-intake`),
      'impersonate-group': 'system:masters',
    };
    assert.match((await send(undefined, issue, groups)).text, /cannot impersonate/);
  }
});

test('nobody of the rig may give a role away, widen one, vouch for a certificate, or act as anybody but the conductor as its intake', async () => {
  for (const account of Object.keys(MAY)) {
    const allowed: string[] = [];
    for (const { verb, group, resource, subresource = '', namespace = '', name } of VIRTUAL) {
      const [own = ''] = account.split(':');
      const review = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: userOf(account),
          groups: ['system:serviceaccounts', `system:serviceaccounts:${own}`, 'system:authenticated'],
          resourceAttributes: { verb, group, resource, subresource, namespace, name },
        },
      };
      const answer = await cluster.api.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
      if ((answer as { status: { allowed: boolean } }).status.allowed)
        allowed.push(`${verb} ${resource} ${namespace}/${name}`);
    }
    const expected = account === `${SYSTEM}:rig-conductor` ? [`impersonate serviceaccounts ${SYSTEM}/rig-intake`] : [];
    assert.deepEqual(allowed, expected, account);
  }
});
