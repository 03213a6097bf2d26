import { HttpError } from './problem.ts';

/**
 * The raw bytes of a request body, at most `limit` bytes. Throws HttpError TooLarge (413) as soon as the limit is passed,
 * without reading on, whether or not the request declared a length.
 */
export async function readBounded(request: Request, limit: number): Promise<Buffer> {
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (declared > limit) throw tooLarge(limit);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function tooLarge(limit: number): HttpError {
  return new HttpError('TooLarge', 'BodyTooLarge', `The request body is larger than ${limit} bytes; send less.`);
}
