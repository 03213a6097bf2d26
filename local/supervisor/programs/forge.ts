import { checkout } from '../checkout.ts';
import { type Context, startProgram } from '../context.ts';
import { nodeProgram } from '../process/program.ts';
import { untilAnswers } from '../process/ready.ts';
import { secretOf } from '../secrets.ts';

export interface ForgeAddress {
  /** `http://127.0.0.1:PORT`: pages and git. */
  readonly url: string;
  /** Base of the REST API. */
  readonly apiURL: string;
  /** Host and port, as Secrets are annotated with. */
  readonly host: string;
  /** Opens the forge's own admin API. */
  readonly adminToken: string;
}

/** Starts the loopback forge on `port`. */
export async function startForge(context: Context, port: number): Promise<ForgeAddress> {
  const host = `127.0.0.1:${port}`;
  const url = `http://${host}`;
  const adminToken = secretOf(context.layout, 'forge-admin-token');
  const program = nodeProgram({
    name: 'forge',
    args: [
      checkout('local', 'forge', 'main.ts'),
      '--data-dir',
      context.layout.data('forge'),
      '--port',
      String(port),
      // GitHub sends once. A rig on a laptop is often started and stopped, and nobody looks at its deliveries.
      '--webhook-retry',
      '1,5,30',
    ],
    env: { RIG_FORGE_ADMIN_TOKEN: adminToken },
    ready: (signal) => untilAnswers(`${url}/_admin/healthz`, signal),
  });
  await startProgram(context, 'forge', program);
  return { url, apiURL: `${url}/api/v3`, host, adminToken };
}
