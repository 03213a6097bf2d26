import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import type { TierPolicy } from '#crds';
import { type ChangedFile, compilePolicy, type FileContent, gradeChange, gradeIssue, type Work } from '#domain';
import { engines } from '../../test/kit/tier-engines.ts';

const folder = import.meta.dirname;
const noWork: Work = { labels: [], title: '', taskClass: null, source: 'webhook' };

function policyOf(name: string) {
  const { metadata, spec } = parse(readFileSync(join(folder, `${name}.yaml`), 'utf8')) as TierPolicy;
  const compiled = compilePolicy(metadata.name!, spec.rules, engines);
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.problems.join('\n'));
  return { spec, policy: compiled.value };
}

const FILES = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
const names = FILES.map((file) => file.replace('.yaml', '')).sort();

type Example = readonly [path: string, change?: Partial<ChangedFile>];

function file([path, change = {}]: Example): ChangedFile {
  const status = change.status ?? 'modified';
  return {
    path,
    previousPath: null,
    status,
    oldMode: status === 'added' ? null : '100644',
    newMode: status === 'deleted' ? null : '100644',
    added: 3,
    deleted: status === 'added' ? 0 : 1,
    content: { before: status === 'added' ? null : 'a: 1', after: status === 'deleted' ? null : 'a: 2' },
    ...change,
  };
}

const texts = (before: string, after: string): Partial<ChangedFile> => ({
  content: { before, after } satisfies FileContent,
});
const added = { status: 'added' } as const;
const pin = (path: string, before: string, after: string): Example => [path, texts(before, after)];

/** What each policy says of files of its kind of repository: one change a line. */
const examples: Record<string, Record<'T0' | 'T1' | 'T2' | 'T3', Example[]>> = {
  node: {
    T0: [
      ['README.md'],
      ['docs/a.png'],
      ['test/dash.test.js', added],
      ['.gitignore'],
      pin('.github/workflows/ci.yml', 'on: [push]', 'on:\n  - push'),
    ],
    T1: [
      ['index.js'],
      ['src/parse.ts'],
      ['test/dash.js'],
      ['src/App.vue'],
      ['eslint.config.js'],
      pin('package.json', '{"devDependencies":{"tape":"5.0.0"}}', '{"devDependencies":{"tape":"5.1.0"}}'),
      pin('package-lock.json', '"version": "1.0.0"', '"version": "1.0.1"'),
    ],
    T2: [
      ['api.proto'],
      ['Dockerfile'],
      ['.github/workflows/ci.yml'],
      pin('package.json', '{"scripts":{}}', '{"scripts":{"postinstall":"x"}}'),
      ['migrations/1.sql', { ...added, content: { before: null, after: 'CREATE TABLE a ();' } }],
      ['LICENSE'],
      ['what.ever'],
    ],
    T3: [
      ['src/auth/login.ts'],
      ['lib/OAuthClient.js'],
      ['src/payments/charge.ts'],
      ['src/hooks/useAuth.ts'],
      ['.env'],
      ['certs/server.key'],
      ['migrations/1.sql', { ...added, content: { before: null, after: 'ALTER TABLE a DROP COLUMN b;' } }],
      ['migrations/1.sql'],
      ['infra/main.tf'],
    ],
  },
  dotnet: {
    T0: [['README.md'], ['tests/Api.Tests/OrderTests.cs', added]],
    T1: [
      ['src/Api/OrderService.cs'],
      ['tests/Api.Tests/OrderTests.cs'],
      pin(
        'src/Api/Api.csproj',
        '<PackageReference Include="A" Version="1.0.0" />',
        '<PackageReference Include="A" Version="1.0.1" />',
      ),
    ],
    T2: [['src/Api/Program.cs'], ['src/Api/Api.csproj'], ['Directory.Build.props'], ['src/Api/appsettings.json']],
    T3: [
      ['src/Identity/AuthenticationHandler.cs'],
      [
        'src/Data/Migrations/20240101_A.cs',
        { ...added, content: { before: null, after: 'migrationBuilder.DropColumn(name: "A")' } },
      ],
      ['key.snk', { added: null, deleted: null }],
    ],
  },
  python: {
    T0: [['README.rst'], ['tests/test_api.py', added], pin('docs/requirements.txt', 'sphinx==7.0.0', 'sphinx==7.1.0')],
    T1: [
      ['app/api.py'],
      ['tests/test_api.py'],
      pin('requirements.txt', 'flask==3.0.0', 'flask==3.0.1'),
      pin('pyproject.toml', 'flask = "^3.0.0"', 'flask = "^3.1.0"'),
    ],
    T2: [
      ['app/settings.py'],
      pin('pyproject.toml', 'addopts = "-x"', 'addopts = ""'),
      ['conftest.py'],
      pin('requirements.txt', 'a==1.0', 'a @ https://x.example/a.whl'),
    ],
    T3: [
      ['app/auth/views.py'],
      ['app/migrations/0002_a.py', { ...added, content: { before: null, after: 'migrations.RemoveField("a", "b")' } }],
      ['app/billing.py'],
    ],
  },
  ios: {
    T0: [['README.md'], ['AppTests/CartTests.swift', added]],
    T1: [
      ['App/Views/CartView.swift'],
      ['AppTests/CartTests.swift'],
      ['App/Assets.xcassets/a.png', { added: null, deleted: null }],
      pin('Package.resolved', '"version" : "1.0.0"', '"version" : "1.0.1"'),
    ],
    T2: [['App.xcodeproj/project.pbxproj'], ['App/Info.plist'], ['Package.swift'], ['ci_scripts/ci_post_clone.sh']],
    T3: [
      ['App/App.entitlements'],
      ['App/Keychain/KeychainStore.swift'],
      ['App/PrivacyInfo.xcprivacy'],
      ['App/Model.xcdatamodeld/a/contents'],
    ],
  },
  kubernetes: {
    T0: [['README.md'], pin('apps/a/deployment.yaml', 'kind: Deployment\na: [b]', 'kind: Deployment\na:\n- b')],
    T1: [
      pin('apps/a/deployment.yaml', 'kind: Deployment\nimage: a:1.0.0', 'kind: Deployment\nimage: a:1.0.1'),
      pin('apps/a/deployment.yaml', 'kind: Deployment\nreplicas: 1', 'kind: Deployment\nreplicas: 2'),
      pin('apps/a/release.yaml', 'kind: HelmRelease\nversion: 1.0.0', 'kind: HelmRelease\nversion: 1.0.1'),
    ],
    T2: [
      pin('apps/a/ingress.yaml', 'kind: Ingress\nhost: a', 'kind: Ingress\nhost: b'),
      ['apps/a/values.yaml'],
      ['apps/a/new.yaml', { ...added, content: { before: null, after: 'kind: Deployment' } }],
    ],
    T3: [
      pin('apps/a/secret.yaml', 'kind: Secret\na: b', 'kind: Secret\na: c'),
      pin('apps/a/pvc.yaml', 'kind: PersistentVolumeClaim\nsize: 1Gi', 'kind: PersistentVolumeClaim\nsize: 2Gi'),
      pin(
        'apps/a/role.yaml',
        'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role',
        'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role #',
      ),
      ['clusters/prod/apps.yaml', { status: 'deleted', content: { before: 'kind: Deployment', after: null } }],
      ['clusters/prod/flux-system/gotk-sync.yaml'],
    ],
  },
};

