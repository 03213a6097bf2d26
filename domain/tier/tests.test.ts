import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorTime } from '../../test/kit/processor.ts';
import { isTest, looksLikeTest } from './tests.ts';

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');

/** What nothing but tests read. */
const TESTS =
  words(`test/dash.js tests/helpers.py e2e/pages/login.ts cypress/support/a.ts __tests__/a.ts spec/MockServer.js
  integration-tests/http/a.ts Tests/App/AppConstants.test.swift DuckDuckGoTests/MockTabDelegate.swift BTCPayServer.Tests/FastTests.cs
  tests/Api.Tests/OrderTests.cs src/Api.Tests/Controllers/AdminTests.cs src/Api.UnitTests/Fakes.cs Plugins/Shop.Test/Views/a.cshtml
  src/a.test.ts src/pages.spec.tsx pkg/a_test.go lib/a_spec.rb app/tests/test_urls.py app/tests.py hc/test.py app/views_test.py test.js
  packages/a/test/helper.ts packages/modules/a/integration-tests/__tests__/index.spec.ts apps/web/e2e/login.ts crates/a/tests/b.rs
  src/a/__tests__/helper.ts client/actions/__test__/url.js src/__snapshots__/a.snap src/test/java/a/Fake.java Source/Core/Test/AppTests.swift
  app/dashboard/page.test.tsx infra/test/stack.test.ts cdk/test/stack.test.ts modules/a/test/main_test.go fixtures/a.json tests/a.yaml
  tests/a.approved.txt src/Api.Tests/a.verified.cs
  Sources/Push/Tests/PushTests/a.bundle/b.json saleor/tests/fixtures/a.json pkg/testdata/a.golden`);

/** What is named or placed like a test, and is served, applied or run all the same. */
const NONE: Readonly<Record<string, string>> = {
  'a framework serves it': `app/api/test/route.ts src/app/test/page.tsx apps/web/app/tests/layout.jsx app/api/__tests__/route.ts pages/api/purge.test.ts
    src/pages/test/index.ts apps/web/pages/a.spec.tsx api/purge.test.ts api/test/purge.js app/routes/a.test.tsx src/routes/test/+server.ts
    src/routes/__tests__/index.ts server/api/__tests__/purge.ts netlify/functions/a.test.ts functions/purge.test.ts public/a.test.js wwwroot/tests/a.js
    static/a.verified.html`,
  'the compiler takes it into the product': `src/Api/Controllers/AdminTests.cs src/Api/Tests/AdminTests.cs src/Api/AdminTests/Evil.cs Api/test/Evil.cs
    Sources/App/AdminTests.swift Sources/App/Tests/Evil.swift Sources/App/Tests/AppTests/Evil.swift src/main/java/a/AdminTest.java src/Api/A.approved.cs`,
  'the framework runs it': `app/migrations/0002_test.py app/migrations/test_0003.py alembic/versions/a_test.py app/management/commands/test_purge.py
    app/templatetags/test_a.py migrations/2_drop.test.js db/migrate/2_drop_test.rb`,
  'nothing but the name of its folder says so': `app/tests/urls.py apps/shop/tests/urls.py app/test/settings.py src/test/helper.ts lib/spec/a.js
    services/billing/tests/charge.py app/tests/fixtures/a.py packages/a/src/test/helper.ts`,
  'somebody applies it': `infra/test/main.tf terraform/test/main.tf test/infra/main.tf test/main.bicep tests/a.tf.json infra/test/deployment.yaml
    test/k8s/deployment.yaml tests/charts/a/values.yaml test/Dockerfile e2e/docker-compose.yml tests/Pulumi.prod.yaml test/cdk.json test/kustomization.yaml test/values.yaml
    test/serverless.yml test/wrangler.toml e2e/vercel.json tests/nginx.conf`,
  'it runs by itself': `test/reset.sh tests/Makefile tests/a.ps1 test/package.json .github/workflows/tests.yaml .github/workflows/migrations-perf-test.yml
    migrations/V2__drop_test.sql tests/Jenkinsfile`,
  'it is no code':
    'requirements/tests.txt src/test.yaml config/app.test.json README.test.md tests/README.md config/a.approved.json src/Api/appsettings.verified.json src/main/resources/testdata/a.json pages/fixtures/pay.mdx',
  'it only sounds like one':
    'src/latest.ts src/contest.ts src/ab-test.ts src/testing.ts lib/spectrum.js src/test_mode.ts src/test.ts',
};

for (const path of TESTS)
  test(`${path} is a test`, () => {
    assert.ok(isTest(path));
  });

for (const [why, list] of Object.entries(NONE))
  for (const path of words(list))
    test(`${path} is no test: ${why}`, () => {
      assert.ok(!isTest(path));
    });

test('whatever is a test looks like one, so that editing it is never graded T0', () => {
  assert.deepEqual(
    TESTS.filter((path) => !looksLikeTest(path)),
    [],
  );
});

test('a path as long as a path can be is told to be a test or none at once', () => {
  const spent = processorTime();
  for (const path of [
    'a/'.repeat(2_000),
    `${'packages/'.repeat(450)}a`,
    `${'a_test.'.repeat(500)}x`,
    `${'src/test/'.repeat(400)}a`,
    `${'a.Tests'.repeat(500)}x`,
  ]) {
    isTest(path);
    looksLikeTest(path);
  }
  assert.ok(spent() < 500);
});
