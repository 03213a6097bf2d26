import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engines } from '../../test/kit/tier-engines.ts';
import type { ChangedFile } from './change.ts';
import { contentNeeded, gradeChange } from './classify.ts';
import { compilePolicy } from './policy.ts';
import { noWork } from './whole.ts';

/** A policy that calls everything harmless, but for the kinds that kubernetes.yaml tells apart by the text. */
const compiled = compilePolicy(
  'lax',
  [
    { name: 'prose', tier: 'T0', match: { paths: ['**/*.md', '**/*.txt', '**/*.ts', '**/*.js', '**/*.sh'] } },
    { name: 'layout', tier: 'T0', match: { paths: ['**/*.yaml', '**/*.js', '**/*.sh'], cel: 'file.sameYAML' } },
    { name: 'versions', tier: 'T1', match: { paths: ['**/*.yaml'], cel: 'file.versionsOnly' } },
    {
      name: 'locks',
      tier: 'T1',
      match: { paths: ['**/package-lock.json', '**/yarn.lock', '**/*requirements.txt', '**/Package.resolved'] },
    },
    { name: 'source', tier: 'T1', match: { paths: ['.github/actions/**', 'ci/**'] } },
    {
      name: 'workloads',
      tier: 'T1',
      match: {
        paths: ['**/*.yaml'],
        cel: `!file.sameYAML && !file.kinds.matches(r'^\\s*$') && !file.kinds.matches(r'\\b(Secret|StatefulSet|Namespace)\\b')`,
      },
    },
    {
      name: 'irreversible',
      tier: 'T3',
      match: { paths: ['**/*.yaml'], cel: `file.kinds.matches(r'\\b(Secret|StatefulSet|Namespace)\\b')` },
    },
  ],
  engines,
);
assert.ok(compiled.ok, JSON.stringify(compiled));
const policy = compiled.value;

function grade(path: string, before: string | null, after: string | null, over: Partial<ChangedFile> = {}) {
  const file: ChangedFile = {
    path,
    previousPath: null,
    status: before === null ? 'added' : 'modified',
    oldMode: before === null ? null : '100644',
    newMode: '100644',
    added: 1,
    deleted: 1,
    content: { before, after },
    ...over,
  };
  const { tier, rule } = gradeChange(policy, [], { complete: true, files: [file] }, noWork);
  return `${tier} ${rule}`;
}

const DEPLOYMENT = 'apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: 1\n';
const RBAC = 'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: x\n';

for (const [what, document] of [
  ['on the next line', 'apiVersion: v1\nkind:\n  Secret\n'],
  ['folded', 'apiVersion: apps/v1\nkind: >-\n  StatefulSet\n'],
  ['behind a comment', 'apiVersion: v1\nkind: # x\n  Namespace\n'],
  ['behind an alias', 'x: &k Secret\napiVersion: v1\nkind: *k\n'],
  [
    'in base 64',
    'apiVersion: !!binary cmJhYy5hdXRob3JpemF0aW9uLms4cy5pby92MQ==\nkind: !!binary Q2x1c3RlclJvbGVCaW5kaW5n\n',
  ],
  ['behind a tag of its own', '%TAG !b! tag:yaml.org,2002:\n---\napiVersion: v1\nkind: !b!binary U2VjcmV0\n'],
  ['merged in', 'x: &s {kind: Secret}\napiVersion: v1\n<<: *s\n'],
  ['under a key that is an alias', 'x: &k kind\napiVersion: v1\n*k : Secret\n'],
  ['behind another end of line', 'apiVersion: v1 # x\u2028kind: Secret\n'],
  ['behind a next line of old machines', 'apiVersion: v1 # x\u0085kind: Secret\n'],
  ['behind a lone carriage return', 'apiVersion: v1\rkind: Secret\r'],
] as const) {
  test(`a kind ${what} beside a Deployment is T3`, () => {
    assert.match(grade('apps/a.yaml', DEPLOYMENT, `${DEPLOYMENT}---\n${document}`), /^T3 /);
  });
  test(`a kind ${what} in a template that no parser reads is T3`, () => {
    assert.match(grade('apps/a.yaml', DEPLOYMENT, `${DEPLOYMENT}  a: {{ .Values.a }}: [\n---\n${document}`), /^T3 /);
  });
}