test('there is a policy for each kind of repository that is promised, and examples for each', () => {
  assert.deepEqual(names, ['dotnet', 'ios', 'kubernetes', 'node', 'python']);
  assert.deepEqual(Object.keys(examples).sort(), names);
});

for (const name of names) {
  const { policy, spec } = policyOf(name);
  for (const [tier, list] of Object.entries(examples[name]!))
    for (const example of list)
      test(`policy ${name}: ${example[0]} (${JSON.stringify(example[1] ?? {}).slice(0, 90)}) is ${tier}`, () => {
        const grade = gradeChange(policy, [], { complete: true, files: [file(example)] }, noWork);
        assert.equal(grade.tier, tier, grade.reason);
      });

  test(`policy ${name}: each class that it names has T0 and T1, for issues and for changes`, () => {
    const classes = [...new Set(spec.rules.flatMap(({ taskClass }) => taskClass ?? []))].sort();
    assert.deepEqual(classes, ['bugfix', 'chore', 'dependencies', 'docs', 'feature', 'refactor', 'tests']);
    for (const taskClass of classes) {
      const issue = (labels: string[]) => gradeIssue(policy, [], { ...noWork, labels, taskClass, files: [] }).tier;
      assert.equal(issue(['trivial']), 'T0', taskClass);
      const given = spec.rules.filter((rule) => rule.taskClass === taskClass).map((rule) => rule.tier);
      const byWork = !given.includes('T0');
      const change = (examples: Example[]) =>
        gradeChange(policy, [], { complete: true, files: examples.map(file) }, { ...noWork, taskClass });
      if (!byWork) assert.ok(given.includes('T1'), `${taskClass} has no rule of T1`);
      else {
        const t1 = examples[name]!.T1.map((example) => change([example])).filter(
          (grade) => grade.taskClass === taskClass,
        );
        assert.ok(
          t1.some(({ tier }) => tier === 'T1'),
          `${taskClass} has no change of T1`,
        );
        const trivial = change([
          ['README.md'],
          [examples[name]!.T0.find(([path]) => /test/i.test(path))?.[0] ?? 'a/.gitignore', added],
        ]);
        assert.deepEqual([trivial.tier, trivial.taskClass], ['T0', taskClass]);
      }
    }
  });

  test(`policy ${name}: an issue that nobody labelled is T2, one about security T3`, () => {
    assert.equal(gradeIssue(policy, [], { ...noWork, title: 'Something', files: [] }).tier, 'T2');
    assert.equal(gradeIssue(policy, [], { ...noWork, labels: ['bug', 'security'], files: [] }).tier, 'T3');
    assert.equal(gradeIssue(policy, [], { ...noWork, labels: ['bug'], title: 'Login fails', files: [] }).tier, 'T2');
  });
}

test('the sample issue is T1 of class bugfix under the policy for Node, and so is its change', () => {
  const { policy } = policyOf('node');
  const sample = parse(readFileSync(join(folder, '../../local/sample/issue.yaml'), 'utf8')) as {
    title: string;
    labels: string[];
  };
  const work = { ...noWork, title: sample.title, labels: sample.labels };
  const { tier, taskClass } = gradeIssue(policy, [], { ...work, files: [] });
  assert.deepEqual([tier, taskClass], ['T1', 'bugfix']);
  const change = gradeChange(policy, [], { complete: true, files: [file(['index.js']), file(['test/dash.js'])] }, work);
  assert.deepEqual([change.tier, change.taskClass], ['T1', 'bugfix']);
});
