import type { Command } from 'commander';
import { type Issue, type Repository, resources, type TierPolicy } from '#crds';
import {
  type CompiledPolicy,
  compilePolicy,
  compileRaise,
  contentNeeded,
  type Grade,
  gradeChange,
  gradeIssue,
  type Raise,
  type Work,
} from '#domain';
import { readEvents } from '#lib/conductor';
import { engines, policyNameOf } from '#lib/grading';
import type { KubeObject, Resource } from '#lib/kube';
import { createTerminal, ExitCode, ExitError } from '#lib/terminal';
import {
  blobsOf,
  type Classified,
  factsOf,
  parseDiff,
  policyFrom,
  pullGrade,
  type ReadBlob,
  raisedByFloor,
  renderClassified,
  withTexts,
} from '../classify/index.ts';
import { openTenant, type Tenant, type TenantOptions } from '../cluster.ts';
import { readNamed } from '../named-file.ts';
import { parseForgeNumber, withCommonOptions } from '../options.ts';
import { explainConductor, readerOf } from '../readers.ts';

const ISSUES = resources.Issue as Resource<Issue & KubeObject>;
const REPOSITORIES = resources.Repository as Resource<Repository & KubeObject>;
const POLICIES = resources.TierPolicy as Resource<TierPolicy & KubeObject>;

interface ClassifyOptions extends TenantOptions {
  readonly diff?: string;
  readonly pr?: number;
  readonly issue?: number;
  readonly policy?: string;
  readonly repository?: string;
  readonly label: readonly string[];
  readonly title: string;
}

