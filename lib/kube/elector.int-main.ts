import { KubeClient } from './client.ts';
import { LeaderElector } from './elector.ts';
import { loadKubeConfig } from './kubeconfig.ts';

const [namespace = '', identity = ''] = process.argv.slice(2);
const client = new KubeClient(loadKubeConfig());
const elector = new LeaderElector({
  client,
  namespace,
  name: 'rig-test',
  identity,
  onStarted: (epoch) => console.log(`leads ${epoch}`),
  onLost: (reason, epoch) => console.log(`lost ${epoch} ${reason}`),
});
let role = '';
const report = setInterval(() => {
  const now = elector.role() === 'follower' ? `follows ${elector.holder()}` : '';
  if (now !== role && now !== '') console.log(now);
  role = now;
}, 20);

elector.start();

process.once('SIGTERM', async () => {
  clearInterval(report);
  await elector.stop();
  await client.close();
});
