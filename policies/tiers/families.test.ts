import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChangedFile, gradeChange } from '#domain';
import { shippedPolicy } from '../../test/classification/evaluate.ts';

const ALL = ['dotnet', 'ios', 'kubernetes', 'node', 'python'] as const;
const policies = new Map(ALL.map((name) => [name, shippedPolicy(name)] as const));

/** What a policy gives a change of one file, as work whose title says nothing; `before` is null where the file is new. */
function tierOf(policy: (typeof ALL)[number], path: string, before: string | null, after: string) {
  const file: ChangedFile = {
    path,
    previousPath: null,
    status: before === null ? 'added' : 'modified',
    oldMode: before === null ? null : '100644',
    newMode: '100644',
    added: 1,
    deleted: before === null ? 0 : 1,
    content: { before, after },
  };
  const work = { labels: [], title: '', taskClass: null, source: 'webhook' };
  return gradeChange(policies.get(policy)!, [], { complete: true, files: [file] }, work);
}

type Case = readonly [path: string, before: string | null, after: string];

const run = (command: string): Case => [
  '.github/workflows/a.yml',
  'on: push',
  `on: push\njobs:\n  a:\n    steps:\n      - run: ${command}`,
];
const image = (line: string): Case => ['docker/edge-alpine.Dockerfile', 'FROM a:1\nRUN b', `FROM a:1\n${line}`];
const mount = (before: string, after: string): Case => ['docker-compose.yml', before, after];

const DESTROYS = [
  'curl -s -u "a:$B" -X DELETE "http://localhost:9200/*"',
  'curl --request DELETE $URL/index',
  'redis-cli -a "$P" FLUSHALL',
  'kubectl delete namespace a',
  'kubectl -n a delete pvc --all',
  'helm uninstall a -n b',
  'docker compose -f a.yml down --remove-orphans -v',
  'docker volume rm a_data',
  'terraform destroy -auto-approve',
  'az group delete --name a',
  'aws s3 rb s3://a --force',
  'aws rds delete-db-instance --db-instance-identifier a',
  'psql -c "DROP TABLE a"',
  'npx prisma migrate reset --force',
  'php artisan migrate:fresh',
  'python manage.py flush --no-input',
];
const HARMLESS = [
  'kubectl get pods -n a',
  'kubectl wait --for=delete pod -l app=a',
  'docker compose down',
  'git push origin --delete "$BRANCH"',
  'curl https://a.example/health',
];

const T3: Case[] = [
  ...DESTROYS.map(run),
  ['scripts/reset.sh', null, '#!/bin/sh\nredis-cli FLUSHDB\n'],
  ['Makefile', 'a:\n\tb', 'a:\n\tdocker-compose down -v'],
  // Where data lies.
  mount('    volumes:\n      - ./user-files:/app/user-files', '    volumes:\n      - ./a:/data'),
  mount('      - cache:/data', '      - cache2:/data'),
  mount('      - source: ./a\n        target: /b', '      - source: ./c\n        target: /b'),
  mount('name: shop\nservices: {}', 'name: store\nservices: {}'),
  // Where it is written which migrations ran.
  ['src/migrations.js', "      stateStore: '.migrate',", "      stateStore: path.join(config.dataDir, '.migrate'),"],
  ['src/Db.cs', 'o.A();', 'o.MigrationsHistoryTable("__EFMigrationsHistory", "a");'],
  ['alembic.ini', 'version_table = a', 'version_table = b'],
  ['src/knex.ts', 'a', "pool.query('select 1 from alembic_version')"],
  // Whose artifact is taken in.
  image("RUN jq 'select(.head_repository.id == .repository_id)' /tmp/a.json"),
  image('RUN curl -fsSL $URL | sh'),
  image('RUN bash <(curl -s $URL)'),
  image('ADD --chown=a https://a.example/b.tgz /b'),
  image('COPY --from=ghcr.io/a/b:1 /c /c'),
  ['.github/workflows/a.yml', 'on: pull_request', 'on: pull_request_target'],
];

const T2: Case[] = [
  ...HARMLESS.map(run),
  mount('    ports:\n      - "8080:80"', '    ports:\n      - "8081:80"'),
  mount('    environment:\n      - A=redis://a:6379', '    environment:\n      - A=redis://b:6379'),
  image('RUN c'),
  ['docker/edge-alpine.Dockerfile', 'FROM a:1.0.0', 'FROM a:1.0.1'],
  ['static/js/vendor.bundle.dev.js', 'a("password")', 'b("password")'],
  ['static/js/app.min.js', 'a("password")', 'b("password")'],
];

for (const [tier, cases] of [
  ['T3', T3],
  ['T2', T2],
] as const)
  for (const [path, before, after] of cases)
    test(`every policy: ${path} that comes to say ${JSON.stringify(after.slice(-75))} is ${tier}`, () => {
      for (const policy of ALL) {
        const grade = tierOf(policy, path, before, after);
        assert.equal(grade.tier, tier, `${policy}: ${grade.reason}`);
      }
    });

