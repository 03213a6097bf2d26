import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ensureBinary } from '../../hack/go/build.mjs';

/** What Flux, Argo and `kubectl` plugins wait for: `Current` is done, `InProgress` goes on by itself, `Failed` needs a person. */
export type Kstatus = 'Current' | 'InProgress' | 'Failed' | 'Terminating' | 'Unknown' | 'NotFound';

/** The verdict of the library that Flux's health checks use, for each object as the API server gave it. */
export async function kstatusOf(...objects: object[]): Promise<Kstatus[]> {
  const binary = await ensureBinary('kstatus', { onProgress: (line) => console.error(line) });
  const asked = promisify(execFile)(binary);
  asked.child.stdin?.end(objects.map((object) => `${JSON.stringify(object)}\n`).join(''));
  const lines = (await asked).stdout.trimEnd().split('\n');
  return lines.map((line) => line.split('\t')[0] as Kstatus);
}