export function addClassify(program: Command): void {
  withCommonOptions(program.command('classify'))
    .description('which tier and class work has, and which rule decides it')
    .option('--diff <file>', 'a diff that git wrote, - for standard input; run it in a clone that has both sides')
    .option(
      '--pr <number>',
      'a pull request of the rig: the grade of its newest head, as the log has it',
      parseForgeNumber,
    )
    .option('--issue <number>', 'an issue of the rig, by its number at the forge', parseForgeNumber)
    .option('--policy <file>', 'grade by this TierPolicy (default: the one that grades the Repository)')
    .option('--repository <name>', 'the Repository whose rules are meant (default: the only one)')
    .option('--label <name>', 'with --diff: a label of the work, as often as wanted', collect, [])
    .option('--title <text>', 'with --diff: the title of the work', '')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .option('--context <name>', 'a rig that is installed in the cluster of this context of your kubeconfig')
    .action(classify);
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

async function classify(options: ClassifyOptions): Promise<void> {
  const { diff, pr, issue } = options;
  const terminal = createTerminal(options);
  const show = (told: Classified) => terminal.result(told, renderClassified(told));
  if ([diff, pr, issue].filter((one) => one !== undefined).length !== 1)
    throw new ExitError(ExitCode.Usage, 'Name one of --diff FILE, --pr NUMBER and --issue NUMBER.');
  if (diff !== undefined && options.policy !== undefined && options.repository === undefined)
    return show(classifyDiff(diff, await policyFrom(options.policy), [], options));
  const tenant = openTenant(options);
  try {
    if (diff !== undefined) {
      const { policy, raise } = await rulesOf(tenant, await repositoryOf(tenant, options.repository), options.policy);
      return show(classifyDiff(diff, policy, raise, options));
    }
    const found = await issueOf(tenant, options);
    show(pr === undefined ? await classifyIssue(tenant, found, options) : await classifyPull(tenant, found, options));
  } finally {
    await tenant.client.close();
  }
}

function classifyDiff(
  file: string,
  policy: CompiledPolicy,
  raise: Raise,
  { label, title }: ClassifyOptions,
): Classified {
  const text = readNamed('--diff', file, file === '-' ? 0 : file);
  const work: Work = { labels: label, title, taskClass: null, source: '' };
  const grade = gradeDiff(text, policy, raise, work, blobsOf(process.cwd()));
  return { of: file === '-' ? 'standard input' : file, policy: policy.name, grade };
}

/** Grades a diff that git wrote; what it does not have whole is read as blobs. */
export function gradeDiff(text: string, policy: CompiledPolicy, raise: Raise, work: Work, read: ReadBlob): Grade {
  const diff = parseDiff(text);
  const needed = contentNeeded(policy, raise, factsOf(diff), work);
  return gradeChange(policy, raise, withTexts(diff, needed, read), work);
}

/** What the rules say of an Issue, raised to its floors. */
export async function classifyIssue(
  tenant: Tenant,
  issue: Issue,
  options: Pick<ClassifyOptions, 'policy'>,
): Promise<Classified> {
  const repository = await repositoryOf(tenant, issue.spec.repositoryRef.name);
  const { policy, raise } = await rulesOf(tenant, repository, options.policy);
  const { labels, title, taskClass = null, source, taskSpec } = issue.spec;
  const grade = gradeIssue(policy, raise, { labels, title, taskClass, source, files: taskSpec?.files ?? [] });
  return { of: `Issue ${issue.metadata.name}`, policy: policy.name, grade: raisedByFloor(grade, issue) };
}

async function classifyPull(tenant: Tenant, issue: Issue, options: ClassifyOptions): Promise<Classified> {
  if (options.policy !== undefined)
    throw new ExitError(
      ExitCode.Usage,
      'Another policy is tried on a diff: git diff BASE...HEAD | rig classify --diff - --policy FILE.',
    );
  if (tenant.rig === null)
    throw new ExitError(ExitCode.Usage, 'The log is read on the machine of the rig: leave --context out.');
  const reader = { ...readerOf(tenant.rig.layout, tenant.namespace), issue: issue.metadata.name! };
  const { events } = await readEvents(reader).catch(explainConductor);
  const repository = await repositoryOf(tenant, issue.spec.repositoryRef.name);
  return { ...pullGrade(events, issue), policy: policyNameOf(repository) };
}

async function issueOf({ client, namespace }: Tenant, { pr, issue, repository }: ClassifyOptions): Promise<Issue> {
  const { items } = await client.list(ISSUES, { namespace });
  const found = items.filter(
    ({ spec, status }) =>
      (repository === undefined || spec.repositoryRef.name === repository) &&
      (pr === undefined ? (spec.number ?? status?.number) === issue : status?.pullRequest?.number === pr),
  );
  const what = pr === undefined ? `issue #${issue}` : `pull request #${pr}`;
  if (found.length === 0) throw new ExitError(ExitCode.NotDone, `No Issue in ${namespace} stands for ${what}.`);
  if (found.length > 1)
    throw new ExitError(ExitCode.Usage, `Several Issues in ${namespace} stand for ${what}; name the --repository.`);
  return found[0]!;
}

async function repositoryOf({ client, namespace }: Tenant, name: string | undefined): Promise<Repository> {
  if (name !== undefined) return client.get(REPOSITORIES, { namespace, name });
  const { items } = await client.list(REPOSITORIES, { namespace });
  if (items.length === 1) return items[0]!;
  throw new ExitError(
    ExitCode.Usage,
    `There are ${items.length} Repositories in ${namespace}; name one with --repository.`,
  );
}

async function rulesOf(
  { client }: Tenant,
  repository: Repository,
  file: string | undefined,
): Promise<{ policy: CompiledPolicy; raise: Raise }> {
  const raise = compileRaise(repository.spec.raise, repository.spec.protectedPaths, engines);
  if (!raise.ok) throw new ExitError(ExitCode.NotDone, raise.problems.join('\n'));
  if (file !== undefined) return { policy: await policyFrom(file), raise: raise.value };
  const name = policyNameOf(repository);
  const found = await client.find(POLICIES, { name });
  if (!found)
    throw new ExitError(
      ExitCode.NotDone,
      `There is no TierPolicy ${name}, so everything in ${repository.metadata.name} is T3.`,
    );
  return { policy: compiledOf(found), raise: raise.value };
}

function compiledOf({ metadata, spec }: TierPolicy): CompiledPolicy {
  const compiled = compilePolicy(metadata.name ?? '', spec.rules, engines);
  if (!compiled.ok) throw new ExitError(ExitCode.NotDone, compiled.problems.join('\n'));
  return compiled.value;
}
