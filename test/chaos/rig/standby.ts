import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '#lib/datadir';
import { readState } from '#lib/datadir';
import { choosePorts } from '../../../local/supervisor/ports.ts';
import { createBook } from '../../../local/supervisor/process/book.ts';
import { openLog } from '../../../local/supervisor/process/log.ts';
import { nodeProgram } from '../../../local/supervisor/process/program.ts';
import { untilAnswers } from '../../../local/supervisor/process/ready.ts';
import { Supervised } from '../../../local/supervisor/process/supervise.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** A second conductor beside the rig's own, as a Deployment of two has: who of them leads is between them. Kept running like the first. */
export async function startStandby(layout: Layout): Promise<Supervised> {
  const { ports = {}, urls } = readState(layout) ?? {};
  const own = await choosePorts([{ name: 'standby' }, { name: 'standby-metrics' }]);
  const dataDir = layout.data('standby');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const program = nodeProgram({
    name: 'standby',
    args: [join(ROOT, 'operator', 'main.ts')],
    env: {
      RIG_KUBECONFIG: join(layout.identities, 'rig-conductor.kubeconfig'),
      RIG_INTAKE_KUBECONFIG: join(layout.identities, 'rig-intake.kubeconfig'),
      RIG_DATABASE_URL_FILE: join(layout.identities, 'rig_conductor.url'),
      RIG_LISTEN: `127.0.0.1:${own.standby}`,
      RIG_METRICS_LISTEN: `127.0.0.1:${own['standby-metrics']}`,
      RIG_EXTERNAL_URL: urls?.conductor ?? '',
      RIG_PROXY_URL: `http://127.0.0.1:${ports.proxy}`,
      RIG_EGRESS_URL: `http://127.0.0.1:${ports.egress}`,
      RIG_DATA_DIR: dataDir,
      RIG_READER_TOKEN_FILE: join(layout.secrets, 'reader-token'),
      RIG_REVIEW_DEBOUNCE_SECONDS: '0',
      RIG_FORGE_WRITE_INTERVAL_MS: '0',
    },
    ready: (signal) => untilAnswers(`http://127.0.0.1:${own.standby}/healthz`, signal),
  });
  const supervised = new Supervised(program, {
    book: createBook(() => {}),
    log: openLog(join(layout.logs, 'standby.log')),
  });
  await supervised.start();
  return supervised;
}
