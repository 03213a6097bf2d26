import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '#lib/observe';
import type { Answer } from './review.ts';
import { admissionRoutes } from './routes.ts';

const MIB = 1_048_576;

const review = (padding = 0) =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u1',
      operation: 'CREATE',
      kind: { group: '', version: 'v1', kind: 'Secret' },
      namespace: 'shop',
      name: 'db',
      userInfo: { username: 'flux' },
      object: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, data: { padding: 'x'.repeat(padding) } },
    },
  });

/** Routes whose answers wait for the test. */
function setUp() {
  const gate = Promise.withResolvers<Answer>();
  const judge = () => gate.promise;
  const app = admissionRoutes({ consent: judge, issueStatus: judge }, silentLogger);
  const post = (body: string, path = '/admission/consent') => app.request(path, { method: 'POST', body });
  return { post, answer: () => gate.resolve({ state: 'refused', message: 'Nobody consented.' }) };
}

test('what is no review of a write is refused by name, and never allowed', async () => {
  const { post, answer } = setUp();
  answer();
  const connect = review().replace('CREATE', 'CONNECT');
  const gone = review().replace('"object"', '"another"');
  for (const path of ['/admission/consent', '/admission/issue-status'])
    for (const body of ['', '{', '[]', '{}', connect, gone, review().replace('/v1"', '/v1beta1"')]) {
      const answered = await post(body, path);
      assert.equal(answered.status, 400, body);
      assert.doesNotMatch(await answered.text(), /"allowed":true/);
    }
});

test('a body over what an API server can send is refused', async () => {
  const { post } = setUp();
  assert.equal((await post(review(4 * MIB))).status, 413);
});

test('more bodies than there is room for are told to come again, and are judged when there is', async () => {
  const { post, answer } = setUp();
  const held = Array.from({ length: 16 }, () => post(review(3.9 * MIB)));
  const over = Array.from({ length: 4 }, () => post(review(3.9 * MIB)));
  const first = await Promise.race(over);
  assert.equal(first.status, 503);
  assert.equal(first.headers.get('retry-after'), '10');
  answer();
  for (const one of await Promise.all(held)) assert.ok([200, 503].includes(one.status));
  await Promise.all(over);
  assert.equal((await post(review(3.9 * MIB))).status, 200);
});
