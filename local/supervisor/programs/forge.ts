import { checkout } from '../checkout.ts';
import { type Context, startProgram } from '../context.ts';
import { nodeProgram } from '../process/program.ts';
import { untilAnswers } from '../process/ready.ts';
import { secretOf } from '../secrets.ts';
import { ciSecretOf } from './trust.ts';
import type { RunnerWall } from './wall.ts';

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

/** Starts the loopback forge on `port`; its runner tests behind `wall` and signs for what it has tested at the services on `trustPort`. */
export async function startForge(
  context: Context,
  { port, trustPort, wall }: { readonly port: number; readonly trustPort: number; readonly wall: RunnerWall },
): Promise<ForgeAddress> {
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
      '--ci-isolation',
      wall.told,
    ],
    env: {
      RIG_FORGE_ADMIN_TOKEN: adminToken,
      RIG_FORGE_TRUST_URL: `http://127.0.0.1:${trustPort}`,
      RIG_FORGE_CI_SECRET: ciSecretOf(context),
    },
    ready: (signal) => untilAnswers(`${url}/_admin/healthz`, signal),
  });
  await startProgram(context, 'forge', program);
  return { url, apiURL: `${url}/api/v3`, host, adminToken };
}
