import type { Readable } from 'node:stream';

/** What a bundle is refused for; one sentence. */
export class BundleFault extends Error {
  override name = 'BundleFault';
}

const MAX_HEADER = 16_384;
const SIGNATURE = '# v2 git bundle';

/** The pack inside a bundle that offers exactly the commit `head`. Stops with {@link BundleFault} at the first thing that is otherwise. */
export async function* packOf(bundle: Readable, head: string, maxBytes: number): AsyncGenerator<Buffer> {
  let header: Buffer | undefined = Buffer.alloc(0);
  let size = 0;
  for await (const chunk of bundle as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new BundleFault(`it is larger than ${maxBytes} bytes`);
    if (header === undefined) {
      yield chunk;
      continue;
    }
    header = Buffer.concat([header, chunk]);
    const end = header.indexOf('\n\n');
    if (end < 0 && header.length > MAX_HEADER) throw new BundleFault(`its header is longer than ${MAX_HEADER} bytes`);
    if (end < 0) continue;
    checkHeader(header.subarray(0, end).toString('latin1'), head);
    yield header.subarray(end + 2);
    header = undefined;
  }
  if (header !== undefined) throw new BundleFault('it ends before its pack begins');
}

function checkHeader(text: string, head: string): void {
  const [signature, ...lines] = text.split('\n');
  if (signature !== SIGNATURE) throw new BundleFault('it is no git bundle of version 2');
  const refs = lines.filter((line) => !line.startsWith('-'));
  if (refs.length !== 1 || refs[0]?.split(' ')[0] !== head)
    throw new BundleFault(`it does not offer exactly the commit ${head}`);
}
