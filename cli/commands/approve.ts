import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { type Approval, apiVersion, childName, type Issue, resources } from '#crds';
import { approvalScopes, approvalStatement, statementPayloadType } from '#domain';
import { AttestError, type SigningServices, signStatement } from '#lib/attest';
import { type ApprovalResponse, type ReaderOptions, readApproval } from '#lib/conductor';
import { findCondition, type KubeClient, type KubeObject, type ObjectRef, type Resource } from '#lib/kube';
import { createTerminal, ExitCode, ExitError, plain, type Terminal } from '#lib/terminal';
import { checkDocument, renderDocument } from '../approve/show.ts';
import { signInOnDevice, signInWithBrowser, withCode } from '../approve/sign-in.ts';
import { openTenant, type Tenant, type TenantOptions } from '../cluster.ts';
import { withCommonOptions } from '../options.ts';
import { explainConductor, readerOf } from '../readers.ts';

const ISSUES = resources.Issue as Resource<Issue & KubeObject>;
const APPROVALS = resources.Approval as Resource<Approval & KubeObject>;
const LOOK_MS = 250;
const WITHIN_MS = 30_000;

interface ApproveOptions extends TenantOptions {
  readonly scope: ApprovalResponse['scope'];
  readonly signIn: 'browser' | 'device' | 'local';
  readonly yes?: boolean;
  readonly printStatement?: boolean;
  readonly bundle?: string;
  readonly conductorUrl?: string;
  readonly readerTokenFile?: string;
  readonly issuer?: string;
  readonly fulcioUrl?: string;
  readonly rekorUrl?: string;
  readonly timestampUrl?: string;
}

export function addApprove(program: Command): void {
  withCommonOptions(program.command('approve'))
    .description('approve one step of an issue: shows it, signs it in your name, and files the Approval')
    .argument('<issue>', 'name of the Issue')
    .addOption(new Option('--scope <scope>', 'what is approved').choices([...approvalScopes]).makeOptionMandatory())
    .addOption(
      new Option(
        '--sign-in <how>',
        'browser; device, without a browser here; local, with the sign-in code of a rig on this machine',
      )
        .choices(['browser', 'device', 'local'])
        .default('browser'),
    )
    .option('--yes', 'do not ask whether what is shown is to be signed')
    .option('--print-statement', 'print what would be signed, for cosign attest-blob --statement, and do nothing else')
    .option('--bundle <file>', 'file this bundle, which cosign made, instead of signing')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .option('--context <name>', 'a rig that is installed in the cluster of this context of your kubeconfig')
    .option('--conductor-url <url>', 'where its conductor is reached, with --context')
    .option('--reader-token-file <file>', 'the file with its readers’ token, with --context')
    .option('--issuer <url>', 'your OpenID Connect provider (default: the rig’s own, with --context Sigstore’s)')
    .option('--fulcio-url <url>', 'what issues the certificate (default as for --issuer)')
    .option('--rekor-url <url>', 'what logs the signature (default as for --issuer)')
    .option('--timestamp-url <url>', 'what tells the time (default as for --issuer)')
    .action(approve);
}

async function approve(name: string, options: ApproveOptions): Promise<void> {
  const tenant = openTenant(options);
  const terminal = createTerminal(options);
  const ref = { namespace: tenant.namespace, name };
  try {
    const { issue, offered } = await look(tenant, ref, options);
    const statement = JSON.stringify(approvalStatement(offered.document, offered.digest));
    if (options.printStatement) return void process.stdout.write(`${statement}\n`);
    terminal.say(renderDocument(offered, issue.status?.pullRequest?.url));
    const bundle =
      options.bundle === undefined
        ? await sign(statement, tenant, options, terminal)
        : readFileSync(options.bundle, 'utf8');
    const filed = await file(tenant.client, issue, offered, bundle);
    terminal.result(
      filed,
      `${filed.name} is verified: ${plain(filed.by)} approved the ${offered.scope} until ${filed.until}`,
    );
  } finally {
    await tenant.client.close();
  }
}

