import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AskedWrite, consentNeeded, manifestDigest } from '#domain';
import type { KubeClient } from '#lib/kube';
import { sha256 } from '../../domain/testing/approval.ts';
import { parseRequest } from './review.ts';
import { wholeOf } from './scale.ts';

const T3: Record<string, string> = { 'rig.dashecorp.com/tier': 'T3' };
const deployment = (replicas: number, labels: Record<string, string> = T3) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'payments', namespace: 'shop', labels, uid: 'u' },
  spec: { replicas, template: {} },
});
const scale = (replicas: number) => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name: 'payments', namespace: 'shop' },
  // As the API server writes it.
  spec: replicas === 0 ? {} : { replicas },
});
const request = (was: number, is: number, over: object = {}) => ({
  operation: 'UPDATE',
  kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  resource: { group: 'apps', version: 'v1', resource: 'deployments' },
  subResource: 'scale',
  namespace: 'shop',
  name: 'payments',
  userInfo: { username: 'ada' },
  object: scale(is),
  oldObject: scale(was),
  ...over,
});
const reads = (parent: object) => {
  const asked: unknown[] = [];
  const get = async (resource: { group: string; version: string; plural: string }, ref: object) => {
    asked.push([resource.group, resource.version, resource.plural, ref]);
    return parent;
  };
  return { asked, client: { get } as unknown as KubeClient };
};
const need = (asked: AskedWrite) => consentNeeded(asked, [], sha256);

test('who scales what is labelled is asked for consent to what is scaled, with that many replicas', async () => {
  for (const [was, is] of [
    [2, 0],
    [0, 2],
    [2, 3],
  ] as const) {
    const { client, asked } = reads(deployment(was));
    const answer = need(await wholeOf(client, parseRequest(request(was, is))));
    assert.deepEqual(asked, [['apps', 'v1', 'deployments', { namespace: 'shop', name: 'payments' }]]);
    assert.ok(answer.state === 'needed');
    assert.match(answer.need.because, /^Deployment shop\/payments needs the consent of a person: it is labelled/);
    assert.equal(answer.need.digest, manifestDigest(deployment(is), sha256));
  }
});

test('a scale of what nobody labelled, and one that changes nothing, need no consent', async () => {
  const of = async (parent: object, was: number, is: number) =>
    need(await wholeOf(reads(parent).client, parseRequest(request(was, is)))).state;
  assert.equal(await of(deployment(2, {}), 2, 0), 'passes');
  assert.equal(await of(deployment(2), 2, 2), 'passes');
});

test('of a kind that keeps the number of its replicas elsewhere no signature lets a labelled one be scaled', async () => {
  const workers = { ...deployment(3), kind: 'Pool', spec: { workers: 2, replicas: 3 } };
  const answer = need(await wholeOf(reads(workers).client, parseRequest(request(2, 3))));
  assert.ok(answer.state === 'needed');
  assert.notEqual(answer.need.digest, manifestDigest(workers, sha256));
});

test('what is scaled and cannot be read is not known to be free', async () => {
  const get = () => Promise.reject(new Error('Forbidden'));
  await assert.rejects(
    wholeOf({ get } as unknown as KubeClient, parseRequest(request(2, 0))),
    /deployments\.apps shop\/payments, cannot be read\. The ServiceAccount rig-verifier has to be allowed to get/,
  );
});

test('a scale of which it is not said what is scaled is no request', () => {
  for (const over of [{ resource: undefined }, { subResource: undefined }, { subResource: 'status' }])
    assert.throws(() => parseRequest(request(2, 0, over)), /does not say what is scaled/);
});

test('what is no scale is asked about as it is', async () => {
  const { client, asked } = reads({});
  const plain = request(2, 0, {
    kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    subResource: undefined,
    object: deployment(0),
    oldObject: deployment(2),
  });
  const whole = await wholeOf(client, parseRequest(plain));
  assert.deepEqual([whole.kind, whole.object, asked], ['Deployment', deployment(0), []]);
});
