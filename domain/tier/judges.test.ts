import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorTime } from '../../test/kit/processor.ts';
import { JUDGES, judgesOf } from './judges.ts';

/** Each file of the list, and those that only look like one. */
const files: Record<string, { yes: string; no: string }> = {
  submodules: { yes: '.gitmodules', no: 'docs/.gitmodules gitmodules' },
  ci: {
    yes: `.github/workflows/ci.yml .github/workflows/release.yaml .github/workflows/run.sh .github/actions/setup/action.yml .github/actions/setup/index.js
      .github/dependabot.yml .github/settings.yml action.yml tools/action.yaml .gitlab-ci.yml sub/.gitlab-ci.yml .gitlab/ci/build.yml .circleci/config.yml
      .buildkite/pipeline.yml .woodpecker/build.yml .tekton/push.yaml .teamcity/settings.kts .azure-pipelines/build.yml azure-pipelines.yml
      build/azure-pipelines-ci.yml Jenkinsfile ci/Jenkinsfile.release .travis.yml .drone.yml .cirrus.star .appveyor.yml appveyor.yml
      bitbucket-pipelines.yml codemagic.yaml bitrise.yml cloudbuild.yaml skaffold.yaml buildspec.yml .ci/run ci/build.sh ci_scripts/ci_post_clone.sh
      ios/ci_scripts/ci_pre_xcodebuild.sh renovate.json .github/renovate.json5 .renovaterc .goreleaser.yml .releaserc.json release-please-config.json fastlane/Fastfile .forgejo/workflows/a.yml .gitea/workflows/a.yml pipelines/build.yml
      .GitHub/Workflows/CI.yml Dangerfile ios/Dangerfile.swift dangerfile.ts`,
    no: '.github/ISSUE_TEMPLATE/bug.yml .github/PULL_REQUEST_TEMPLATE.md .github/FUNDING.yml workflows/ci.yml src/ci/index.ts docs/action.md reaction.yml fastlane/metadata/en-US/name.txt',
  },
  owners: {
    yes: 'CODEOWNERS .github/CODEOWNERS docs/CODEOWNERS .gitlab/CODEOWNERS OWNERS pkg/OWNERS OWNERS_ALIASES .mergify.yml codeowners',
    no: 'src/owners.ts CODEOWNERS.md',
  },
  rig: { yes: '.rig-agent.yaml .rig-agent.yml sub/.rig-agent.yaml', no: 'rig-agent.yaml .rig-agent.md' },
  instructions: {
    yes: `AGENTS.md agents.md pkg/AGENTS.md AGENT.md AGENTS.override.md BRAIN.md CLAUDE.md CLAUDE.local.md GEMINI.md SKILL.md .mcp.json mcp.json
      .claude/settings.json .claude/skills/x/SKILL.md .cursor/rules/a.mdc .cursorrules .cursorignore .windsurfrules .windsurf/rules/a.md .clinerules
      .clinerules/a.md .roo/rules/a.md .roomodes .aider.conf.yml .codex/config.toml .gemini/settings.json .continue/config.yaml .kiro/steering/a.md
      .amazonq/rules/a.md .junie/guidelines.md .goosehints .opencode/agent/a.md opencode.json .agents/a.md .github/copilot-instructions.md
      .github/instructions/a.instructions.md .github/prompts/a.prompt.md .github/agents/a.md .github/chatmodes/a.md .vscode/mcp.json
      .vscode/settings.json .vscode/tasks.json .devcontainer/devcontainer.json .devcontainer.json QWEN.md WARP.md .kilocode/rules/a.md .crush/a.md`,
    no: 'README.md src/agents/index.ts docs/agents-guide/index.md claude.ts .vscode/extensions.json agents-list.txt',
  },
  lifecycle: {
    yes: `.husky/pre-commit .githooks/pre-push lefthook.yml .lefthook.yaml .pre-commit-config.yaml .pre-commit-hooks.yaml .lintstagedrc.json
      lint-staged.config.js .simple-git-hooks.json Makefile sub/Makefile GNUmakefile Makefile.win build/rules.mk justfile .justfile Taskfile.yml Rakefile
      gulpfile.js Gruntfile.js setup.py sub/setup.py noxfile.py tasks.py binding.gyp build.rs Directory.Build.props Directory.Build.targets
      src/Directory.Solution.props custom.targets build.cake build.ps1 build.sh gradlew gradlew.bat gradle/wrapper/gradle-wrapper.properties mvnw
      .mvn/wrapper/maven-wrapper.properties 
      .gitattributes sub/.gitattributes .envrc Procfile Tiltfile commitlint.config.js .commitlintrc.yml Directory.Build.rsp MSBuild.rsp src/Api.csproj.user
      sitecustomize.py src/usercustomize.py hatch_build.py`,
    no: 'src/makefile.ts docs/setup.py.md hooks/useX.ts build/index.html targets.json src/Api.csproj docs/commitlint.md',
  },
  editors: {
    yes: `.idea/watcherTasks.xml .idea/runConfigurations/Start.xml app/.idea/workspace.xml .idea/startup.xml .idea/externalDependencies.xml .idea/tools/a.xml
      .idea/inspectionProfiles/Project_Default.xml .run/Start.run.xml .vscode/c_cpp_properties.json shop.code-workspace .zed/tasks.json .zed/settings.json
      .fleet/run.json .vs/tasks.vs.json .nvim.lua .exrc .dir-locals.el shop.sublime-project .gitpod.yml .gitpod.Dockerfile .replit .codesandbox/tasks.json
      .stackblitzrc mise.toml .mise.local.toml .mise/config.toml devbox.json devenv.nix shell.nix .lldbinit .gdbinit`,
    no: '.vscode/extensions.json .vscode/a.code-snippets .idea/codeStyles/Project.xml .idea/.gitignore .idea/vcs.xml src/idea/a.ts docs/mise.md',
  },
  analysis: {
    yes: `all.ruleset GlobalSuppressions.cs src/Api/GlobalSuppressions.cs .eslintignore
      web/.eslintignore .stylelintignore .semgrepignore .semgrep.yml .semgrep/rules/a.yaml .gitleaksignore .gitleaks.toml .trivyignore .trivyignore.yaml trivy.yaml
      .snyk .nsprc audit-ci.json osv-scanner.toml .bandit .checkov.yaml .secrets.baseline .safety-policy.yml .kube-linter.yaml qodana.yaml .codeclimate.yml`,
    no: '.prettierignore .gitignore .dockerignore eslint.config.js .eslintrc.json .prettierrc src/rulesets.ts docs/trivyignore.md',
  },
  diagnostics: {
    yes: '.editorconfig src/.editorconfig .globalconfig src/a.globalconfig',
    no: 'editorconfig.md .editorconfig.ts globalconfig.json',
  },
  'package-manifest': {
    yes: 'package.json packages/a/package.json composer.json',
    no: 'package-lock.json package.json5 my-package.json',
  },
  'project-manifest': {
    yes: `pyproject.toml sub/pyproject.toml setup.cfg Pipfile Package.swift Package@swift-5.9.swift Podfile Lib.podspec Cartfile Gemfile x.gemspec Directory.Packages.props
      build.gradle app/build.gradle.kts settings.gradle pom.xml Cargo.toml go.mod go.work mix.exs build.sbt CMakeLists.txt meson.build BUILD.bazel MODULE.bazel .bazelrc flake.nix eng/Versions.props`,
    no: 'Pipfile.lock Package.resolved Podfile.lock Sources/Package/a.swift src/App.csproj go.sum Cargo.lock',
  },
  tests: {
    yes: `jest.config.js jest.config.ts packages/a/jest.config.cjs jest.setup.ts jest.json vitest.config.ts vitest.workspace.ts vite.config.mts karma.conf.js
      playwright.config.ts cypress.config.js cypress.json .mocharc.yml .mocharc .nycrc .c8rc.json .taprc pytest.ini tox.ini .coveragerc conftest.py
      tests/conftest.py codecov.yml .codecov.yml sonar-project.properties all.runsettings App.xctestplan xunit.runner.json tests/a.xunit.runner.json
      stryker.conf.json stryker-config.json phpunit.xml.dist .rspec wdio.conf.js ava.config.js
      src/setupTests.ts src/setup-tests.js test-setup.ts src/testSetup.tsx setup-jest.ts src/setupJest.js global-setup.ts e2e/globalTeardown.ts cypress/support/e2e.ts
      test/setup.js tests/setup.ts tests/unit/setup.tsx __tests__/setup.mjs packages/a/tests/setup.unit.ts spec/setup-dom.js e2e/setup/index.ts
      cypress/plugins/index.js src/test.ts test/mocha.opts testem.js .testcaferc.json .detoxrc.js .stestr.conf behave.ini testconfig.json Api.testconfig.json
      codecoverage.config .slather.yml ct.yaml kuttl-test.yaml .chainsaw.yaml`,
    no: 'src/config.ts webpack.config.js tests/test_a.py jest.md src/pytest.ts test/config/a.json src/setup.ts tests/setup.test.ts tests/a/setup.spec.ts tests/setupWizard.ts tests/setup.json src/a/test.ts src/globals.ts cypress/support/login.ts charts/a/ct.yaml.md',
  },
  'package-sources': {
    yes: `.npmrc sub/.npmrc .yarnrc .yarnrc.yml .yarn/releases/yarn-4.cjs .yarn/plugins/a.cjs .pnpmfile.cjs pnpm-workspace.yaml bunfig.toml pip.conf .pip.conf pip.ini
      .pypirc uv.toml NuGet.config nuget.config src/NuGet.Config .cargo/config.toml .swiftpm/configuration/registries.json .condarc settings.xml
      .m2/settings.xml patches/left-pad+1.0.0.patch
      .pnp.cjs web/.pnp.cjs .pnp.js .pnp.loader.mjs .pnp.data.json .yarn/unplugged/a/b.js deno.json deno.jsonc import_map.json importmap.json .bowerrc .gemrc
      poetry.toml pixi.toml paket.dependencies rush.json common/config/rush/pnpm-config.json gradle.properties`,
    no: 'src/npmrc.ts app/src/main/res/settings.xml .yarn/cache/a.zip patch.md deno.lock src/pnp.cjs',
  },
  access: {
    yes: `config/rbac/role.yaml deploy/rbac.yaml base/cluster-role.yml base/clusterrolebinding.yaml a/role-binding.json charts/x/templates/rbac.yaml
      charts/x/templates/_rbac.tpl policies/tier-policy.yaml tierpolicies/a.yaml admission/webhook.yaml base/admission-config.yaml kyverno/a.yaml
      base/kyverno-policy.yaml gatekeeper/constraint.yaml`,
    no: 'src/rbac/check.ts docs/rbac.md src/admission.ts deploy/deployment.yaml',
  },
  'rig-gitops': {
    yes: 'clusters/a/rig-system/values.yaml rig-gitops/apps.yaml rig-conductor/release.yaml apps/rig-verifier.yaml apps/rig-operator-values.yaml',
    no: 'src/rig/index.ts rigging/a.yaml apps/trigger-system/a.yaml',
  },
};

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');

