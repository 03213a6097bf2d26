import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersionOf, keyOf, LEASES, NODES, PODS, resourcePath, splitKey } from './resource.ts';

test('paths of core and grouped, namespaced and cluster-scoped kinds', () => {
  assert.equal(resourcePath(PODS), '/api/v1/pods');
  assert.equal(
    resourcePath(PODS, { namespace: 'a', name: 'b', subresource: 'log' }),
    '/api/v1/namespaces/a/pods/b/log',
  );
  assert.equal(resourcePath(NODES, { namespace: 'ignored', name: 'n' }), '/api/v1/nodes/n');
  assert.equal(resourcePath(LEASES, { namespace: 'a' }), '/apis/coordination.k8s.io/v1/namespaces/a/leases');
  assert.equal(apiVersionOf(LEASES), 'coordination.k8s.io/v1');
});

test('a name cannot escape its segment of the path', () => {
  assert.equal(resourcePath(PODS, { namespace: 'a', name: 'x/../y?z' }), '/api/v1/namespaces/a/pods/x%2F..%2Fy%3Fz');
  for (const name of ['..', '.', '']) {
    assert.throws(() => resourcePath(PODS, { namespace: 'a', name }), { code: 'BadRequest' });
    assert.throws(() => resourcePath(PODS, { namespace: name, name: 'b' }), { code: 'BadRequest' });
  }
});

test('a key can be taken apart again', () => {
  for (const ref of [{ namespace: 'a', name: 'b' }, { name: 'node-1' }]) assert.deepEqual(splitKey(keyOf(ref)), ref);
});
