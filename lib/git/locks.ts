import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Removes every lock in a bare repository, and says how many there were. No ref can have such a name. Only for one in which no git runs. */
export async function removeLocks(repository: string): Promise<number> {
  const folders = ['.', 'refs', 'objects/info'];
  const found = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(join(repository, folder), { recursive: folder === 'refs' }).catch(() => []);
      return names.filter((name) => name.endsWith('.lock')).map((name) => join(repository, folder, name));
    }),
  );
  const locks = found.flat();
  await Promise.all(locks.map((lock) => rm(lock, { force: true })));
  return locks.length;
}
