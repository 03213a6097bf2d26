import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process as `ps` tells it. */
export interface ProcessLine {
  readonly pid: number;
  readonly parent: number;
  readonly rssKiB: number;
}

export function processes(): ProcessLine[] {
  const text = execFileSync('ps', ['-axo', 'pid=,ppid=,rss='], { encoding: 'utf8' });
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [pid = 0, parent = 0, rssKiB = 0] = line.trim().split(/\s+/).map(Number);
      return { pid, parent, rssKiB };
    });
}

/**
 * Everything that descends from `root`, `root` included, each process under the name of its nearest named ancestor or of
 * itself; what has none is `root`'s.
 */
export function familyOf(
  all: readonly ProcessLine[],
  root: { readonly pid: number; readonly name: string },
  names: ReadonlyMap<number, string>,
): Map<string, ProcessLine[]> {
  const families = new Map<string, ProcessLine[]>();
  const walk = (pid: number, inherited: string) => {
    const name = names.get(pid) ?? inherited;
    const self = all.find((one) => one.pid === pid);
    if (self) families.set(name, [...(families.get(name) ?? []), self]);
    for (const child of all) if (child.parent === pid) walk(child.pid, name);
  };
  walk(root.pid, root.name);
  return families;
}

export function rssMiB(family: readonly ProcessLine[]): number {
  return family.reduce((sum, { rssKiB }) => sum + rssKiB, 0) / 1024;
}

/**
 * Memory of which each shared page counts only by its share, so that sums are true; undefined where the kernel does not say.
 * PostgreSQL's processes share one buffer pool, which RSS counts in each of them.
 */
export function pssMiB(family: readonly ProcessLine[]): number | undefined {
  let total = 0;
  for (const { pid } of family) {
    try {
      const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
      total += Number(pss ?? Number.NaN);
    } catch {
      return undefined;
    }
  }
  return Number.isNaN(total) ? undefined : total / 1024;
}
