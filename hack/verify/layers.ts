/** One row of the layer table in docs/architecture.md. */
export interface Layer {
  /** Folders, as in the tree. */
  readonly folders: readonly string[];
  readonly is: string;
  readonly mayImport: string;
}

export const PROGRAMS = ['operator', 'agent-image', 'proxy', 'egress', 'verifier', 'cli', 'local'] as const;

/** The layers, lowest first. */
export const LAYERS: readonly Layer[] = [
  { folders: ['crds'], is: 'the API: kinds, names, reasons', mayImport: 'nothing of ours' },
  { folders: ['domain'], is: 'the rules: pure, no I/O, no clock, no randomness', mayImport: 'crds' },
  {
    folders: ['lib/*'],
    is: 'I/O shared by programs, one noun a folder',
    mayImport: 'crds, lib/git, lib/http, lib/observe',
  },
  {
    folders: ['lib/grading'],
    is: 'the rules of tiers with what they are asked with',
    mayImport: 'crds, domain, lib/cel, lib/change, lib/glob, lib/yaml',
  },
  {
    folders: [...PROGRAMS],
    is: 'programs, which meet over HTTP, custom resources and SQL',
    mayImport: 'domain, lib, crds',
  },
  { folders: ['test', 'hack', '*.test.ts'], is: 'tests and tools', mayImport: 'everything' },
];

/** Only these may speak to a model: what decides never does. */
const MODEL_USERS = ['agent-image', 'proxy', 'lib/llm'];
const MODEL_SDKS = /^(@anthropic-ai\/|openai($|\/))/;
const LIB_FLOORS = ['lib/git', 'lib/http', 'lib/observe'];
/** What grades changes is one thing in every program that does: rules, and what they are asked with. */
const GRADING = ['domain', 'lib/cel', 'lib/change', 'lib/glob', 'lib/yaml'];

/** Why the import of `to` by `from` (paths from the root; `specifier` as written) is refused; undefined where it may be. */
export function layerRules(from: string, to: string, specifier: string): string | undefined {
  if (isTestSide(from)) return undefined;
  const mine = unitOf(from);
  const theirs = unitOf(to);
  if ((theirs === 'lib/llm' || MODEL_SDKS.test(specifier)) && !MODEL_USERS.includes(mine))
    return 'only agent-image and proxy may speak to a model';
  if (specifier.startsWith('node:') || !isOwn(theirs)) return outside(mine, specifier);
  if (mine === theirs) return undefined;
  if (isTestSide(to)) return 'what runs imports nothing of tests and tools';
  if (!/(^|\/)index\.ts$/.test(to)) return 'a folder is entered by its index.ts alone';
  return between(mine, theirs);
}

function outside(mine: string, specifier: string): string | undefined {
  if (mine === 'domain' && specifier.startsWith('node:')) return 'domain has no I/O, no clock and no randomness';
  if (specifier.startsWith('@kubernetes/client-node') && mine !== 'lib/kube')
    return 'the Kubernetes client is used by lib/kube alone';
  return undefined;
}

function between(mine: string, theirs: string): string | undefined {
  if (theirs === 'crds') return undefined;
  if (mine === 'crds') return 'crds imports nothing of ours';
  if (mine === 'domain') return 'domain imports crds alone';
  if (mine === 'lib/grading' && GRADING.includes(theirs)) return undefined;
  if (mine.startsWith('lib/'))
    return LIB_FLOORS.includes(theirs)
      ? undefined
      : 'a lib folder imports crds, lib/git, lib/http and lib/observe alone';
  if (mine === 'local/supervisor' && theirs.startsWith('local/')) return undefined;
  return isProgram(theirs) ? 'programs never import each other' : undefined;
}

/** `lib/kube`, `local/forge`, else the first folder. */
function unitOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  return first === 'lib' || first === 'local' ? `${first}/${second}` : first;
}

function isOwn(unit: string): boolean {
  return (
    unit === 'crds' ||
    unit === 'domain' ||
    unit.startsWith('lib/') ||
    isProgram(unit) ||
    unit === 'test' ||
    unit === 'hack'
  );
}

function isProgram(unit: string): boolean {
  return (PROGRAMS as readonly string[]).includes(unit.split('/')[0] ?? '');
}

/** Tests, what they share, and doubles may import anything. */
function isTestSide(path: string): boolean {
  return /\.(test|bench|[a-z]+-kit)\.ts$/.test(path) || /^(test|hack)\//.test(path) || /(^|\/)double\//.test(path);
}
