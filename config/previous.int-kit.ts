import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** A checkout to upgrade from. */
export interface Previous {
  readonly path: string;
  /** Which commit it is, or why it is this one under another name. */
  readonly says: string;
}

/**
 * The commit before the last of the checkout `root`, laid out in `folder` with this one's packages. Where there is none (a shallow
 * clone), or it cannot be started like this one, it is the checkout itself: the pods roll all the same.
 */
export function previousCheckout(root: string, folder: string): Previous {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, ...args], { maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'ignore'] });
  let commit: string;
  try {
    commit = git('rev-parse', '--verify', '--short', 'HEAD~1^{commit}').toString().trim();
  } catch {
    return { path: root, says: 'from this checkout to itself: it has no commit before its last' };
  }
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-x', '-C', folder], { input: git('archive', '--format=tar', commit) });
  const installs = ['conductor', 'proxy', 'egress'].every((name) =>
    existsSync(join(folder, `config/programs/${name}.yaml`)),
  );
  if (!installs) return { path: root, says: `from this checkout to itself: ${commit} installs other programs` };
  if (packages(folder) !== packages(root))
    return { path: root, says: `from this checkout to itself: ${commit} has other packages` };
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return { path: folder, says: `from ${commit}` };
}

function packages(folder: string): string {
  return JSON.stringify(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).dependencies);
}
