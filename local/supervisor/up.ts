import { reap } from '#lib/datadir';
import { startCluster } from './cluster/start.ts';
import { type Context, together } from './context.ts';
import { startDatabase } from './database.ts';

/** Brings everything up in order; resolves when all of it is ready. What was started is in `context.stops`, even when it throws. */
export async function bringUp(context: Context): Promise<void> {
  const { steps, signal } = context;
  const [cluster, database] = await together(context, [
    steps.run(
      'kubernetes',
      (progress) => startCluster(context, progress),
      ({ serverURL }) => serverURL,
    ),
    steps.run(
      'postgresql',
      () => startDatabase(context),
      ({ port }) => `127.0.0.1:${port}`,
    ),
  ]);
  signal.throwIfAborted();
  void cluster;
  void database;
}

/** Ends what an earlier supervisor left behind when it was killed. */
export async function reapLeftovers({ store, terminal }: Context): Promise<void> {
  const found = await reap(store.state.processes);
  store.update({ processes: [] });
  if (found.length > 0) {
    const names = found.map(({ name, pid }) => `${name} (${pid})`).join(', ');
    terminal.say(terminal.colours.dim(`  ended what an earlier rig left behind: ${names}`));
  }
}
