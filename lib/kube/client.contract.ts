import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeClient } from './client.ts';
import { CONFIG_MAPS } from './resource.ts';
import type { KubeObject, Resource } from './types.ts';

export interface Widget extends KubeObject {
  spec?: { size?: number; color?: string; parts?: string[] };
  status?: { phase?: string; why?: string; observedGeneration?: number };
}

/** A kind with a status subresource. */
export const WIDGETS: Resource<Widget> = {
  group: 'test.rig.dashecorp.com',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
};

/** The calls that the in-memory API server has too. */
export type ContractClient = Pick<
  KubeClient,
  | 'get'
  | 'find'
  | 'list'
  | 'create'
  | 'replace'
  | 'apply'
  | 'applyStatus'
  | 'patch'
  | 'patchStatus'
  | 'delete'
  | 'watch'
>;

/** What every client of the Kubernetes API must do, as far as controllers rely on it. `subject` names who is tested. */
export function describeClient(
  subject: string,
  setUp: (t: { after(fn: () => unknown): void }) => Promise<{ client: ContractClient; namespace: string }>,
): void {
  const at = (namespace: string, name = 'w') => ({ namespace, name });

  test(`${subject}: what is created can be read, with uid, version, generation and kind`, async (t) => {
    const { client, namespace } = await setUp(t);
    await client.create(WIDGETS, { metadata: at(namespace), spec: { size: 1 } });
    const read = await client.get(WIDGETS, at(namespace));
    assert.deepEqual([read.kind, read.apiVersion, read.spec?.size], ['Widget', 'test.rig.dashecorp.com/v1', 1]);
    assert.equal(read.metadata.generation, 1);
    assert.ok(read.metadata.uid && read.metadata.resourceVersion && read.metadata.creationTimestamp);
  });

  test(`${subject}: creating twice is AlreadyExists, reading nothing is NotFound, or undefined from find`, async (t) => {
    const { client, namespace } = await setUp(t);
    await client.create(CONFIG_MAPS, { metadata: at(namespace) });
    await assert.rejects(client.create(CONFIG_MAPS, { metadata: at(namespace) }), { code: 'AlreadyExists' });
    await assert.rejects(client.get(CONFIG_MAPS, at(namespace, 'x')), { code: 'NotFound' });
    assert.equal(await client.find(CONFIG_MAPS, at(namespace, 'x')), undefined);
  });

  test(`${subject}: replacing an old version is Conflict`, async (t) => {
    const { client, namespace } = await setUp(t);
    const first = await client.create(WIDGETS, { metadata: at(namespace), spec: { size: 1 } });
    await client.replace(WIDGETS, { ...first, spec: { size: 2 } });
    await assert.rejects(client.replace(WIDGETS, { ...first, spec: { size: 3 } }), { code: 'Conflict' });
    assert.equal((await client.get(WIDGETS, at(namespace))).spec?.size, 2);
  });

  test(`${subject}: applying the same twice changes no version; a field left out is removed`, async (t) => {
    const { client, namespace } = await setUp(t);
    const metadata = at(namespace);
    const first = await client.apply<Widget>(WIDGETS, { metadata, spec: { size: 1, color: 'red' } });
    const second = await client.apply<Widget>(WIDGETS, { metadata, spec: { size: 1, color: 'red' } });
    assert.equal(first.metadata.resourceVersion, second.metadata.resourceVersion);
    const third = await client.apply<Widget>(WIDGETS, { metadata, spec: { size: 1 } });
    assert.deepEqual(third.spec, { size: 1 });
  });

  test(`${subject}: whatever characters a text has, it is applied and read as it was given`, async (t) => {
    const { client, namespace } = await setUp(t);
    const metadata = at(namespace);
    const odd = [
      '\u0001\u0008\u001b\u007f\u0080\u009b\u009f',
      ' \u0085 \u2028 \u2029 \t \n \r ',
      '\ufeff\ufffe\uffff\ufffd\u202e',
    ];
    for (const color of [...odd, '\': {a: [*b, !!c "d\\\\', '---\n- # \u{1f600}\ud83d\ude00']) {
      const { spec } = await client.apply<Widget>(WIDGETS, { metadata, spec: { color } });
      assert.equal(spec?.color, color);
    }
  });

  test(`${subject}: two managers own their own fields`, async (t) => {
    const { client, namespace } = await setUp(t);
    const metadata = at(namespace);
    await client.apply(WIDGETS, { metadata, spec: { size: 1 } }, { fieldManager: 'one' });
    await client.apply(WIDGETS, { metadata, spec: { color: 'red' } }, { fieldManager: 'two' });
    const read = await client.apply<Widget>(WIDGETS, { metadata, spec: {} }, { fieldManager: 'one' });
    assert.deepEqual(read.spec, { color: 'red' });
  });

  test(`${subject}: status is written only through its subresource and moves no generation`, async (t) => {
    const { client, namespace } = await setUp(t);
    const created = await client.create(WIDGETS, {
      metadata: at(namespace),
      spec: { size: 1 },
      status: { phase: 'No' },
    });
    assert.equal(created.status, undefined);
    const applied = await client.applyStatus<Widget>(WIDGETS, {
      metadata: created.metadata,
      status: { phase: 'A', why: 'x' },
    });
    assert.deepEqual(applied.status, { phase: 'A', why: 'x' });
    const again = await client.applyStatus<Widget>(WIDGETS, { metadata: created.metadata, status: { phase: 'A' } });
    assert.deepEqual([again.status, again.metadata.generation, again.spec], [{ phase: 'A' }, 1, { size: 1 }]);
    const patched = await client.patchStatus<Widget>(WIDGETS, at(namespace), { why: 'y' });
    assert.deepEqual(patched.status, { phase: 'A', why: 'y' });
  });

  test(`${subject}: a status applied over a version that has moved is Conflict, and over the present one is written`, async (t) => {
    const { client, namespace } = await setUp(t);
    const { metadata } = await client.create(WIDGETS, { metadata: at(namespace) });
    const version = metadata.resourceVersion as string;
    const write = (phase: string, resourceVersion: string) =>
      client.applyStatus<Widget>(WIDGETS, { metadata, status: { phase } }, { resourceVersion });
    const moved = await write('A', version);
    await assert.rejects(write('B', version), { code: 'Conflict' });
    assert.deepEqual((await write('C', moved.metadata.resourceVersion as string)).status, { phase: 'C' });
  });

  test(`${subject}: writing the status of an object that was made again meanwhile is Conflict`, async (t) => {
    const { client, namespace } = await setUp(t);
    const old = await client.create(WIDGETS, { metadata: at(namespace) });
    await client.delete(WIDGETS, at(namespace));
    await client.create(WIDGETS, { metadata: at(namespace) });
    const stale = client.applyStatus(WIDGETS, { metadata: old.metadata, status: { phase: 'A' } });
    await assert.rejects(stale, { code: 'Conflict' });
  });

  test(`${subject}: a merge patch deletes by null and moves the generation with the spec`, async (t) => {
    const { client, namespace } = await setUp(t);
    await client.create(WIDGETS, { metadata: at(namespace), spec: { size: 1, color: 'red' } });
    const patched = await client.patch<Widget>(WIDGETS, at(namespace), { spec: { color: null, parts: ['a'] } });
    assert.deepEqual([patched.spec, patched.metadata.generation], [{ size: 1, parts: ['a'] }, 2]);
  });

  test(`${subject}: delete says whether there was something, and heeds a uid`, async (t) => {
    const { client, namespace } = await setUp(t);
    await client.create(WIDGETS, { metadata: at(namespace) });
    await assert.rejects(client.delete(WIDGETS, at(namespace), { uid: 'another' }), { code: 'Conflict' });
    assert.equal(await client.delete(WIDGETS, at(namespace)), true);
    assert.equal(await client.delete(WIDGETS, at(namespace)), false);
  });

  test(`${subject}: an object with a finalizer stays, marked, until that is removed`, async (t) => {
    const { client, namespace } = await setUp(t);
    const finalizers = ['test.rig.dashecorp.com/hold'];
    await client.create(WIDGETS, { metadata: { ...at(namespace), finalizers } });
    await client.delete(WIDGETS, at(namespace));
    assert.ok((await client.get(WIDGETS, at(namespace))).metadata.deletionTimestamp);
    await client.patch(WIDGETS, at(namespace), { metadata: { finalizers: [] } });
    assert.equal(await client.find(WIDGETS, at(namespace)), undefined);
  });

  test(`${subject}: lists select by label and namespace, and items name their kind`, async (t) => {
    const { client, namespace } = await setUp(t);
    await client.create(WIDGETS, { metadata: { ...at(namespace, 'a'), labels: { team: 'x' } } });
    await client.create(WIDGETS, { metadata: at(namespace, 'b') });
    const { items } = await client.list(WIDGETS, { namespace, labelSelector: 'team=x' });
    assert.deepEqual(
      items.map(({ kind, metadata }) => [kind, metadata.name]),
      [['Widget', 'a']],
    );
  });

  test(`${subject}: a watch tells every change after the version it starts from`, async (t) => {
    const { client, namespace } = await setUp(t);
    await client.create(WIDGETS, { metadata: at(namespace, 'before') });
    const { resourceVersion } = await client.list(WIDGETS, { namespace });
    await client.create(WIDGETS, { metadata: at(namespace), spec: { size: 1 } });
    const told: string[] = [];
    const stop = new AbortController();
    const deleted = Promise.withResolvers<void>();
    const watching = client.watch(WIDGETS, {
      namespace,
      resourceVersion,
      signal: stop.signal,
      onEvent: (type, object) => {
        if (type !== 'BOOKMARK') told.push(`${type} ${object.metadata.name} ${object.spec?.size}`);
        if (type === 'DELETED') deleted.resolve();
      },
    });
    await client.patch(WIDGETS, at(namespace), { spec: { size: 2 } });
    await client.delete(WIDGETS, at(namespace));
    await deleted.promise;
    stop.abort();
    await watching;
    assert.deepEqual(told, ['ADDED w 1', 'MODIFIED w 2', 'DELETED w 2']);
  });
}
