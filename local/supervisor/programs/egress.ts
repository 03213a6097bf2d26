import { checkout } from '../checkout.ts';
import { type Context, startProgram } from '../context.ts';
import type { Database } from '../database.ts';
import { nodeProgram } from '../process/program.ts';
import { untilAnswers } from '../process/ready.ts';

/** Starts the egress proxy; resolves to the URL at which pods reach it. */
export async function startEgress(
  context: Context,
  at: { readonly port: number; readonly metrics: string; readonly conductorURL: string },
  database: Database,
): Promise<string> {
  const listen = `127.0.0.1:${at.port}`;
  const program = nodeProgram({
    name: 'egress',
    args: [checkout('egress', 'main.ts')],
    env: {
      RIG_LISTEN: listen,
      RIG_METRICS_LISTEN: at.metrics,
      RIG_CONDUCTOR_URL: at.conductorURL,
      RIG_DATABASE_URL_FILE: database.urlFile('rig_egress'),
      RIG_EGRESS_GRACE_SECONDS: '1',
    },
    ready: (signal) => untilAnswers(`http://${listen}/healthz`, signal),
  });
  await startProgram(context, 'egress', program);
  return `http://${listen}`;
}