test('the judges’ list is tested file by file', () => {
  assert.deepEqual(Object.keys(files).sort(), JUDGES.map(({ name }) => name).sort());
});

for (const judge of JUDGES) {
  for (const path of words(files[judge.name]!.yes))
    test(`${path} is ${judge.is}: at least ${judge.tier}`, () => {
      assert.ok(judgesOf(path).includes(judge));
    });
  test(`what only looks like it is not ${judge.is} (${judge.name})`, () => {
    assert.deepEqual(
      words(files[judge.name]!.no).filter((path) => judgesOf(path).includes(judge)),
      [],
    );
  });
}

test('no judge is below T2, and only CI may be laid out anew', () => {
  assert.ok(JUDGES.every(({ tier }) => tier >= 'T2'));
  assert.deepEqual(
    JUDGES.filter(({ unless }) => unless === 'sameYAML').map(({ name }) => name),
    ['ci'],
  );
});

test('a path as long as a path can be is judged at once', () => {
  const spent = processorTime();
  for (const path of [
    `${'a/'.repeat(2_000)}b`,
    'a'.repeat(4_096),
    `${'rbac-'.repeat(800)}.yamx`,
    `${'-azure-pipelines'.repeat(250)}.yamx`,
  ])
    judgesOf(path);
  assert.ok(spent() < 500);
});
