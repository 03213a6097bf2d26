// Starts one control plane for a whole test run. Prints the path of the administrator's kubeconfig as its only line on
// standard output, and stops everything on SIGTERM, SIGINT or the end of standard input.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBinary } from '../../hack/go/build.mjs';
import { describeExit, startControlPlane } from '../../local/controlplane/index.ts';

const stopped = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopped.abort());
process.stdin.resume().on('end', () => stopped.abort());

const dataDir = await mkdtemp(join(tmpdir(), 'rig-cluster-'));
try {
  const binary = await ensureBinary('controlplane', { onProgress: (line) => console.error(line) });
  const plane = await startControlPlane({ binary, dataDir, fsync: false, signal: stopped.signal });
  const path = join(dataDir, 'admin.kubeconfig');
  await writeFile(path, JSON.stringify(plane.adminKubeconfig), { mode: 0o600 });
  console.log(path);
  const asked = stopped.signal.aborted ? undefined : once(stopped.signal, 'abort').then(() => null);
  const exit = await Promise.race([asked, plane.exited]);
  await plane.stop();
  if (exit) throw new Error(describeExit(exit));
} finally {
  process.stdin.destroy();
  await rm(dataDir, { recursive: true, force: true });
}