const LOGIN = 'export default () => <p>{user?.name}</p>;';

for (const [policy, path, before, after, tier] of [
  ['node', ...run('docker system prune -af && rm -rf dist'), 'T2'],
  // A screen is told by its lines, what decides for it by its name.
  ['node', 'pages/auth/login.tsx', LOGIN, LOGIN.replace('<p>', '<p className="wide">'), 'T1'],
  ['node', 'pages/auth/login.tsx', LOGIN, LOGIN.replace('name', 'passwordHint'), 'T3'],
  ['node', 'pages/auth/join.tsx', LOGIN, "await signIn('a', { redirect: false });", 'T3'],
  ['node', 'components/Cart.tsx', LOGIN, 'await axios.post(path, body);', 'T1'],
  ['node', 'src/contexts/AuthProvider.tsx', LOGIN, LOGIN.replace('name', 'title'), 'T3'],
  ['node', 'pages/api/auth/login.ts', LOGIN, LOGIN.replace('name', 'title'), 'T3'],
  ['node', 'src/auth/login.scss', 'a { b: c }', 'a { b: d }', 'T1'],
  ['ios', 'App/LoginField.swift', 'a.frame = b', 'a.frame = c', 'T1'],
  ['ios', 'App/LoginField.swift', 'a.frame = b', 'a.text = password', 'T3'],
  ['ios', 'App/LoginView.swift', 'a.frame = b', 'field.isSecureTextEntry = false', 'T3'],
  ['ios', 'App/LoginViewController.m', 'a.frame = b', 'a.frame = c', 'T3'],
  ['ios', 'App/LoginViewModel.swift', 'a.frame = b', 'a.frame = c', 'T3'],
  // A certificate that somebody earned, and one that proves who somebody is.
  ['ios', 'App/CertificateViewController.swift', 'a.frame = b', 'certificate.title = c', 'T1'],
  ['ios', 'App/Net.swift', 'a', 'let pinnedCertificate = load("a.pem")', 'T3'],
  ['ios', 'App/Net.swift', 'a', 'SecCertificateCreateWithData(nil, data)', 'T3'],
  ['ios', 'App/ServerCertificate.swift', 'a', 'b', 'T3'],
] as const)
  test(`policy ${policy}: ${path} that comes to say ${JSON.stringify(after)} is ${tier}`, () => {
    const grade = tierOf(policy, path, before, after);
    assert.equal(grade.tier, tier, grade.reason);
  });

const CHARGE = 'export const stripe = new Stripe(process.env.SECRET_KEY);';
const APPLIED = 'resource "aws_db_instance" "a" {}';

