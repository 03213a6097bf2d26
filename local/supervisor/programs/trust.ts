import { checkout } from '../checkout.ts';
import { type Context, startProgram } from '../context.ts';
import { nodeProgram } from '../process/program.ts';
import { untilAnswers } from '../process/ready.ts';
import { secretFile, secretOf } from '../secrets.ts';

/** The name under which the person of this machine signs. */
export const PERSON_EMAIL = 'you@rig.local';
/** The secret that proves to be that person, in a file of theirs. */
export const SIGN_IN_CODE = 'sign-in-code';
/** The secret by which the forge's runner, and nobody else, is vouched for as a workflow. */
const CI_SECRET = 'ci-signing-secret';

export interface TrustAddress {
  /** Root of the signing services, and issuer of their tokens. */
  readonly url: string;
  /** Under which the person signs. */
  readonly email: string;
  /** Sigstore's trusted root, as JSON. */
  readonly root: string;
}

/** What the forge's runner shows to have its workflow vouched for. */
export function ciSecretOf({ layout }: Pick<Context, 'layout'>): string {
  return secretOf(layout, CI_SECRET);
}

/** Starts what signs on this machine. Its keys are made once for each data directory, so its root stays the same. */
export async function startTrust(context: Context, port: number): Promise<TrustAddress> {
  const { layout } = context;
  const url = `http://127.0.0.1:${port}`;
  secretOf(layout, SIGN_IN_CODE);
  ciSecretOf(context);
  const program = nodeProgram({
    name: 'trust',
    args: [
      checkout('local', 'trust', 'main.ts'),
      '--data-dir',
      layout.data('trust'),
      '--port',
      String(port),
      '--email',
      PERSON_EMAIL,
      '--name',
      'You',
      '--code-file',
      secretFile(layout, SIGN_IN_CODE),
      '--ci-secret-file',
      secretFile(layout, CI_SECRET),
    ],
    env: {},
    ready: (signal) => untilAnswers(`${url}/healthz`, signal),
  });
  await startProgram(context, 'trust', program);
  const answer = await fetch(`${url}/trusted_root.json`, { signal: context.signal });
  return { url, email: PERSON_EMAIL, root: await answer.text() };
}
