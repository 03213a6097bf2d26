import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { type Approval, apiVersion, childName, type Issue, type Repository, resources } from '#crds';
import { approvalScopes, approvalStatement } from '#domain';
import { MAX_BUNDLE_BYTES } from '#lib/attest';
import { type ApprovalResponse, type ReaderOptions, readApproval } from '#lib/conductor';
import {
  findCondition,
  isKubeError,
  type KubeClient,
  type KubeObject,
  NAMESPACES,
  type ObjectRef,
  type Resource,
} from '#lib/kube';
import { createTerminal, ExitCode, ExitError, plain, type Terminal } from '#lib/terminal';
import { checkDocument } from '../approve/compare.ts';
import { renderDocument } from '../approve/show.ts';
import { type SigningOptions, sign, withSigningOptions } from '../approve/sign.ts';
import { openTenant, type Tenant, type TenantOptions } from '../cluster.ts';
import { readToken } from '../named-file.ts';
import { withCommonOptions } from '../options.ts';
import { explainConductor, readerOf } from '../readers.ts';

const ISSUES = resources.Issue as Resource<Issue & KubeObject>;
const REPOSITORIES = resources.Repository as Resource<Repository & KubeObject>;
const APPROVALS = resources.Approval as Resource<Approval & KubeObject>;
const LOOK_MS = 250;
const WITHIN_MS = 30_000;
/** Certificate, log entry and timestamp of a bundle, generously. */
const BESIDE_BYTES = 16 * 1_024;

export interface ApproveOptions extends TenantOptions, SigningOptions {
  readonly scope: ApprovalResponse['scope'];
  readonly conductorUrl?: string;
  readonly readerTokenFile?: string;
}

export function addApprove(program: Command): void {
  withSigningOptions(withCommonOptions(program.command('approve')))
    .description('approve one step of an issue: shows it, signs it in your name, and files the Approval')
    .argument('<issue>', 'name of the Issue')
    .addOption(new Option('--scope <scope>', 'what is approved').choices([...approvalScopes]).makeOptionMandatory())
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .option('--context <name>', 'a rig that is installed in the cluster of this context of your kubeconfig')
    .option('--conductor-url <url>', 'where its conductor is reached, with --context')
    .option('--reader-token-file <file>', 'the file with its readers’ token, with --context')
    .action(approve);
}

async function approve(name: string, options: ApproveOptions): Promise<void> {
  const tenant = openTenant(options);
  const terminal = createTerminal(options);
  const ref = { namespace: tenant.namespace, name };
  try {
    if (options.printStatement) {
      const { statement } = await look(tenant, ref, options);
      return void process.stdout.write(`${statement}\n`);
    }
    const filed = await approveIssue(tenant, ref, options, terminal);
    terminal.result(
      filed,
      `${filed.name} is verified: ${plain(filed.by)} approved the ${options.scope} until ${filed.until}`,
    );
  } finally {
    await tenant.client.close();
  }
}

/** Shows what is approved, has it signed, files it, and resolves when it is verified. Throws ExitError where it is not. */
export async function approveIssue(
  tenant: Tenant,
  ref: ObjectRef,
  options: ApproveOptions,
  terminal: Terminal,
): Promise<Filed> {
  const { seen, offered, statement } = await look(tenant, ref, options);
  const { issue, repository } = seen;
  const { pullRequest, plan } = issue.status ?? {};
  const at = `${repository.spec.owner}/${repository.spec.name}`;
  terminal.say(renderDocument(offered, { repository: at, pullURL: pullRequest?.url, planURL: plan?.url }));
  if (seen.clusterUID === null)
    terminal.warn('You may not read the namespace kube-system, so which cluster this is for is the conductor’s word.');
  fits(statement);
  const bundle = await sign(statement, tenant, options, terminal);
  return await file(tenant.client, issue, offered, bundle);
}

/** What the API server has, and what the conductor would have signed, which must be the same. */
async function look(tenant: Tenant, ref: ObjectRef, options: ApproveOptions) {
  const { client } = tenant;
  const issue = await client.get(ISSUES, ref);
  const repository = await client.get(REPOSITORIES, { namespace: ref.namespace, name: issue.spec.repositoryRef.name });
  const seen = { issue, repository, clusterUID: await clusterUID(client) };
  const reader = { ...readerFor(tenant, options), issue: ref.name };
  const offered = await readApproval(reader, options.scope).catch(explainConductor);
  checkDocument(offered, seen, (text) => createHash('sha256').update(text, 'utf8').digest('hex'));
  return { seen, offered, statement: JSON.stringify(approvalStatement(offered.document, offered.digest)) };
}

async function clusterUID(client: KubeClient): Promise<string | null> {
  try {
    return (await client.get(NAMESPACES, { name: 'kube-system' })).metadata.uid ?? null;
  } catch (error) {
    if (isKubeError(error, 'Forbidden')) return null;
    throw error;
  }
}

/** A bundle has its statement in base64, and some kilobytes more. Said before anybody signs what nobody can file. */
function fits(statement: string): void {
  const bytes = Math.ceil(Buffer.byteLength(statement) / 3) * 4 + BESIDE_BYTES;
  if (bytes <= MAX_BUNDLE_BYTES) return;
  throw new ExitError(
    ExitCode.NotDone,
    `What would be signed has ${Buffer.byteLength(statement)} bytes, and an Approval holds some ${Math.floor(((MAX_BUNDLE_BYTES - BESIDE_BYTES) * 3) / 4)}: make the change smaller.`,
  );
}

/** The readers’ side of the conductor that the options name. Throws ExitError `Usage`. */
export function readerFor(
  { rig, namespace }: Tenant,
  { conductorUrl, readerTokenFile }: ApproveOptions,
): ReaderOptions {
  if (rig !== null) return readerOf(rig.layout, namespace);
  if (conductorUrl === undefined || readerTokenFile === undefined) {
    throw new ExitError(
      ExitCode.Usage,
      'Say where the conductor is beside --context: --conductor-url and --reader-token-file.',
    );
  }
  return { url: conductorUrl, token: readToken('--reader-token-file', readerTokenFile), namespace };
}

/** An Approval that was filed and is verified. */
export interface Filed {
  readonly name: string;
  readonly by: string;
  /** RFC 3339. */
  readonly until: string;
}

async function file(
  client: KubeClient,
  issue: Issue & KubeObject,
  { scope, digest }: ApprovalResponse,
  bundle: string,
): Promise<Filed> {
  const { namespace, name: issueName, uid } = issue.metadata as { namespace: string; name: string; uid: string };
  const name = childName([issueName, scope, digest.slice(0, 8), randomBytes(2).toString('hex')]);
  const spec = { issueRef: { name: issueName, uid }, scope, bundle };
  await client.create(APPROVALS, { apiVersion, kind: 'Approval', metadata: { namespace, name }, spec } as Approval &
    KubeObject);
  let last = 'no conductor has looked at it yet: rig status says whether one runs.';
  for (const until = Date.now() + WITHIN_MS; Date.now() < until; await pause(LOOK_MS)) {
    const { status } = await client.get(APPROVALS, { namespace, name });
    const verified = findCondition(status?.conditions, 'Verified');
    if (verified?.status === 'True')
      return { name, by: status?.identity?.subject ?? '', until: status?.expiresAt ?? '' };
    if (verified?.status === 'False')
      throw new ExitError(ExitCode.NotDone, `Approval ${name} is refused: ${plain(verified.message)}`);
    if (verified !== undefined) last = `it cannot be verified now: ${plain(verified.message)}`;
  }
  throw new ExitError(ExitCode.NotDone, `Approval ${name} is filed, and ${last}`);
}