/** Named or placed like a test, or like prose, and served, compiled or applied all the same. */
for (const [policy, path, before, after, tier] of [
  ['node', 'app/api/test/route.ts', null, 'export const GET = () => new Response("a");', 'T1'],
  ['node', 'app/api/test/route.ts', null, CHARGE, 'T3'],
  ['node', 'app/api/test/route.ts', 'export const GET = a;', CHARGE, 'T3'],
  ['node', 'pages/api/purge.test.ts', null, 'export default () => db.deleteAll();', 'T3'],
  ['node', 'pages/api/purge.test.ts', null, 'export default () => 1;', 'T1'],
  ['node', 'src/lib/test/charge.ts', null, CHARGE, 'T3'],
  ['node', 'test/charge.ts', null, CHARGE, 'T0'],
  ['node', 'packages/shop/test/charge.ts', null, CHARGE, 'T0'],
  ['node', 'src/charge.test.ts', null, CHARGE, 'T0'],
  ['node', 'infra/test/main.tf', null, APPLIED, 'T3'],
  ['node', 'test/infra/main.tf', APPLIED, '', 'T3'],
  ['node', 'infra/test/deployment.yaml', null, 'kind: Deployment', 'T2'],
  ['node', 'test/deployment.yaml', null, 'apiVersion: apps/v1\nkind: Deployment', 'T2'],
  ['node', 'test/a.yaml', null, 'a: 1', 'T0'],
  ['node', 'test/values.yaml', null, 'a: 1', 'T2'],
  ['node', 'test/wrangler.toml', 'a = 1', 'a = 2', 'T2'],
  ['node', 'config/testdata/a.json', null, '{}', 'T2'],
  ['node', 'test/Dockerfile', null, 'FROM a:1', 'T2'],
  ['node', 'test/reset.sh', null, 'kubectl delete namespace a', 'T3'],
  ['node', '.github/workflows/tests.yaml', 'on: push', 'on: push\n# a\nrun: kubectl delete namespace a', 'T3'],
  ['python', 'infra/test/main.tf', null, APPLIED, 'T3'],
  ['python', 'app/tests/urls.py', null, 'urlpatterns = []', 'T2'],
  ['python', 'app/tests/test_urls.py', null, 'urlpatterns = []', 'T0'],
  ['python', 'tests/requests.py', null, 'def get(): pass', 'T1'],
  ['python', 'tests/unit/requests/__init__.py', null, 'def get(): pass', 'T1'],
  ['python', 'tests/test_data/requests.pyi', null, 'def get(): pass', 'T1'],
  ['python', 'tests/data/answer.txt', null, 'a', 'T0'],
  ['python', 'tests/unit/parser_test.py', null, 'def test_a(): pass', 'T0'],
  ['node', 'test/requests.py', null, 'def get(): pass', 'T1'],
  ['node', 'tests/setup.ts', null, 'beforeEach(() => {});', 'T2'],
  ['node', 'tests/setup.test.ts', null, 'it();', 'T0'],
  ['python', 'app/migrations/0002_test.py', null, 'migrations.RemoveField("a", "b")', 'T3'],
  ['kubernetes', 'terraform/test/main.tf', null, APPLIED, 'T3'],
  ['kubernetes', 'test/deployment.yaml', null, 'apiVersion: apps/v1\nkind: Deployment', 'T2'],
  ['dotnet', 'infra/test/main.bicep', null, 'resource a', 'T3'],
  ['dotnet', 'src/Api/Controllers/AdminTests.cs', null, '[HttpGet] public int A() => 1;', 'T1'],
  ['dotnet', 'src/Api/Controllers/AdminTests.cs', null, '[AllowAnonymous] public int A() => 1;', 'T3'],
  ['dotnet', 'src/Api.Tests/Controllers/AdminTests.cs', null, '[AllowAnonymous] public int A() => 1;', 'T0'],
  ['dotnet', 'src/Api/A.approved.cs', null, '[AllowAnonymous] public int A() => 1;', 'T3'],
  ['dotnet', 'src/Api/appsettings.verified.json', null, '{"Jwt":{"Secret":1}}', 'T3'],
  ['ios', 'Tests/AppTests/a.json', null, '{"a":1}', 'T0'],
  ['ios', 'Sources/App/AdminTests.swift', null, 'let a = keychain', 'T3'],
  // Prose that is compiled.
  ['node', 'pages/pay.mdx', null, CHARGE, 'T3'],
  ['node', 'pages/pay.mdx', null, '# Pay', 'T1'],
  ['node', 'docs/pay.mdx', null, '# Pay with a secret\n\nSee [tokens](a.md).', 'T0'],
  ['node', 'docs/pay.mdx', null, CHARGE, 'T3'],
  ['node', 'docs/pay.mdx', '# Pay', '# Pay\n\n{process.env.SECRET_KEY}', 'T3'],
  ['node', 'docs/tabs.mdx', '# A', "import Tabs from '@theme/Tabs';\n\n# A", 'T1'],
  ['node', 'website/blog/a.mdx', '# A', '# B', 'T0'],
  ['python', 'pages/pay.mdx', null, CHARGE, 'T2'],
  ['dotnet', 'docs/pay.mdx', null, '# Pay', 'T0'],
] as const)
  test(`policy ${policy}: a file ${path} ${before === null ? 'new' : 'edited'}, saying ${JSON.stringify(after)}, is ${tier}`, () => {
    const grade = tierOf(policy, path, before, after);
    assert.equal(grade.tier, tier, grade.reason);
  });

const RELEASE = 'kind: HelmRelease\nspec:\n  values:\n    image:\n      repository: ghcr.io/a/b\n      tag: ';
const digest = (letter: string) => `v3.0.8.1507@sha256:${letter.repeat(64)}`;

for (const [what, before, after, tier] of [
  ['another digest', digest('a'), digest('b'), 'T1'],
  ['another tag of four parts', 'v0.1.3.1102', 'v0.1.3.1104', 'T1'],
  ['no digest any more', digest('a'), 'v3.0.8.1507', 'T2'],
  ['a tag that is no version', 'v3.0.8.1507', 'latest', 'T2'],
] as const)
  test(`policy kubernetes: a release with ${what} is ${tier}`, () => {
    const grade = tierOf('kubernetes', 'cluster/apps/a/helm-release.yaml', RELEASE + before, RELEASE + after);
    assert.equal(grade.tier, tier, grade.reason);
  });

const LAYOUT = 'root = true\n[*.cs]\nindent_size = 4\n';
const SEVERE = `${LAYOUT}dotnet_diagnostic.CA3001.severity = error\n`;

