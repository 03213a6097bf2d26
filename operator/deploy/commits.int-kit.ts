import type { World } from '../../local/forge/testing/world.ts';
import type { Which } from './contract.int-kit.ts';

/** Makes the four commits that the contract is about, in `acme/widgets` of the loopback forge. */
export async function commitsOf(world: World): Promise<Readonly<Record<Which, string>>> {
  const before = await world.git('work', 'rev-parse', 'origin/main');
  const onMain = async (text: string) => {
    await world.git('work', 'checkout', '-q', '-B', 'main', 'origin/main');
    const sha = await world.commit('work', 'deploy/page.txt', text, `say ${text}`);
    await world.git('work', 'push', '-q', world.remote('dev'), 'main');
    await world.git('work', 'fetch', '-q', world.remote('dev'), '+refs/heads/main:refs/remotes/origin/main');
    return sha;
  };
  const beside = await world.branch('beside', 'beside\n');
  return {
    'the commit before': before,
    'the merge': await onMain('merged'),
    'a later commit': await onMain('later'),
    'a commit beside': beside,
  };
}
