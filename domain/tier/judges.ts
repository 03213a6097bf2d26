import type { Tier } from '../events/catalogue.ts';

/** A kind of file that judges what agents do. No policy grades it lower. */
export interface Judge {
  readonly name: string;
  readonly tier: Extract<Tier, 'T2' | 'T3'>;
  /** What it judges, to end the sentence "… is …". */
  readonly is: string;
  readonly paths: RegExp;
  /** What a change may be all the same without touching the judge; told from the content. */
  readonly unless: 'sameYAML' | 'versionsOnly' | 'dependenciesOnly' | 'layoutOnly' | null;
}

/** In any folder. */
const IN = '(?:.*/)?';

/** Alternatives of the whole list: of names in any folder, and of paths. */
const [names, wholes]: [string[], string[]] = [[], []];

/** Matches whole paths in any case: a forge and a disk may not tell them apart. */
function paths(...alternatives: string[]): RegExp {
  for (const one of alternatives) {
    const name = one.startsWith(IN) ? one.slice(IN.length) : null;
    if (name === null || name.includes('/')) wholes.push(one);
    else names.push(name);
  }
  return new RegExp(`^(?:${alternatives.join('|')})$`, 'i');
}

/**
 * The judges' list: an agent may not edit what it is judged by. In the order in which a file is asked; a file that is several of these is graded
 * by the highest. Paths only; manifests are told by what they hold ({@link ./manifests.ts}).
 */