test('a Deployment of the usual forms stays what the policy says', () => {
  for (const after of [
    DEPLOYMENT.replace('1\n', '2\n'),
    `# Why\n${DEPLOYMENT}  args: ["*", "a & b", '!x']\n  template: {a: b}\n`,
    `${DEPLOYMENT}  name: {{ .Values.name }}\n`,
    JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment' }),
    `${DEPLOYMENT}  schema:\n    kind:\n      type: string\n`,
  ])
    assert.equal(grade('apps/a.yaml', DEPLOYMENT, after), 'T1 workloads', after);
});

for (const [what, path, text] of [
  ['prose', 'apps/README.md', `# Read me\n${RBAC}`],
  ['prose with escapes', 'apps/README.md', '"api\\x56ersion": "v1"\n"k\\x69nd": "Secret"\n'],
  ['a second document of prose', 'apps/NOTES.txt', `Some words of prose.\n---\n${RBAC}`],
  ['one line of prose', 'apps/NOTES.txt', '{apiVersion: v1, kind: Secret}'],
  ['prose with a tag', 'apps/NOTES.txt', '!!binary YXBpVmVyc2lvbg==: v1\nkind: Secret\n'],
  ['prose that only another parser reads', 'apps/NOTES.txt', `${RBAC}labels:\n\t- a\n`],
] as const)
  test(`a manifest in ${what} is T3, whoever names it a resource`, () => {
    assert.equal(grade(path, null, text, { manifest: true }), 'T3 built-in/manifest-disguised');
  });

for (const [path, text] of [
  ['docs/a.md', `# Roles\n\nApply this:\n\n\`\`\`yaml\n${RBAC}\`\`\`\n`],
  ['docs/b.md', `Note: apply this.\n\n\`\`\`yaml\n${RBAC}\`\`\`\n`],
  ['docs/c.md', 'The field apiVersion: it says which version.\n'],
  ['src/a.ts', "export const role = {\n  apiVersion: 'rbac.authorization.k8s.io/v1',\n  kind: 'Role',\n};\n"],
] as const)
  test(`${path}, which speaks of manifests and is none, is what the policy says`, () => {
    assert.equal(grade(path, null, text, { manifest: true }), 'T0 prose');
  });

test('what may be a manifest by its bytes is asked for its text, and is T3 where it is none', () => {
  const file: ChangedFile = {
    path: 'a.md',
    previousPath: null,
    status: 'added',
    oldMode: null,
    newMode: '100644',
    added: 1,
    deleted: 0,
    manifest: true,
  };
  const change = { complete: true, files: [file, { ...file, path: 'b.md', manifest: false }] };
  assert.deepEqual(contentNeeded(policy, [], change, noWork), ['a.md']);
  assert.equal(grade('a.md', null, null, { manifest: true, content: 'unreadable' }), 'T3 built-in/unreadable');
});

for (const path of ['apps/role.yaml.j2', 'apps/role.yml.erb', 'apps/role.yaml.gotmpl'])
  test(`${path} is a manifest by its name`, () => {
    assert.equal(grade(path, null, RBAC), 'T3 built-in/manifest');
  });

for (const [path, before, after] of [
  [
    '.github/actions/check/index.js',
    '// fail where it is not signed\nif (!ok()) process.exit(1)\n',
    '// fail where it is not signed if (!ok()) process.exit(1)\n',
  ],
  ['ci/test.sh', 'set -e\nnpm test\n', 'set -e npm test\n'],
] as const)
  test(`${path} is no YAML, though its words read the same as one`, () => {
    assert.equal(engines.sameYAML(before, after), true);
    assert.equal(grade(path, before, after), 'T2 built-in/judge/ci');
  });
