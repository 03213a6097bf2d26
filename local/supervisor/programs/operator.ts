import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../checkout.ts';
import type { Kubeconfigs } from '../cluster/identities.ts';
import { type Context, startProgram } from '../context.ts';
import type { Database } from '../database.ts';
import { nodeProgram } from '../process/program.ts';
import { untilAnswers } from '../process/ready.ts';
import { secretFile, secretOf } from '../secrets.ts';

export const SYSTEM_NAMESPACE = 'rig-system';
export const READER_TOKEN = 'reader-token';

/** Starts the conductor; resolves to where its API is. */
export async function startOperator(
  context: Context,
  at: { readonly port: number; readonly metrics: string; readonly proxyURL: string; readonly egressURL: string },
  database: Database,
  kubeconfigs: Kubeconfigs,
): Promise<string> {
  const { layout } = context;
  const listen = `127.0.0.1:${at.port}`;
  const url = `http://${listen}`;
  secretOf(layout, READER_TOKEN);
  mkdirSync(layout.data('operator'), { recursive: true, mode: 0o700 });
  const program = nodeProgram({
    name: 'operator',
    args: [checkout('operator', 'main.ts')],
    env: {
      RIG_KUBECONFIG: kubeconfigs['rig-conductor'] ?? '',
      RIG_INTAKE_KUBECONFIG: kubeconfigs['rig-intake'] ?? '',
      RIG_DATABASE_URL_FILE: database.urlFile('rig_conductor'),
      RIG_LISTEN: listen,
      RIG_METRICS_LISTEN: at.metrics,
      RIG_EXTERNAL_URL: url,
      RIG_PROXY_URL: at.proxyURL,
      RIG_EGRESS_URL: at.egressURL,
      RIG_SYSTEM_NAMESPACE: SYSTEM_NAMESPACE,
      RIG_DATA_DIR: layout.data('operator'),
      RIG_READER_TOKEN_FILE: secretFile(layout, READER_TOKEN),
      // The person's own to write; the conductor takes it up whenever it is there.
      RIG_SINKS_FILE: join(layout.root, 'sinks.yaml'),
      RIG_REVIEW_DEBOUNCE_SECONDS: '0',
      // A pause between writes spares a forge that is shared with the world.
      RIG_FORGE_WRITE_INTERVAL_MS: '0',
    },
    ready: (signal) => untilAnswers(`${url}/readyz`, signal),
  });
  await startProgram(context, 'operator', program);
  return url;
}
