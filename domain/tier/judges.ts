import type { Tier } from '../events/catalogue.ts';
import { indexListed, type Listed } from './listed.ts';

/** A kind of file that judges what agents do. No policy grades it lower. */
export interface Judge {
  readonly name: string;
  readonly tier: Extract<Tier, 'T2' | 'T3'>;
  /** What it judges, to end the sentence "… is …". */
  readonly is: string;
  readonly paths: readonly Listed[];
  /** What a change may be all the same without touching the judge; told from the content. */
  readonly unless: 'sameYAML' | 'versionsOnly' | 'dependenciesOnly' | 'layoutOnly' | null;
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
    paths: ['/\\.gitmodules'],
    unless: null,
  },
  {
    name: 'ci',
    tier: 'T2',
    is: 'a CI definition',
    paths: [
      '/\\.github/(?:workflows|actions)/',
      ['/\\.github', '(?!funding)[^/]+\\.ya?ml'],
      'action\\.ya?ml',
      '/\\.(?:forgejo|gitea)/',
      '\\.gitlab-ci\\.ya?ml',
      '/\\.gitlab/',
      '/\\.(?:circleci|buildkite|woodpecker|teamcity|azure-pipelines|azuredevops|pipelines|tekton|semaphore|cirrus|harness|ci)/',
      '/\\.(?:travis|drone|appveyor|cirrus|woodpecker)\\.(?:ya?ml|star)',
      '(?:[^/]*[-.])?azure-pipelines?[^/]*\\.ya?ml',
      ['/(?:azure-)?pipelines?', '.*\\.ya?ml'],
      'jenkinsfile[^/]*',
      '/(?:appveyor|bitbucket-pipelines|codemagic|bitrise|buildspec|wercker|circle|cloudbuild|skaffold|codefresh)\\.ya?ml',
      'ci_scripts/',
      '\\.?renovate(?:rc)?(?:\\.json5?)?',
      '\\.?(?:goreleaser|releaserc|release-please[^/]*|semantic-release)(?:\\.(?:ya?ml|json5?|[cm]?js))?',
      ['fastlane', '(?!metadata/|screenshots/).*'],
      'dangerfile(?:\\.[^/]*)?',
      '/ci/',
    ],
    unless: 'sameYAML',
  },
  {
    name: 'owners',
    tier: 'T2',
    is: 'who has to review',
    paths: ['codeowners', 'owners(?:_aliases)?', '/\\.mergify\\.ya?ml', '/\\.prow\\.ya?ml'],
    unless: null,
  },
  {
    name: 'rig',
    tier: 'T2',
    is: "the rig's own configuration of this repository",
    paths: ['\\.rig-agent\\.ya?ml'],
    unless: null,
  },
  {
    name: 'instructions',
    tier: 'T2',
    is: 'what agents are told',
    paths: [
      '(?:agents?|brain|claude|gemini|qwen|warp|crush)(?:[.-][^/]*)?\\.mdx?',
      'skill\\.md',
      '\\.?mcp\\.json',
      '\\.(?:claude|cursor|windsurf|codex|gemini|continue|kiro|amazonq|junie|roo|cline|opencode|agents?|goose|trae|augment|qwen|zencoder|aider|copilot|warp|factory|kilocode|crush)(?:rules)?(?:-[^/]*)?/',
      '\\.(?:cursor|windsurf|cline|roo|goose|aider|augment|cursor-?ignore)(?:rules|hints|modes|ignore)?[^/]*',
      'opencode\\.jsonc?',
      ['\\.github', '(?:copilot-[^/]*|(?:instructions|prompts|chatmodes|agents|skills|copilot)/.*)'],
      ['\\.vscode', '(?:mcp|settings|tasks|launch)\\.json'],
      '\\.(?:devcontainer|idx)/',
      '\\.devcontainer\\.json',
    ],
    unless: null,
  },
  {
    name: 'lifecycle',
    tier: 'T2',
    is: 'a script that installing, building or committing runs by itself',
    paths: [
      '\\.(?:husky|githooks|git-hooks|hooks)/',
      '\\.?lefthook(?:-local)?\\.(?:ya?ml|toml|json)',
      '\\.pre-commit-(?:config|hooks)\\.ya?ml',
      '\\.?lint-?staged(?:rc)?(?:\\.[^/]*)?',
      '\\.?(?:simple-git-hooks)(?:\\.[^/]*)?',
      '(?:gnu)?makefile(?:\\.(?:am|in|inc|win|windows|linux|mac|darwin|common|local|ci|dist|old))?',
      '[^/]+\\.mk',
      '\\.?justfile',
      'taskfile\\.(?:dist\\.)?ya?ml',
      '(?:rakefile|gulpfile[^/]*|gruntfile[^/]*|earthfile|tiltfile|procfile|vagrantfile)',
      'setup\\.py',
      '(?:noxfile|tasks|fabfile|dodo)\\.py',
      '(?:binding\\.gyp|build\\.rs|extconf\\.rb)',
      'directory\\.(?:build|solution)\\.(?:props|targets)',
      '[^/]+\\.targets',
      'build\\.(?:cake|ps1|sh|cmd)',
      'gradlew(?:\\.bat)?',
      'gradle/wrapper/',
      'mvnw(?:\\.cmd)?',
      '\\.mvn/',
      '\\.gitattributes',
      '\\.gitconfig',
      '\\.envrc',
      '\\.?commitlint(?:rc|\\.config)?(?:\\.(?:[cm]?[jt]s|json|ya?ml))?',
      '(?:directory\\.build|msbuild)\\.rsp',
      '[^/]+proj\\.user',
      '(?:sitecustomize|usercustomize|hatch_build)\\.py',
    ],
    unless: null,
  },
  {
    name: 'editors',
    tier: 'T2',
    is: 'what an editor or a workspace runs',
    paths: [
      [
        '\\.idea',
        '(?!(?:codestyles|copyright|dictionaries|icons|scopes)/|(?:\\.gitignore|\\.name|encodings\\.xml|vcs\\.xml|icon\\.[a-z]+)$).*',
      ],
      '\\.run/',
      ['\\.vscode', '(?!(?:extensions\\.json|[^/]+\\.code-snippets)$).*'],
      '[^/]+\\.(?:code-workspace|sublime-(?:project|build))',
      '\\.(?:zed|fleet|vs|theia|codesandbox|externaltoolbuilders|mise)/',
      '\\.(?:nvim\\.lua|nvimrc|exrc|vimrc|lvimrc|dir-locals(?:-2)?\\.el)',
      '\\.(?:gitpod\\.(?:ya?ml|dockerfile)|replit|stackblitzrc)',
      '\\.?mise(?:\\.[^/]*)?\\.toml',
      '(?:devbox\\.json|devenv\\.(?:nix|ya?ml)|shell\\.nix)',
      '\\.(?:lldb|gdb)init',
    ],
    unless: null,
  },
  {
    name: 'analysis',
    tier: 'T2',
    is: 'what compilers, linters and scanners pass over',
    paths: [
      '[^/]+\\.ruleset',
      'globalsuppressions\\.(?:cs|vb)',
      '\\.(?:eslint|stylelint|tslint|jshint|htmlhint|oxlint|semgrep|gitleaks|trivy|grype|checkov|secretlint|ansible-lint-)ignore(?:\\.ya?ml)?',
      '\\.semgrep\\.ya?ml',
      '\\.semgrep/',
      '\\.?(?:trivy|checkov|grype|kube-linter|qodana)\\.ya?ml',
      '\\.(?:snyk|nsprc|bandit|gitleaks\\.toml|secrets\\.baseline|gitguardian\\.ya?ml|safety-policy\\.ya?ml|codeclimate\\.ya?ml|deepsource\\.toml)',
      '\\.?audit-ci\\.jsonc?',
      'osv-scanner\\.toml',
    ],
    unless: null,
  },
  {
    name: 'diagnostics',
    tier: 'T2',
    is: 'what compilers report, and more of it than the layout of text changes',
    paths: ['\\.editorconfig', '[^/]*\\.globalconfig'],
    unless: 'layoutOnly',
  },
  {
    name: 'package-manifest',
    tier: 'T2',
    is: 'a package manifest with lifecycle scripts or test configuration, and more of it than dependencies changes',
    paths: ['package\\.json', 'composer\\.json'],
    unless: 'dependenciesOnly',
  },
  {
    name: 'project-manifest',
    tier: 'T2',
    is: 'a project file with build steps or test configuration, and more of it than versions changes',
    paths: [
      'pyproject\\.toml',
      'setup\\.cfg',
      'pipfile',
      'package(?:@swift-[^/]*)?\\.swift',
      'podfile',
      '[^/]+\\.podspec',
      'cartfile(?:\\.private)?',
      'gemfile',
      '[^/]+\\.gemspec',
      '[^/]+\\.props',
      '(?:build|settings)\\.gradle(?:\\.kts)?',
      'pom\\.xml',
      '(?:cargo\\.toml|go\\.(?:mod|work)|mix\\.exs|build\\.sbt|deps\\.edn|project\\.clj)',
      '(?:cmakelists\\.txt|meson\\.build|(?:build|workspace|module)\\.bazel|\\.bazelrc|flake\\.nix)',
    ],
    unless: 'versionsOnly',
  },
  {
    name: 'tests',
    tier: 'T2',
    is: 'configuration of tests',
    paths: [
      '(?:jest|vitest|vite|karma|playwright|cypress|wdio|ava|web-test-runner|protractor|nightwatch|stryker|wallaby)(?:[.-][^/]*)?\\.(?:config|conf|workspace|setup)(?:\\.[^/]*)?\\.?(?:[cm]?[jt]sx?|json5?)?',
      '(?:vitest|jest)[.-]?(?:workspace|setup|preset|projects)[^/]*\\.(?:[cm]?[jt]sx?|json)',
      '(?:jest|karma|cypress|nightwatch|stryker\\.conf|jasmine)\\.json',
      'karma\\.conf(?:\\.[^/]*)?\\.[cm]?[jt]s',
      '\\.(?:mocharc|nycrc|c8rc|taprc|tap|jasmine|istanbul)(?:\\.[^/]*)?',
      '(?:pytest|tox)\\.(?:ini|toml)',
      '\\.pytest\\.ini',
      'conftest\\.py',
      '\\.coveragerc',
      '\\.?codecov\\.ya?ml',
      '\\.coveralls\\.ya?ml',
      'sonar-project\\.properties',
      '[^/]+\\.(?:runsettings|testsettings|xctestplan)',
      '(?:[^/]+\\.)?xunit\\.runner\\.json',
      '(?:coverlet|stryker)[^/]*\\.(?:json|ya?ml|runsettings)',
      'phpunit\\.xml(?:\\.dist)?',
      '\\.rspec',
      '(?:setup-?tests?|tests?-?setup|setup-?(?:jest|vitest|mocha)|global-?(?:setup|teardown))\\.[cm]?[jt]sx?',
      ['(?:__tests?__|tests?|specs?|e2e)', 'setup(?![^/]*\\.(?:test|spec|e2e|cy)\\.)(?:[.-][^/]*)?\\.[cm]?[jt]sx?'],
      ['(?:__tests?__|tests?|specs?|e2e)', '.*/setup(?![^/]*\\.(?:test|spec|e2e|cy)\\.)(?:[.-][^/]*)?\\.[cm]?[jt]sx?'],
      ['(?:__tests?__|tests?|specs?|e2e)', 'setup/.*\\.[cm]?[jt]sx?'],
      ['cypress', '(?:support/(?:e2e|index|component)|plugins/index)\\.[cm]?[jt]sx?'],
      ['src', 'test\\.ts'],
      '(?:mocha\\.opts|testem\\.(?:[cm]?js|json))',
      '\\.(?:testcafe|detox)rc(?:\\.[^/]*)?',
      '\\.?(?:stestr|testr|nose|nose2|unittest|behave)\\.(?:conf|cfg|ini)',
      '(?:[^/]+\\.)?testconfig\\.json',
      'codecoverage\\.(?:config|xml)',
      '\\.slather\\.ya?ml',
      '\\.?(?:ct|kuttl-test|chainsaw)\\.ya?ml',
    ],
    unless: null,
  },
  {
    name: 'package-sources',
    tier: 'T2',
    is: 'where packages come from',
    paths: [
      '\\.(?:npmrc|yarnrc|pypirc|pnpmfile\\.[cm]?js|pnprc|bunfig\\.toml)',
      '\\.yarnrc\\.ya?ml',
      '\\.yarn/(?:releases|plugins|patches|sdks|unplugged)/',
      '(?:bunfig\\.toml|pnpm-workspace\\.ya?ml)',
      '\\.?pip\\.(?:conf|ini)',
      'uv\\.toml',
      'nuget\\.config',
      ['\\.cargo', 'config(?:\\.toml)?'],
      '\\.swiftpm/configuration/',
      '\\.condarc',
      ['\\.bundle', 'config'],
      '/settings\\.xml',
      ['/\\.m2', 'settings\\.xml'],
      ['patches', '.*\\.patch'],
      '\\.pnp\\.(?:[cm]?js|loader\\.[cm]?js|data\\.json)',
      '(?:deno\\.jsonc?|import_?map\\.json)',
      '(?:\\.bowerrc|\\.gemrc|poetry\\.toml|pixi\\.toml|paket\\.dependencies|gradle\\.properties|rush\\.json)',
      '/common/config/rush/',
    ],
    unless: null,
  },
  {
    name: 'access',
    tier: 'T3',
    is: 'a manifest of access or admission',
    paths: [
      '(?=[^/]*(?:rbac|cluster-?role|role-?binding|tier-?polic(?:y|ies)|admission|kyverno|gatekeeper))[^/]*\\.(?:ya?ml|json|tpl|jsonnet|cue)',
      ['(?:rbac|admission|kyverno|gatekeeper|tier-?policies)', '.*\\.(?:ya?ml|json|tpl|jsonnet|cue)'],
    ],
    unless: null,
  },
  {
    name: 'rig-gitops',
    tier: 'T3',
    is: 'the deployment of the rig itself',
    paths: [
      'rig-(?:gitops|system|verifier|conductor|operator|proxy|egress|memory(?:-mcp)?)/',
      'rig-(?:gitops|system|verifier|conductor|operator|proxy|egress)[^/]*\\.(?:ya?ml|json|tpl)',
    ],
    unless: null,
  },
];

const listed = indexListed(JUDGES.map(({ paths }) => paths));

const NONE: readonly Judge[] = [];
const ASCII = /^[\x20-\x7e]*$/;

/** Those of the list that a readable path is; for nearly every file none. */
export function judgesOf(path: string): readonly Judge[] {
  const places = listed(asDisksRead(path));
  return places.length === 0 ? NONE : places.map((at) => JUDGES[at]!);
}

/** Some disks tell neither cases nor forms of a letter apart: a long s, a sign for kelvin and letters of full width open the same file. */
function asDisksRead(path: string): string {
  return ASCII.test(path) ? path : path.normalize('NFKC').toLowerCase();
}
