/** Folders of tests, in any case, and those that only count as they are written. */
const FOLDER = String.raw`(?:__tests?__|__mocks__|__snapshots__|e2e|cypress|\.maestro|testdata|test-data|fixtures|snapshots|(?:[^/]+[._-])?tests?|(?:[^/]+[._-])?specs?)`;
const FOLDERS = new RegExp(String.raw`(?:^|\/)${FOLDER}\/`, 'i');
const NAMED_FOLDERS = /(?:^|\/)[^/]+(?:Tests|UITests|Specs)\//;
const LIKE_TESTS =
  /(?:^|\/)(?:[^/]+[._-](?:test|tests|spec|specs|e2e|cy)\.[^/]+|test_[^/]*\.py|tests?\.[^/]+|[^/]*(?:Test|Tests|TestCase|Spec|Specs)\.(?:cs|fs|vb|java|kt|scala|swift|m|mm|php|groovy)|[^/]+\.(?:snap|feature|approved\.[^/]+|verified\.[^/]+))$/;
const PROSE = /\.(?:md|mdx|rst|adoc|markdown)$/i;
const COMPARED = /(?:^|\/)(?:testdata|test-data|fixtures|snapshots|__snapshots__)\//i;

/**
 * Whether a file may be a test, or what tests compare with, by any name or folder that frameworks use for them: what exists is not edited as if it were prose. Prose
 * beside tests is none.
 */
export function looksLikeTest(path: string): boolean {
  if (PROSE.test(path)) return COMPARED.test(path);
  return FOLDERS.test(path) || NAMED_FOLDERS.test(path) || LIKE_TESTS.test(path);
}

const JS = '[cm]?[jt]sx?';

/** A folder of tests at the root: no framework serves it, no project takes it in that has a folder of its own. */
const AT_ROOT = new RegExp(String.raw`^${FOLDER}\/`, 'i');
const NAMED_AT_ROOT = /^[^/]+(?:Tests|UITests|Specs)\//;
/** The same of a package in a workspace, for what only runs where something imports it. */
const IN_PACKAGE = new RegExp(
  String.raw`^(?:(?:packages|apps|libs|services|modules|plugins|projects|crates|workspaces|extensions|examples|tools)\/(?:(?!(?:src|sources?|lib|app|pages|api|routes|server|public|static|functions)\/)[^/]+\/){1,2}|(?:frontend|backend|client|server|web|ui)\/)${FOLDER}\/.*\.(?:${JS}|rs|json|snap|txt|csv)$`,
  'i',
);
/** A project of tests beside the project that they test; deeper inside it would be part of one. And what Maven and Gradle keep apart. */
const PROJECT =
  /^(?:src|source|plugins|Plugins|modules|projects|libs|packages)\/[^/]*(?:\.Tests?|\.Specs?|[a-z0-9]Tests|[a-z0-9]Specs)\/|(?:^|\/)src\/(?:test|androidTest|integrationTest|testFixtures)\/(?:java|kotlin|scala|groovy|resources)\//;
/** Folders that mean tests to their framework wherever they are, and that nothing else is called. */
const UNMISTAKABLE = /(?:^|\/)(?:__tests?__|__mocks__|__snapshots__)\//;

/** Data beside tests, of those endings that nothing runs. */
const DATA =
  /(?:^|\/)(?:testdata|test-data|__fixtures__|Tests\/[^/]+Tests|(?:tests?|specs?)\/(?:.*\/)?fixtures)\/.*\.(?:json|txt|csv|tsv|xml|snap|golden)$/;

/** Names that mean a test to the framework of their language, and that its compiler leaves out or only imports take in. */
const NAMED = new RegExp(
  String.raw`(?:^|\/)(?:[^/]+[._](?:test|tests|spec|specs|e2e|cy)\.${JS}|(?:test_[^/]*|[^/]+_tests?|tests?)\.py|[^/]+_test\.(?:go|dart|exs?|c|cc|cpp|cxx|rs|rb)|[^/]+_spec\.rb|[^/]+\.(?:Tests\.ps1|bats|snap|feature))$|^tests?\.${JS}$`,
);
/** Classes of tests by their name: a compiler takes them in like any other, so the folder has to say it, too. Of .NET only the project does. */
const CLASS = /(?:^|\/)[^/]*(?:Test|Tests|TestCase|Spec|Specs)\.(?:java|kt|scala|swift|m|mm|php|groovy)$/;
const SOURCES = /(?:^|\/)(?:Sources\/|src\/main\/)/;

