import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { approvalInput as input, sha256 } from '../testing/approval.ts';
import { canonicalJSON } from './canonical.ts';
import { type ApprovalInput, approvalDigest, approvalDocument } from './document.ts';

interface Vector {
  readonly title: string;
  readonly input: ApprovalInput;
  readonly canonical: string;
  readonly digest: string;
}

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'testdata', 'vectors.json'), 'utf8')) as Vector[];

for (const vector of vectors) {
  test(`golden vector of document v1: ${vector.title}`, () => {
    const document = approvalDocument(vector.input);
    assert.equal(canonicalJSON(document), vector.canonical);
    assert.equal(approvalDigest(document, sha256), vector.digest);
    assert.equal(createHash('sha256').update(Buffer.from(vector.canonical)).digest('hex'), vector.digest);
    assert.equal(canonicalize(document), vector.canonical);
  });
}

test('our canonical JSON is the one of another implementation of RFC 8785, whatever the value', () => {
  const value = fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 });
  fc.assert(
    fc.property(value, (one) => assert.equal(canonicalJSON(one), canonicalize(one))),
    { numRuns: 2_000 },
  );
});

test('numbers are written as RFC 8785 shows', () => {
  const numbers = {
    333333333.33333329: '333333333.3333333',
    1e30: '1e+30',
    4.5: '4.5',
    0.002: '0.002',
    1e-27: '1e-27',
  };
  for (const [number, text] of Object.entries(numbers)) assert.equal(canonicalJSON(Number(number)), text);
  assert.equal(canonicalJSON(-0), '0');
});

test('what JSON does not have is refused by the canonical text', () => {
  for (const [value, code] of [
    [Number.NaN, 'BadNumber'],
    [Number.POSITIVE_INFINITY, 'BadNumber'],
    ['\ud800', 'BadText'],
    [{ '\udc00': 1 }, 'BadText'],
    [10n, 'BadValue'],
    [new Date(0), 'BadValue'],
    [[undefined], 'BadValue'],
  ] as const) {
    assert.throws(() => canonicalJSON(value), { name: 'ApprovalError', code });
  }
});

test('any field of the input that changes gives another digest', () => {
  const digest = (one: ApprovalInput) => approvalDigest(approvalDocument(one), sha256);
  const merge = input('merge');
  const changed: Partial<ApprovalInput>[] = [
    { clusterUID: 'another' },
    { namespace: 'another' },
    { name: 'another' },
    { uid: 'another' },
    { forge: { ...merge.forge, host: 'ghe.example.com' } },
    { forge: { ...merge.forge, repositoryId: 1 } },
    { forge: { ...merge.forge, number: 43 } },
    { forge: { ...merge.forge, number: null } },
    { baseBranch: 'release' },
    { effectiveTier: 'T2' },
    { taskClass: null },
    { taskClass: 'bugfix' },
    { title: `${merge.title} ` },
    { body: '' },
    { taskSpec: null },
    { taskSpec: { ...merge.taskSpec, acceptance: [] } },
    { taskSpec: { ...merge.taskSpec, goal: 'Another.' } },
    { taskSpec: { ...merge.taskSpec, interfaces: ['an interface'] } },
    { taskSpec: { ...merge.taskSpec, files: ['a file'] } },
    { scope: 'interface' },
    { scope: 'interface', planDigest: `sha256:${sha256('another plan')}` },
    { scope: 'dispatch' },
    { change: { ...merge.change!, number: 58 } },
    { change: { ...merge.change!, headSHA: 'c'.repeat(40) } },
    { change: { ...merge.change!, baseSHA: 'd'.repeat(40) } },
    { change: { ...merge.change!, paths: [...merge.change!.paths, 'one/more'] } },
    { change: { ...merge.change!, manifests: [] } },
  ];
  const digests = [merge, ...changed.map((change) => ({ ...merge, ...change }))].map(digest);
  assert.equal(new Set(digests).size, digests.length);
});

test('the order in which git lists paths does not matter to the digest', () => {
  const merge = input('merge');
  const turned = { ...merge, change: { ...merge.change!, paths: merge.change!.paths.toReversed() } };
  assert.deepEqual(approvalDocument(turned), approvalDocument(merge));
});

test('a carriage return of its own, or half a surrogate pair, makes no document', () => {
  for (const text of ['yes\rno', 'a\r\r\nb', '\ud83d', 'x\udc00']) {
    for (const field of ['title', 'body'] as const) {
      assert.throws(() => approvalDocument({ ...input('dispatch'), [field]: text }), { code: 'BadText' });
    }
    assert.throws(() => approvalDocument({ ...input('dispatch'), taskSpec: { goal: text } }), { code: 'BadText' });
  }
});

test('an interface without a plan and a merge without a pull request have nothing to approve', () => {
  assert.throws(() => approvalDocument({ ...input('interface'), planDigest: null }), { code: 'MissingPart' });
  assert.throws(() => approvalDocument({ ...input('merge'), change: null }), { code: 'MissingPart' });
});
