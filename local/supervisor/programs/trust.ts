import { checkout } from '../checkout.ts';
import { type Context, startProgram } from '../context.ts';
import { nodeProgram } from '../process/program.ts';
import { untilAnswers } from '../process/ready.ts';
import { secretFile, secretOf } from '../secrets.ts';

/** The name under which the person of this machine signs. */
export const PERSON_EMAIL = 'you@rig.local';
/** The secret that proves to be that person, in a file of theirs. */
export const SIGN_IN_CODE = 'sign-in-code';

export interface TrustAddress {
  /** Root of the signing services, and issuer of their tokens. */
  readonly url: string;
  /** Under which the person signs. */
  readonly email: string;
  /** Sigstore's trusted root, as JSON. */
  readonly root: string;
}

/** Starts what signs on this machine. Its keys are made once for each data directory, so its root stays the same. */
export async function startTrust(context: Context, port: number): Promise<TrustAddress> {
  const { layout } = context;
  const url = `http://127.0.0.1:${port}`;
  secretOf(layout, SIGN_IN_CODE);
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
    ],
    env: {},
    ready: (signal) => untilAnswers(`${url}/healthz`, signal),
  });
  await startProgram(context, 'trust', program);
  const answer = await fetch(`${url}/trusted_root.json`, { signal: context.signal });
  return { url, email: PERSON_EMAIL, root: await answer.text() };
}
