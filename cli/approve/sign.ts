import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { statementPayloadType } from '#domain';
import { AttestError, type SigningServices, signStatement } from '#lib/attest';
import { ExitCode, ExitError, type Terminal } from '#lib/terminal';
import type { Tenant } from '../cluster.ts';
import { readNamed } from '../named-file.ts';
import { confirm } from './confirm.ts';
import { signInOnDevice, signInWithBrowser, withCode } from './sign-in.ts';

/** How a person signs, and with which services. */
export interface SigningOptions {
  readonly signIn: 'browser' | 'device' | 'local';
  readonly yes?: boolean;
  readonly printStatement?: boolean;
  readonly bundle?: string;
  readonly issuer?: string;
  readonly fulcioUrl?: string;
  readonly rekorUrl?: string;
  readonly timestampUrl?: string;
}

/** The options of every command that signs in a person's name. */
export function withSigningOptions(command: Command): Command {
  return command
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
    .option('--issuer <url>', 'your OpenID Connect provider (default: the rig’s own, with --context Sigstore’s)')
    .option('--fulcio-url <url>', 'what issues the certificate (default as for --issuer)')
    .option('--rekor-url <url>', 'what logs the signature (default as for --issuer)')
    .option('--timestamp-url <url>', 'what tells the time (default as for --issuer)');
}

/**
 * The bundle over a statement: the one that cosign made, or one that is signed now, in the name of whoever signs in. Asks before, unless told not to.
 * Throws ExitError where nobody signs.
 */
export async function sign(
  statement: string,
  { rig }: Tenant,
  options: SigningOptions,
  terminal: Terminal,
): Promise<string> {
  if (options.bundle !== undefined) return readNamed('--bundle', options.bundle);
  if (!options.yes) await confirm('Sign this?');
  const trust = rig?.state.urls.trust;
  const issuer = options.issuer ?? trust ?? 'https://oauth2.sigstore.dev/auth';
  const services: SigningServices = {
    fulcioURL: options.fulcioUrl ?? trust ?? 'https://fulcio.sigstore.dev',
    rekorURL: options.rekorUrl ?? trust ?? 'https://rekor.sigstore.dev',
    timestampURL: options.timestampUrl ?? trust ?? 'https://timestamp.sigstore.dev',
  };
  // The sign-in code is for the provider of this rig, and for nobody who only says that they are one.
  const secrets = issuer === trust ? rig?.layout.secrets : undefined;
  const identityToken = await signIn(issuer, options, secrets, terminal);
  return signStatement(statement, { payloadType: statementPayloadType, identityToken, services }).catch(
    (error: unknown) => {
      if (error instanceof AttestError) throw new ExitError(ExitCode.NotDone, error.message, { cause: error });
      throw error;
    },
  );
}

async function signIn(
  issuer: string,
  { signIn: how }: SigningOptions,
  secrets: string | undefined,
  terminal: Terminal,
): Promise<string> {
  if (how === 'device') return signInOnDevice(issuer, terminal.warn);
  if (how === 'browser') return signInWithBrowser(issuer, (url) => openBrowser(url, terminal));
  const file = secrets === undefined ? undefined : join(secrets, 'sign-in-code');
  if (file === undefined || !existsSync(file))
    throw new ExitError(
      ExitCode.Usage,
      'Only the provider of a rig on this machine has a sign-in code; sign in with browser or device.',
    );
  return signInWithBrowser(issuer, withCode(readFileSync(file, 'utf8').trim(), issuer));
}

/** Whether a browser opens is not known, so the address is shown as well. */
function openBrowser(url: string, terminal: Terminal): void {
  terminal.warn(`Sign in at ${url}`);
  const [command, ...before] = process.platform === 'darwin' ? ['open'] : ['xdg-open'];
  const child = spawn(command!, [...before, url], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
