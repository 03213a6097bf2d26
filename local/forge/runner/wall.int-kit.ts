import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ensureBinary } from '../../../hack/go/build.mjs';
import type { Wall } from './wall.ts';

const program = `${await ensureBinary('kubelet')}-wall`;

/** What this machine can do, as the wall itself finds out. */
export const probed: { isolated: boolean; userNamespace: boolean; message: string } = JSON.parse(
  execFileSync(program, ['probe'], { encoding: 'utf8' }),
);

/** Where this machine cannot isolate there is nothing to try but that nothing runs. */
export const skip = probed.isolated ? false : probed.message;

/** The real wall, behind which there is Node. */
export const wallWith = (userNamespace: boolean): Wall => ({
  program,
  userNamespace,
  readable: [dirname(process.execPath)],
  hidden: [],
  network: false,
});

/** Processes of this machine that were started with a word. */
export function marked(mark: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(mark);
    } catch {
      return false;
    }
  });
}