/** Places where a framework serves, routes or runs whatever there is. */
const SERVED = new RegExp(
  [
    String.raw`(?:^|\/)app\/(?:.*\/)?(?:route|page|layout|template|default|loading|error|global-error|not-found|forbidden|unauthorized)\.${JS}$`,
    String.raw`(?:^|\/)pages\/.*\.(?:${JS}|vue|svelte|astro|html)$`,
    String.raw`(?:^|\/)app\/routes\/.*\.${JS}$`,
    String.raw`^api\/.*\.${JS}$`,
    String.raw`(?:^|\/)netlify\/(?:edge-)?functions\/`,
    String.raw`^functions\/(?!(?:src|tests?|__tests__)\/).*\.${JS}$`,
    String.raw`(?:^|\/)(?:public|static|wwwroot)\/`,
    String.raw`(?:^|\/)\+[^/]+$`,
    String.raw`(?:^|\/)(?:migrations?|migrate|versions|management\/commands|templatetags|flyway|liquibase|drizzle)\/[^/]+$`,
  ].join('|'),
  'i',
);
/** Places where it does so for whatever is not named like a test. */
const ROUTED = /(?:^|\/)(?:server\/(?:api|routes|middleware|plugins)|(?:src|app)\/routes)\//i;

/** Infrastructure, and what runs by itself: whatever folder it is in, it is applied or called by its own name. */
const APPLIED =
  /\.(?:tf|tofu|tfvars|tfstate|bicep|hcl|nomad|tf\.json|mk|sh|bash|zsh|fish|psm1|bat|cmd)$|(?<!\.Tests)\.ps1$|(?:^|\/)(?:[^/]*(?:Dockerfile|Containerfile)[^/]*|[^/]*compose[^/]*\.ya?ml|(?:Pulumi|cloudformation)[^/]*\.(?:ya?ml|json)|cdk\.json|samconfig\.toml|(?:kustomization|serverless[^/]*|template|helmfile|chart|values[^/]*|app|render)\.ya?ml|(?:fly|netlify|wrangler)\.toml|(?:vercel|railway|firebase)\.json|nginx[^/]*\.conf|package\.json|(?:gnu)?makefile|justfile|taskfile[^/]*\.ya?ml|(?:Jenkinsfile|Procfile|crontab)[^/]*)$|(?:^|\/)\.(?:github|forgejo|gitea|gitlab|circleci|buildkite|woodpecker)\//i;
const DEPLOYED =
  /(?:^|\/)(?:terraform|pulumi|cdk|cloudformation|k8s|kubernetes|helm|charts|deploy|deployment|infra|ansible)\//i;
const CODE = /\.(?:[cm]?[jt]sx?|py|go|rs|rb|cs|fs|vb|java|kt|scala|swift|m|mm|php|dart|exs?)$/i;

/**
 * Whether a file is nothing but a test, or what tests compare with: no framework serves it, no project takes it in, nobody applies or runs it by itself. A name alone
 * says so where the language or its framework goes by it, a folder alone where it is one of tests at the root of the repository, of a package or of a project.
 */
export function isTest(path: string): boolean {
  if (APPLIED.test(path) || (DEPLOYED.test(path) && !CODE.test(path))) return false;
  if (PROSE.test(path)) return COMPARED.test(path) && isRoot(path);
  if (isRoot(path) || PROJECT.test(path)) return true;
  if (SERVED.test(path)) return false;
  if (NAMED.test(path) || IN_PACKAGE.test(path)) return true;
  if (DATA.test(path)) return !path.includes('src/main/');
  if (UNMISTAKABLE.test(path)) return !ROUTED.test(path);
  return CLASS.test(path) && !SOURCES.test(path) && (FOLDERS.test(path) || NAMED_FOLDERS.test(path));
}

function isRoot(path: string): boolean {
  return AT_ROOT.test(path) || NAMED_AT_ROOT.test(path);
}
