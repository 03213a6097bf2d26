import { createInterface } from 'node:readline';
import { createPool } from '#lib/db';
import { advanceEpoch, Effects } from '#lib/events';
import { KubeClient, LeaderElector, loadKubeConfig } from '#lib/kube';

/**
 * A replica that leads as the operator does, and then for each line on its standard input performs one effect: it writes its name to the
 * table `world`. It says what happens.
 */
const [namespace = '', identity = '', url = ''] = process.argv.slice(2);
const client = new KubeClient(loadKubeConfig());
const pool = createPool(url, { applicationName: identity, schema: 'rig', max: 4 });
const effects = new Effects({ db: pool });
let epoch = 0;

const elector = new LeaderElector({
  client,
  namespace,
  name: 'rig-test',
  identity,
  onStarted: async () => {
    epoch = await advanceEpoch(pool, identity);
    console.log(`leads ${epoch}`);
  },
  onLost: () => console.log('lost'),
});

async function write(key: string): Promise<void> {
  await effects.run(
    { key, kind: 'comment', subject: 'issue-1', epoch, request: {} },
    {
      perform: async () => {
        await pool.query('INSERT INTO world (who) VALUES ($1)', [identity]);
        return null;
      },
      find: async () => undefined,
    },
  );
}

createInterface({ input: process.stdin }).on('line', (key) => {
  write(key).then(
    () => console.log(`wrote ${key}`),
    (error) => console.log(`refused ${error.code}`),
  );
});
elector.start();

process.once('SIGTERM', async () => {
  process.stdin.destroy();
  await elector.stop();
  await client.close();
  await pool.end();
});
