import { checkout } from '../checkout.ts';
import { type Context, startProgram } from '../context.ts';
import type { Database } from '../database.ts';
import { nodeProgram } from '../process/program.ts';
import { untilAnswers } from '../process/ready.ts';
import type { Upstream } from './model.ts';

/** Starts the model proxy; resolves to the URL at which pods reach it. */
export async function startProxy(
  context: Context,
  at: { readonly port: number; readonly metrics: string; readonly conductorURL: string },
  database: Database,
  upstream: Upstream,
): Promise<string> {
  const listen = `127.0.0.1:${at.port}`;
  const program = nodeProgram({
    name: 'proxy',
    args: [checkout('proxy', 'main.ts')],
    env: {
      RIG_LISTEN: listen,
      RIG_METRICS_LISTEN: at.metrics,
      RIG_CONDUCTOR_URL: at.conductorURL,
      RIG_DATABASE_URL_FILE: database.urlFile('rig_proxy'),
      RIG_UPSTREAM_URL: upstream.url,
      ...(upstream.keyFile === undefined ? {} : { RIG_PROVIDER_KEY_FILE: upstream.keyFile }),
    },
    ready: (signal) => untilAnswers(`http://${listen}/healthz`, signal),
  });
  await startProgram(context, 'proxy', program);
  return `http://${listen}`;
}
