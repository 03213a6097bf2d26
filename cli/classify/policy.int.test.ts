import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stringify } from 'yaml';
import { ExitCode, ExitError } from '#lib/terminal';
import { fixturesOf } from '../../crds/fixtures.int-kit.ts';
import { policyFrom } from './policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'rig-policy-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'policy.yaml');
const shipped = join(import.meta.dirname, '../../policies/tiers');

const policy = (rule: object, spec: object = {}) => ({
  apiVersion: 'rig.dashecorp.com/v1alpha1',
  kind: 'TierPolicy',
  metadata: { name: 'x' },
  spec: { rules: [{ name: 'docs', tier: 'T0', match: { paths: ['**/*.md'] }, ...rule }], ...spec },
});

/** What is told of a file that holds this. */
async function refusal(text: string): Promise<string> {
  writeFileSync(file, text);
  const error = await policyFrom(file).then(
    () => assert.fail('it is taken'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ExitError && error.code === ExitCode.Usage, String(error));
  return error.message.replaceAll(file, 'policy.yaml');
}
const refused = (object: object) => refusal(stringify(object));

test('every policy that the rig ships is taken', async () => {
  for (const name of readdirSync(shipped).filter((one) => one.endsWith('.yaml')))
    assert.ok((await policyFrom(join(shipped, name))).rules.length > 0, name);
});

test('a policy of a file is taken where the API server takes it, and refused where it refuses it', async () => {
  for (const { name, verdict, documents } of await fixturesOf('TierPolicy')) {
    writeFileSync(file, stringify(documents.at(-1)));
    const taken = await policyFrom(file).then(
      () => true,
      (error: unknown) =>
        error instanceof ExitError && error.code === ExitCode.Usage ? false : assert.fail(String(error)),
    );
    assert.equal(taken, verdict === 'accept', `${verdict} ${name}`);
  }
});

test('a tier that is none, and a key that nothing reads, are refused where they stand', async () => {
  assert.equal(
    await refused(policy({ tier: 't0' })),
    'policy.yaml: spec.rules[0].tier is "t0", and may be T0, T1, T2 or T3.',
  );
  assert.equal(
    await refused(policy({ match: { label: ['bug'], title: 'x' } })),
    'policy.yaml: spec.rules[0].match has no field label; it has labels, paths, title and cel.',
  );
  assert.equal(
    await refused(policy({ taskClas: 'docs' })),
    'policy.yaml: spec.rules[0] has no field taskClas; it has name, tier, taskClass and match.',
  );
  assert.equal(await refused(policy({ match: undefined })), 'policy.yaml: spec.rules[0].match is missing.');
  assert.equal(
    await refused(policy({ match: { labels: 'bug' } })),
    'policy.yaml: spec.rules[0].match.labels must be array.',
  );
  assert.equal(await refused(policy({}, { rules: [null] })), 'policy.yaml: spec.rules[0] must be object.');
});

test('a policy of which several things are wrong says each of them', async () => {
  const told = await refused(policy({ tier: 't0', name: 'Docs' }));
  assert.equal(told.split('\n').length, 2);
  for (const part of ['.tier is "t0"', '.name must match pattern'])
    assert.ok(told.includes(`policy.yaml: spec.rules[0]${part}`), told);
});

test('a field beside the spec, and no spec at all, are refused', async () => {
  assert.match(
    await refused({ ...policy({}), rules: [] }),
    /^policy\.yaml: it has no field rules; it has apiVersion, /,
  );
  assert.equal(await refused({ ...policy({}), spec: undefined }), 'policy.yaml: spec is missing.');
});

test('what is no TierPolicy with a name is refused', async () => {
  assert.match(await refusal('kind: Pod\n'), /^policy\.yaml: it is no TierPolicy of rig\.dashecorp\.com\/v1alpha1\.$/);
  assert.match(await refused({ ...policy({}), apiVersion: 'v1' }), /is no TierPolicy of/);
  assert.match(await refused({ ...policy({}), metadata: {} }), /metadata\.name/);
  assert.match(await refused({ ...policy({}), metadata: { name: 'No Name' } }), /metadata\.name/);
  for (const text of ['', '[]', 'x', '7']) assert.match(await refusal(text), /it is no TierPolicy|holds no object/);
});

test('a slip in YAML is told in one sentence with its line', async () => {
  assert.match(
    await refusal('kind: TierPolicy\nspec: {rules: [\n'),
    /^policy\.yaml is no YAML: .* line \d+, column \d+\.$/,
  );
  assert.match(await refusal('kind: TierPolicy\nkind: TierPolicy\n'), /^policy\.yaml is no YAML: .*unique.* line 2/);
  assert.match(await refusal('kind: a\n---\nkind: b\n'), /^policy\.yaml holds 2 objects/);
});

test('words are read as Kubernetes reads them: a title of yes is no text there', async () => {
  const told = await refusal(stringify(policy({ match: { title: 'TITLE' } })).replace('TITLE', 'yes'));
  assert.equal(told, 'policy.yaml: spec.rules[0].match.title must be string.');
});

test('a rule that cannot be compiled is a wrong command line as well', async () => {
  assert.match(
    await refused(policy({ match: { cel: '1 +' } })),
    /^policy\.yaml: Rule docs in rules of TierPolicy x: cel: it is no CEL/,
  );
});

test('a field that is null is left out, as the API server does', async () => {
  writeFileSync(file, stringify(policy({ taskClass: null, match: { paths: ['**/*.md'], labels: null } })));
  assert.deepEqual((await policyFrom(file)).rules[0]?.labels, null);
});
