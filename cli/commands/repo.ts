import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { annotations, type Repository, resources } from '#crds';
import { attestation, compareRules, type Enforcement, RULESET_NAME, ruleWish, wantedRules } from '#domain';
import { createForge, type Forge, ForgeError, protectBranch } from '#lib/forge';
import type { KubeClient, KubeObject, Resource } from '#lib/kube';
import { createTerminal, ExitCode, ExitError, type Terminal } from '#lib/terminal';
import { openTenant, type Tenant, type TenantOptions } from '../cluster.ts';
import { readToken } from '../named-file.ts';
import { withCommonOptions } from '../options.ts';
import { addRemote } from './repo-remote.ts';

const REPOSITORIES = resources.Repository as Resource<Repository & KubeObject>;
const TOKEN = 'RIG_FORGE_TOKEN';
const HOST = 'RIG_FORGE_HOST';
const GITHUB = 'github.com';

interface ProtectOptions extends TenantOptions {
  readonly dryRun?: boolean;
  readonly tokenFile?: string;
  readonly host?: string;
}

export function addRepo(program: Command): void {
  const repo = program.command('repo').description('work with Repositories');
  withCommonOptions(repo.command('protect'))
    .description('write the ruleset at the forge that holds merges to what a Repository asks; shows first what differs')
    .argument('<repository>', 'name of the Repository')
    .option('--dry-run', 'only show what differs')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .option('--context <name>', 'a rig that is installed in the cluster of this context of your kubeconfig')
    .option('--token-file <file>', `a token with administration of the repository (default: ${TOKEN})`)
    .option(
      '--host <host>',
      `the forge that the token is for, with its port if it has one (default: ${HOST}, else ${GITHUB})`,
    )
    .action(protect);
  addRemote(repo);
}

async function protect(name: string, options: ProtectOptions): Promise<void> {
  const tenant = openTenant(options);
  const { client, namespace } = tenant;
  try {
    const repository = await client.get<Repository & KubeObject>(REPOSITORIES, { namespace, name });
    const { enforcement, apiURL } = repository.spec;
    if (enforcement.kind === 'none')
      throw new ExitError(
        ExitCode.NotDone,
        `Repository ${name} does without a ruleset (${enforcement.because ?? ''}); set spec.enforcement.kind to ruleset first.`,
      );
    const forge = createForge({ baseURL: apiURL, token: tokenOf(tenant, options, apiURL) });
    await protectWith({
      forge,
      client,
      repository,
      terminal: createTerminal(options),
      dryRun: options.dryRun === true,
    });
  } finally {
    await client.close();
  }
}

export interface Protecting {
  /** As the person whose token it is. */
  readonly forge: Pick<Forge, 'branchRules' | 'putRuleset' | 'repository' | 'repositoryById'>;
  readonly client: Pick<KubeClient, 'patch'>;
  readonly repository: Repository & KubeObject;
  readonly terminal: Terminal;
  readonly dryRun: boolean;
}

/**
 * Shows what differs, writes the ruleset where something does, and notes on the Repository which one was seen whole. Throws ExitError
 * `NotDone` where the token may not, or something still differs afterwards; `Environment` where the forge is away.
 */
export async function protectWith(given: Protecting): Promise<void> {
  try {
    await protectBy(given);
  } catch (error) {
    throw error instanceof ForgeError ? explained(error, given.repository.metadata.name!) : error;
  }
}

async function protectBy({ forge, client, repository, terminal, dryRun }: Protecting): Promise<void> {
  const wish = ruleWish(repository);
  const unseen = { ...wish, attested: null };
  const { owner, name } = await whatItIs(forge, repository, terminal);
  const apps = wish.checks.map(({ app }) => app);
  const rules = await forge.branchRules({ owner, name }, wish.branch, apps);
  const before = compareRules(unseen, rules);
  for (const line of words(before)) terminal.say(line);
  const noted = rules.rulesets.some((set) => set.id === wish.attested?.id && set.updatedAt === wish.attested.updatedAt);
  if (dryRun || (before.state === 'enforced' && noted)) return show(terminal, before, dryRun);
  const ruleset = { name: RULESET_NAME, branch: wish.branch, rules: wantedRules(wish) };
  const { rules: now, seen } = await protectBranch(forge, { owner, name }, ruleset);
  if (seen !== null) {
    const { namespace, name: object } = repository.metadata as { namespace: string; name: string };
    const noted = { metadata: { annotations: { [annotations.ruleset]: attestation(seen) } } };
    await client.patch(REPOSITORIES, { namespace, name: object }, noted as never);
  }
  show(terminal, compareRules(unseen, now), false, true);
}

