import assert from 'node:assert/strict';
import { test } from 'node:test';
import { revisionOf, templateTime, type Workload } from './workload.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const workload = (annotation: string | null, ...images: string[]): Workload => ({
  metadata: { name: 'shop', namespace: 'prod' },
  spec: {
    template: {
      metadata: annotation === null ? {} : { annotations: { 'rig.dashecorp.com/revision': annotation } },
      spec: { containers: images.map((image) => ({ image })) },
    },
  },
});

const cases: readonly [string, Workload, string | null][] = [
  ['the annotation goes before what tags say', workload(A, `shop:${B}`), A],
  ['an annotation that is no commit is not made up for by a tag', workload('v1.2.3', `shop:${B}`), null],
  ['an annotation in capitals is no commit', workload('A'.repeat(40)), null],
  [
    'the commit in the tag of an image',
    workload(null, `registry.example.org:5000/shop:main-${A}-7@sha256:${'c'.repeat(64)}`),
    A,
  ],
  ['two images of one commit', workload(null, `shop:${A}`, `sidecar:${A}`), A],
  ['images of two commits', workload(null, `shop:${A}`, `sidecar:${B}`), null],
  ['a sidecar without a commit beside it', workload(null, `shop:${A}`, 'proxy:1.2'), A],
  ['a digest is no commit', workload(null, `shop@sha256:${'c'.repeat(64)}`), null],
  ['a longer string of hex digits is no commit', workload(null, `shop:${'d'.repeat(64)}`), null],
  ['a short commit', workload(null, `shop:${A.slice(0, 7)}`), null],
  ['no image at all', workload(null), null],
];
for (const [title, given, wanted] of cases)
  test(`the revision of a workload: ${title}`, () => assert.equal(revisionOf(given), wanted));

const fields = (time: string, over: object = {}) => ({
  manager: 'kustomize-controller',
  operation: 'Apply',
  time,
  fieldsV1: { 'f:spec': { 'f:template': {} } },
  ...over,
});
const managed = (...entries: object[]) =>
  ({ metadata: { name: 'shop', managedFields: entries } }) as unknown as Workload;

test('the pod template was applied when whoever owns a part of it wrote last, and a change of replicas is none of it', () => {
  const scaled = fields('2026-03-03T00:00:00Z', { manager: 'flagger', fieldsV1: { 'f:spec': { 'f:replicas': {} } } });
  const told = fields('2026-03-04T00:00:00Z', { subresource: 'status' });
  assert.equal(
    templateTime(managed(fields('2026-03-01T00:00:00Z'), fields('2026-03-02T00:00:00Z'), scaled, told)),
    Date.parse('2026-03-02T00:00:00Z'),
  );
});

test('where nobody tells when the pod template was applied it is not known', () => {
  assert.equal(templateTime(managed()), null);
  assert.equal(templateTime(managed(fields('yesterday'))), null);
});