export const JUDGES: readonly Judge[] = [
  {
    name: 'submodules',
    tier: 'T3',
    is: 'where submodules come from',
    paths: paths('\\.gitmodules'),
    unless: null,
  },
  {
    name: 'ci',
    tier: 'T2',
    is: 'a CI definition',
    paths: paths(
      '\\.github/(?:workflows|actions)/.*',
      '\\.github/(?!funding)[^/]+\\.ya?ml',
      `${IN}action\\.ya?ml`,
      '\\.(?:forgejo|gitea)/.*',
      `${IN}\\.gitlab-ci\\.ya?ml`,
      '\\.gitlab/.*',
      '\\.(?:circleci|buildkite|woodpecker|teamcity|azure-pipelines|azuredevops|pipelines|tekton|semaphore|cirrus|harness|ci)/.*',
      '\\.(?:travis|drone|appveyor|cirrus|woodpecker)\\.(?:ya?ml|star)',
      `${IN}(?:[^/]*[-.])?azure-pipelines?[^/]*\\.ya?ml`,
      '(?:azure-)?pipelines?/.*\\.ya?ml',
      `${IN}jenkinsfile[^/]*`,
      '(?:appveyor|bitbucket-pipelines|codemagic|bitrise|buildspec|wercker|circle|cloudbuild|skaffold|codefresh)\\.ya?ml',
      `${IN}ci_scripts/.*`,
      `${IN}\\.?renovate(?:rc)?(?:\\.json5?)?`,
      `${IN}\\.?(?:goreleaser|releaserc|release-please[^/]*|semantic-release)(?:\\.(?:ya?ml|json5?|[cm]?js))?`,
      `${IN}fastlane/(?!metadata/|screenshots/).*`,
      `${IN}dangerfile(?:\\.[^/]*)?`,
      'ci/.*',
    ),
    unless: 'sameYAML',
  },
  {
    name: 'owners',
    tier: 'T2',
    is: 'who has to review',
    paths: paths(`${IN}codeowners`, `${IN}owners(?:_aliases)?`, '\\.mergify\\.ya?ml', '\\.prow\\.ya?ml'),
    unless: null,
  },
  {
    name: 'rig',
    tier: 'T2',
    is: "the rig's own configuration of this repository",
    paths: paths(`${IN}\\.rig-agent\\.ya?ml`),
    unless: null,
  },
  {
    name: 'instructions',
    tier: 'T2',
    is: 'what agents are told',
    paths: paths(
      `${IN}(?:agents?|brain|claude|gemini|qwen|warp|crush)(?:[.-][^/]*)?\\.mdx?`,
      `${IN}skill\\.md`,
      `${IN}\\.?mcp\\.json`,
      `${IN}\\.(?:claude|cursor|windsurf|codex|gemini|continue|kiro|amazonq|junie|roo|cline|opencode|agents?|goose|trae|augment|qwen|zencoder|aider|copilot|warp|factory|kilocode|crush)(?:rules)?(?:-[^/]*)?/.*`,
      `${IN}\\.(?:cursor|windsurf|cline|roo|goose|aider|augment|cursor-?ignore)(?:rules|hints|modes|ignore)?[^/]*`,
      `${IN}opencode\\.jsonc?`,
      `${IN}\\.github/(?:copilot-[^/]*|(?:instructions|prompts|chatmodes|agents|skills|copilot)/.*)`,
      `${IN}\\.vscode/(?:mcp|settings|tasks|launch)\\.json`,
      `${IN}\\.(?:devcontainer|idx)/.*`,
      `${IN}\\.devcontainer\\.json`,
    ),
    unless: null,
  },
  {
    name: 'lifecycle',
    tier: 'T2',
    is: 'a script that installing, building or committing runs by itself',
    paths: paths(
      `${IN}\\.(?:husky|githooks|git-hooks|hooks)/.*`,
      `${IN}\\.?lefthook(?:-local)?\\.(?:ya?ml|toml|json)`,
      `${IN}\\.pre-commit-(?:config|hooks)\\.ya?ml`,
      `${IN}\\.?lint-?staged(?:rc)?(?:\\.[^/]*)?`,
      `${IN}\\.?(?:simple-git-hooks)(?:\\.[^/]*)?`,
      `${IN}(?:gnu)?makefile(?:\\.(?:am|in|inc|win|windows|linux|mac|darwin|common|local|ci|dist|old))?`,
      `${IN}[^/]+\\.mk`,
      `${IN}\\.?justfile`,
      `${IN}taskfile\\.(?:dist\\.)?ya?ml`,
      `${IN}(?:rakefile|gulpfile[^/]*|gruntfile[^/]*|earthfile|tiltfile|procfile|vagrantfile)`,
      `${IN}setup\\.py`,
      `${IN}(?:noxfile|tasks|fabfile|dodo)\\.py`,
      `${IN}(?:binding\\.gyp|build\\.rs|extconf\\.rb)`,
      `${IN}directory\\.(?:build|solution)\\.(?:props|targets)`,
      `${IN}[^/]+\\.targets`,
      `${IN}build\\.(?:cake|ps1|sh|cmd)`,
      `${IN}gradlew(?:\\.bat)?`,
      `${IN}gradle/wrapper/.*`,
      `${IN}mvnw(?:\\.cmd)?`,
      `${IN}\\.mvn/.*`,
      `${IN}\\.gitattributes`,
      `${IN}\\.gitconfig`,
      `${IN}\\.envrc`,
      `${IN}\\.?commitlint(?:rc|\\.config)?(?:\\.(?:[cm]?[jt]s|json|ya?ml))?`,
      `${IN}(?:directory\\.build|msbuild)\\.rsp`,
      `${IN}[^/]+proj\\.user`,
      `${IN}(?:sitecustomize|usercustomize|hatch_build)\\.py`,
    ),
    unless: null,
  },
  {
    name: 'editors',
    tier: 'T2',
    is: 'what an editor or a workspace runs',
    paths: paths(
      `${IN}\\.idea/(?!(?:codestyles|copyright|dictionaries|icons|scopes)/|(?:\\.gitignore|\\.name|encodings\\.xml|vcs\\.xml|icon\\.[a-z]+)$).*`,
      `${IN}\\.run/.*`,
      `${IN}\\.vscode/(?!(?:extensions\\.json|[^/]+\\.code-snippets)$).*`,
      `${IN}[^/]+\\.(?:code-workspace|sublime-(?:project|build))`,
      `${IN}\\.(?:zed|fleet|vs|theia|codesandbox|externaltoolbuilders|mise)/.*`,
      `${IN}\\.(?:nvim\\.lua|nvimrc|exrc|vimrc|lvimrc|dir-locals(?:-2)?\\.el)`,
      `${IN}\\.(?:gitpod\\.(?:ya?ml|dockerfile)|replit|stackblitzrc)`,
      `${IN}\\.?mise(?:\\.[^/]*)?\\.toml`,
      `${IN}(?:devbox\\.json|devenv\\.(?:nix|ya?ml)|shell\\.nix)`,
      `${IN}\\.(?:lldb|gdb)init`,
    ),
    unless: null,
  },
  {
    name: 'analysis',
    tier: 'T2',
    is: 'what compilers, linters and scanners pass over',
    paths: paths(
      `${IN}[^/]+\\.ruleset`,
      `${IN}globalsuppressions\\.(?:cs|vb)`,
      `${IN}\\.(?:eslint|stylelint|tslint|jshint|htmlhint|oxlint|semgrep|gitleaks|trivy|grype|checkov|secretlint|ansible-lint-)ignore(?:\\.ya?ml)?`,
      `${IN}\\.semgrep(?:\\.ya?ml|/.*)`,
      `${IN}\\.?(?:trivy|checkov|grype|kube-linter|qodana)\\.ya?ml`,
      `${IN}\\.(?:snyk|nsprc|bandit|gitleaks\\.toml|secrets\\.baseline|gitguardian\\.ya?ml|safety-policy\\.ya?ml|codeclimate\\.ya?ml|deepsource\\.toml)`,
      `${IN}\\.?audit-ci\\.jsonc?`,
      `${IN}osv-scanner\\.toml`,
    ),
    unless: null,
  },
  {
    name: 'diagnostics',
    tier: 'T2',
    is: 'what compilers report, and more of it than the layout of text changes',
    paths: paths(`${IN}\\.editorconfig`, `${IN}[^/]*\\.globalconfig`),
    unless: 'layoutOnly',
  },
  {
    name: 'package-manifest',
    tier: 'T2',
    is: 'a package manifest with lifecycle scripts or test configuration, and more of it than dependencies changes',
    paths: paths(`${IN}package\\.json`, `${IN}composer\\.json`),
    unless: 'dependenciesOnly',
  },
  {
    name: 'project-manifest',
    tier: 'T2',
    is: 'a project file with build steps or test configuration, and more of it than versions changes',
    paths: paths(
      `${IN}pyproject\\.toml`,
      `${IN}setup\\.cfg`,
      `${IN}pipfile`,
      `${IN}package(?:@swift-[^/]*)?\\.swift`,
      `${IN}podfile`,
      `${IN}[^/]+\\.podspec`,
      `${IN}cartfile(?:\\.private)?`,
      `${IN}gemfile`,
      `${IN}[^/]+\\.gemspec`,
      `${IN}[^/]+\\.props`,
      `${IN}(?:build|settings)\\.gradle(?:\\.kts)?`,
      `${IN}pom\\.xml`,
      `${IN}(?:cargo\\.toml|go\\.(?:mod|work)|mix\\.exs|build\\.sbt|deps\\.edn|project\\.clj)`,
      `${IN}(?:cmakelists\\.txt|meson\\.build|(?:build|workspace|module)\\.bazel|\\.bazelrc|flake\\.nix)`,
    ),
    unless: 'versionsOnly',
  },
  {
    name: 'tests',
    tier: 'T2',
    is: 'configuration of tests',
    paths: paths(
      `${IN}(?:jest|vitest|vite|karma|playwright|cypress|wdio|ava|web-test-runner|protractor|nightwatch|stryker|wallaby)(?:[.-][^/]*)?\\.(?:config|conf|workspace|setup)(?:\\.[^/]*)?\\.?(?:[cm]?[jt]sx?|json5?)?`,
      `${IN}(?:vitest|jest)[.-]?(?:workspace|setup|preset|projects)[^/]*\\.(?:[cm]?[jt]sx?|json)`,
      `${IN}(?:jest|karma|cypress|nightwatch|stryker\\.conf|jasmine)\\.json`,
      `${IN}karma\\.conf(?:\\.[^/]*)?\\.[cm]?[jt]s`,
      `${IN}\\.(?:mocharc|nycrc|c8rc|taprc|tap|jasmine|istanbul)(?:\\.[^/]*)?`,
      `${IN}(?:pytest|tox)\\.(?:ini|toml)`,
      `${IN}\\.pytest\\.ini`,
      `${IN}conftest\\.py`,
      `${IN}\\.coveragerc`,
      `${IN}\\.?codecov\\.ya?ml`,
      `${IN}\\.coveralls\\.ya?ml`,
      `${IN}sonar-project\\.properties`,
      `${IN}[^/]+\\.(?:runsettings|testsettings|xctestplan)`,
      `${IN}(?:[^/]+\\.)?xunit\\.runner\\.json`,
      `${IN}(?:coverlet|stryker)[^/]*\\.(?:json|ya?ml|runsettings)`,
      `${IN}phpunit\\.xml(?:\\.dist)?`,
      `${IN}\\.rspec`,
      `${IN}(?:setup-?tests?|tests?-?setup|setup-?(?:jest|vitest|mocha)|global-?(?:setup|teardown))\\.[cm]?[jt]sx?`,
      `${IN}cypress/(?:support/(?:e2e|index|component)|plugins/index)\\.[cm]?[jt]sx?`,
      `${IN}src/test\\.ts`,
      `${IN}(?:mocha\\.opts|testem\\.(?:[cm]?js|json))`,
      `${IN}\\.(?:testcafe|detox)rc(?:\\.[^/]*)?`,
      `${IN}\\.?(?:stestr|testr|nose|nose2|unittest|behave)\\.(?:conf|cfg|ini)`,
      `${IN}(?:[^/]+\\.)?testconfig\\.json`,
      `${IN}codecoverage\\.(?:config|xml)`,
      `${IN}\\.slather\\.ya?ml`,
      `${IN}\\.?(?:ct|kuttl-test|chainsaw)\\.ya?ml`,
    ),
    unless: null,
  },
  {
    name: 'package-sources',
    tier: 'T2',
    is: 'where packages come from',
    paths: paths(
      `${IN}\\.(?:npmrc|yarnrc|pypirc|pnpmfile\\.[cm]?js|pnprc|bunfig\\.toml)`,
      `${IN}\\.yarnrc\\.ya?ml`,
      `${IN}\\.yarn/(?:releases|plugins|patches|sdks|unplugged)/.*`,
      `${IN}(?:bunfig\\.toml|pnpm-workspace\\.ya?ml)`,
      `${IN}\\.?pip\\.(?:conf|ini)`,
      `${IN}uv\\.toml`,
      `${IN}nuget\\.config`,
      `${IN}\\.cargo/config(?:\\.toml)?`,
      `${IN}\\.swiftpm/configuration/.*`,
      `${IN}\\.condarc`,
      `${IN}\\.bundle/config`,
      '(?:\\.m2/)?settings\\.xml',
      `(?=.*\\.patch$)${IN}patches/.*`,
      `${IN}\\.pnp\\.(?:[cm]?js|loader\\.[cm]?js|data\\.json)`,
      `${IN}(?:deno\\.jsonc?|import_?map\\.json)`,
      `${IN}(?:\\.bowerrc|\\.gemrc|poetry\\.toml|pixi\\.toml|paket\\.dependencies|gradle\\.properties|rush\\.json)`,
      'common/config/rush/.*',
    ),
    unless: null,
  },
  {
    name: 'access',
    tier: 'T3',
    is: 'a manifest of access or admission',
    paths: paths(
      `${IN}(?=[^/]*(?:rbac|cluster-?role|role-?binding|tier-?polic(?:y|ies)|admission|kyverno|gatekeeper))[^/]*\\.(?:ya?ml|json|tpl|jsonnet|cue)`,
      `(?=.*\\.(?:ya?ml|json|tpl|jsonnet|cue)$)${IN}(?:rbac|admission|kyverno|gatekeeper|tier-?policies)/.*`,
    ),
    unless: null,
  },
  {
    name: 'rig-gitops',
    tier: 'T3',
    is: 'the deployment of the rig itself',
    paths: paths(
      `${IN}rig-(?:gitops|system|verifier|conductor|operator|proxy|egress|memory(?:-mcp)?)/.*`,
      `${IN}rig-(?:gitops|system|verifier|conductor|operator|proxy|egress)[^/]*\\.(?:ya?ml|json|tpl)`,
    ),
    unless: null,
  },
];

const NAME = new RegExp(`^(?:${names.join('|')})$`, 'i');
const WHOLE = new RegExp(`^(?:${wholes.join('|')})$`, 'i');

const NONE: readonly Judge[] = [];
const ASCII = /^[\x20-\x7e]*$/;
/** Those of the list that a readable path is; for nearly every file none. */
export function judgesOf(path: string): readonly Judge[] {
  const name = asDisksRead(path);
  return isListed(name) ? JUDGES.filter((judge) => judge.paths.test(name)) : NONE;
}

/** Some disks tell neither cases nor forms of a letter apart: a long s, a sign for kelvin and letters of full width open the same file. */
function asDisksRead(path: string): string {
  return ASCII.test(path) ? path : path.normalize('NFKC').toLowerCase();
}

function isListed(path: string): boolean {
  return NAME.test(path.slice(path.lastIndexOf('/') + 1)) || WHOLE.test(path);
}
