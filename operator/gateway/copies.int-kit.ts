import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { BareCopies, GitCache, type Remote } from '#lib/git';
import { World } from '../../local/forge/testing/world.ts';

/** A loopback forge, and a conductor's copies of its repository in a folder of their own; both end with the test. */
export async function copiesOf(
  t: TestContext,
): Promise<{ world: World; remote: Remote; cache: GitCache; dir: string }> {
  const world = await World.start();
  const dir = mkdtempSync(join(tmpdir(), 'rig-copies-'));
  t.after(async () => {
    await world.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const token = Buffer.from(`dev:${world.tokens.get('dev')}`).toString('base64');
  const remote: Remote = {
    host: 'forge.test',
    id: 7,
    url: `${world.forge.url}/acme/widgets.git`,
    authorization: { origin: world.forge.url, headerName: 'authorization', headerValue: `basic ${token}` },
  };
  return { world, remote, cache: new GitCache(new BareCopies(dir)), dir };
}