/** The Issue as the API server has it and what the conductor would have signed, which must be the same. */
async function look(tenant: Tenant, ref: ObjectRef, options: ApproveOptions) {
  const issue = await tenant.client.get(ISSUES, ref);
  const reader = { ...readerFor(tenant, options), issue: ref.name };
  const offered = await readApproval(reader, options.scope).catch(explainConductor);
  checkDocument(offered, issue, (text) => createHash('sha256').update(text, 'utf8').digest('hex'));
  return { issue, offered };
}

function readerFor({ rig, namespace }: Tenant, { conductorUrl, readerTokenFile }: ApproveOptions): ReaderOptions {
  if (rig !== null) return readerOf(rig.layout, namespace);
  if (conductorUrl === undefined || readerTokenFile === undefined) {
    throw new ExitError(
      ExitCode.Usage,
      'Say where the conductor is beside --context: --conductor-url and --reader-token-file.',
    );
  }
  return { url: conductorUrl, token: readFileSync(readerTokenFile, 'utf8').trim(), namespace };
}

async function sign(statement: string, { rig }: Tenant, options: ApproveOptions, terminal: Terminal): Promise<string> {
  if (!options.yes) await confirm();
  const trust = rig?.state.urls.trust;
  const issuer = options.issuer ?? trust ?? 'https://oauth2.sigstore.dev/auth';
  const services: SigningServices = {
    fulcioURL: options.fulcioUrl ?? trust ?? 'https://fulcio.sigstore.dev',
    rekorURL: options.rekorUrl ?? trust ?? 'https://rekor.sigstore.dev',
    timestampURL: options.timestampUrl ?? trust ?? 'https://timestamp.sigstore.dev',
  };
  const identityToken = await signIn(issuer, options, rig?.layout.secrets, terminal);
  return signStatement(statement, { payloadType: statementPayloadType, identityToken, services }).catch(
    (error: unknown) => {
      if (error instanceof AttestError) throw new ExitError(ExitCode.NotDone, error.message, { cause: error });
      throw error;
    },
  );
}

async function confirm(): Promise<void> {
  if (!process.stdin.isTTY)
    throw new ExitError(ExitCode.Usage, 'Nobody is there to be asked; look at what is shown, and say --yes.');
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asked.question('\nSign this? Type yes: ').finally(() => asked.close());
  if (answer.trim() !== 'yes') throw new ExitError(ExitCode.NotDone, 'Nothing was signed.');
}

async function signIn(
  issuer: string,
  { signIn: how }: ApproveOptions,
  secrets: string | undefined,
  terminal: Terminal,
): Promise<string> {
  if (how === 'device') return signInOnDevice(issuer, terminal.warn);
  if (how === 'browser') return signInWithBrowser(issuer, (url) => openBrowser(url, terminal));
  const file = secrets === undefined ? undefined : join(secrets, 'sign-in-code');
  if (file === undefined || !existsSync(file))
    throw new ExitError(
      ExitCode.Usage,
      'Only a rig on this machine has a sign-in code; sign in with browser or device.',
    );
  return signInWithBrowser(issuer, withCode(readFileSync(file, 'utf8').trim()));
}

/** Whether a browser opens is not known, so the address is shown as well. */
function openBrowser(url: string, terminal: Terminal): void {
  terminal.warn(`Sign in at ${url}`);
  const [command, ...before] = process.platform === 'darwin' ? ['open'] : ['xdg-open'];
  const child = spawn(command!, [...before, url], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

interface Filed {
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
  for (const until = Date.now() + WITHIN_MS; Date.now() < until; await pause(LOOK_MS)) {
    const { status } = await client.get(APPROVALS, { namespace, name });
    const verified = findCondition(status?.conditions, 'Verified');
    if (verified?.status === 'True')
      return { name, by: status?.identity?.subject ?? '', until: status?.expiresAt ?? '' };
    if (verified !== undefined)
      throw new ExitError(ExitCode.NotDone, `Approval ${name} is refused: ${verified.message}`);
  }
  throw new ExitError(
    ExitCode.NotDone,
    `Approval ${name} is filed, and no conductor has verified it yet: rig status says whether one runs.`,
  );
}