/** The repository by its id, once the conductor has found it: after a rename its old name may be another's. */
async function whatItIs(forge: Protecting['forge'], { spec, status }: Repository, terminal: Terminal) {
  const id = status?.forge?.repositoryID;
  const { owner, name } = await (id === undefined ? forge.repository(spec) : forge.repositoryById(id));
  const [was, is] = [`${spec.owner}/${spec.name}`, `${owner}/${name}`];
  if (was.toLowerCase() !== is.toLowerCase()) terminal.say(`${was} is ${is} now`);
  return { owner, name };
}

/** The result. Throws ExitError `NotDone` where the forge still holds something else: a rule of another ruleset, which is a person's. */
function show(terminal: Terminal, after: Enforcement, dryRun: boolean, written = false): void {
  const differences = words(after);
  const enforced = after.state === 'enforced';
  const said = enforced
    ? written
      ? 'the ruleset is written'
      : 'the ruleset holds what is asked'
    : differences.join('; ');
  terminal.result({ enforced, written, dryRun, differences }, said);
  if (!enforced && !dryRun)
    throw new ExitError(
      ExitCode.NotDone,
      'What still differs is in other rulesets of the forge, or cannot be seen with this token; change it there.',
    );
}

function words(enforcement: Enforcement): string[] {
  if (enforcement.state === 'differs') return [...enforcement.differences];
  return enforcement.state === 'hidden' ? [enforcement.why] : [];
}

/** At the rig's own forge the token of the person of this machine will do; any other is sent only to the host that the person names. */
function tokenOf({ rig }: Tenant, { tokenFile, host }: ProtectOptions, apiURL: string): string {
  const own = rig?.state.urls.forge;
  const atOwn = own !== undefined && URL.parse(apiURL)?.origin === URL.parse(own)?.origin;
  const named = tokenFile !== undefined || (process.env[TOKEN] ?? '') !== '';
  if (!atOwn && named) requireHost(apiURL, host ?? process.env[HOST]);
  const given = tokenFile === undefined ? process.env[TOKEN] : readToken('--token-file', tokenFile);
  if (given !== undefined && given !== '') return given;
  if (atOwn) return readFileSync(`${rig!.layout.secrets}/forge-token-you`, 'utf8').trim();
  throw new ExitError(
    ExitCode.Usage,
    `Name a token in ${TOKEN} or --token-file: one with write permission for the administration of the repository.`,
  );
}

/**
 * Where a Repository's API is, is the word of whoever may write the Repository: a token goes there only if the person who has it names the
 * host, or it is GitHub's own, and over TLS. Throws ExitError Usage.
 */
export function requireHost(apiURL: string, named: string | undefined): void {
  const url = URL.parse(apiURL);
  const host = (named || GITHUB).toLowerCase();
  if (url?.protocol === 'https:' && [host, `api.${host}`].includes(url.host)) return;
  const which = url?.protocol === 'https:' ? `at ${url.host}` : `at ${apiURL}, without TLS`;
  throw new ExitError(
    ExitCode.Usage,
    `The Repository is ${which}, and the token is for ${host}: nothing was sent. If it is meant for that forge, name its host in --host or ${HOST}, and see that spec.apiURL is an https URL.`,
  );
}

function explained({ code, message, status }: ForgeError, name: string): ExitError {
  if (code === 'Unavailable' || code === 'Timeout') return new ExitError(ExitCode.Environment, message);
  const lacks = code === 'Forbidden' || code === 'NotFound' || code === 'Unauthorized';
  const how = lacks
    ? ' Writing rulesets takes administration of the repository: give a token that has it, or ask an administrator to run this command. If the forge offers no rulesets here, set spec.enforcement of the Repository to kind none and say why.'
    : '';
  return new ExitError(
    ExitCode.NotDone,
    `The ruleset of ${name} could not be written${status ? ` (${status})` : ''}: ${message}${how}`,
  );
}