/** An editor reads how text is laid out from it, a compiler what it reports. */
for (const [what, path, before, after, tier] of [
  ['the first layout', '.editorconfig', null, LAYOUT, 'T0'],
  ['another layout', '.editorconfig', LAYOUT, LAYOUT.replace('4', '2'), 'T0'],
  ['another layout for other files', '.editorconfig', LAYOUT, LAYOUT.replace('*.cs', '*.fs'), 'T0'],
  ['another layout beside a severity', '.editorconfig', SEVERE, SEVERE.replace('4', '2'), 'T0'],
  ['a comment beside a severity', '.editorconfig', SEVERE, `# why\n${SEVERE}`, 'T0'],
  ['a diagnostic that is off', '.editorconfig', LAYOUT, `${LAYOUT}dotnet_diagnostic.CA3001.severity = none\n`, 'T2'],
  ['a diagnostic that is gone', '.editorconfig', SEVERE, LAYOUT, 'T2'],
  ['a diagnostic of other files', '.editorconfig', SEVERE, SEVERE.replace('*.cs', '*.fs'), 'T2'],
  ['a diagnostic behind another heading', '.editorconfig', SEVERE, SEVERE.replace('\ndotnet', '\n[a]\ndotnet'), 'T2'],
  ['a style that is not reported', '.editorconfig', LAYOUT, `${LAYOUT}csharp_new_line_before_else = true:none\n`, 'T2'],
  [
    'a line behind what only compilers take for its end',
    '.editorconfig',
    LAYOUT,
    `${LAYOUT}charset = a\u2028dotnet_diagnostic.CA3001.severity = none\n`,
    'T2',
  ],
  [
    'a comment with another line in it',
    '.editorconfig',
    LAYOUT,
    `${LAYOUT}# a\u0085dotnet_diagnostic.CA3001.severity = none\n`,
    'T2',
  ],
  ['code that counts as generated', '.editorconfig', LAYOUT, `${LAYOUT}generated_code = true\n`, 'T2'],
  [
    'a diagnostic that is off everywhere',
    '.globalconfig',
    'is_global = true',
    'is_global = true\ndotnet_diagnostic.CA3001.severity = none',
    'T2',
  ],
  ['files that no linter sees', '.eslintignore', 'dist', 'dist\nsrc', 'T2'],
  ['a program that the editor runs', '.idea/watcherTasks.xml', null, '<TaskOptions />', 'T2'],
  ['a program that the editor starts', '.idea/runConfigurations/a.xml', null, '<component />', 'T2'],
  ['a style of the editor', '.idea/codeStyles/Project.xml', null, '<component />', 'T0'],
] as const)
  test(`every policy: ${what} in ${path} is ${tier}`, () => {
    for (const policy of ALL) {
      const grade = tierOf(policy, path, before, after);
      assert.equal(grade.tier, tier, `${policy}: ${grade.reason}`);
    }
  });

const VALUES = 'kind: HelmRelease\nspec:\n  values:\n    persistence:\n      ';

/** A number is no version for having two parts. */
for (const [policy, path, before, after, tier] of [
  ['kubernetes', 'apps/a/release.yaml', `${VALUES}size: 1.5Ti`, `${VALUES}size: 0.5Ti`, 'T2'],
  ['kubernetes', 'apps/a/release.yaml', `${VALUES}size: 2Ti`, `${VALUES}size: 1Ti`, 'T2'],
  ['kubernetes', 'apps/a/release.yaml', `${VALUES}retention: 30.5d`, `${VALUES}retention: 0.5d`, 'T3'],
  ['kubernetes', 'apps/a/release.yaml', `${VALUES}cpu: 2.5`, `${VALUES}cpu: 0.1`, 'T2'],
  ['kubernetes', 'apps/a/values.yaml', 'tokenTTL: 1.5', 'tokenTTL: 9.5', 'T3'],
  ['kubernetes', 'apps/vault/release.yaml', `${VALUES}size: 1.5Ti`, `${VALUES}size: 0.5Ti`, 'T3'],
  ['kubernetes', 'apps/a/release.yaml', `${VALUES}tag: 1.5`, `${VALUES}tag: 1.6`, 'T1'],
  ['kubernetes', 'apps/a/source.yaml', 'kind: GitRepository\nlevel: 1.5', 'kind: GitRepository\nlevel: 1.6', 'T3'],
  ['node', 'pom.xml', '<minimum>0.80</minimum>', '<minimum>0.00</minimum>', 'T2'],
  ['python', 'setup.cfg', '[pylint]\nfail_on = 9.5', '[pylint]\nfail_on = 0.1', 'T2'],
  ['python', 'requirements.txt', 'a==1.5', 'a==1.6', 'T1'],
] as const)
  test(`policy ${policy}: ${path} of which ${JSON.stringify(before.slice(-30))} becomes ${JSON.stringify(after.slice(-30))} is ${tier}`, () => {
    const grade = tierOf(policy, path, before, after);
    assert.equal(grade.tier, tier, grade.reason);
  });
