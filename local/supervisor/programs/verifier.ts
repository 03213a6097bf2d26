import { mkdirSync } from 'node:fs';
import { trustObjects } from '#crds';
import { checkout } from '../checkout.ts';
import { authorityDir } from '../cluster/admission.ts';
import type { Kubeconfigs } from '../cluster/identities.ts';
import { type Context, startProgram } from '../context.ts';
import { nodeProgram } from '../process/program.ts';
import { untilAnswers } from '../process/ready.ts';
import { verifierAppDir } from '../tenant/verifier-app.ts';

export const VERIFIER_NAMESPACE = trustObjects.namespace;

/** Starts the verifier; resolves to where it takes the forge's hints. */
export async function startVerifier(
  context: Context,
  at: { readonly port: number; readonly metrics: string; readonly admission: number },
  kubeconfigs: Kubeconfigs,
): Promise<string> {
  const { layout } = context;
  const listen = `127.0.0.1:${at.port}`;
  const dataDir = layout.data('verifier');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const authority = await authorityDir(layout);
  const program = nodeProgram({
    name: 'verifier',
    args: [checkout('verifier', 'main.ts')],
    env: {
      RIG_KUBECONFIG: kubeconfigs['rig-verifier'] ?? '',
      RIG_LISTEN: listen,
      RIG_METRICS_LISTEN: at.metrics,
      RIG_NAMESPACE: VERIFIER_NAMESPACE,
      RIG_FORGE_APP_DIR: verifierAppDir(layout),
      RIG_DATA_DIR: dataDir,
      RIG_WEBHOOK_LISTEN: `127.0.0.1:${at.admission}`,
      RIG_WEBHOOK_AUTHORITY_DIR: authority,
      RIG_WEBHOOK_HOSTS: '127.0.0.1',
      // The forge says what moves; a look is for what it could not say.
      RIG_POLL_SECONDS: '5',
      RIG_FORGE_WRITE_INTERVAL_MS: '0',
    },
    ready: (signal) => untilAnswers(`http://${listen}/readyz`, signal),
  });
  await startProgram(context, 'verifier', program);
  return `http://${listen}`;
}
