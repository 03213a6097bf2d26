import { HttpError } from './problem.ts';

/** Bounds on how a body is read beside its own size; see {@link readBounded}. */
interface ReadLimits {
  /** Where its bytes count among those of all bodies in memory; the caller releases it when it no longer holds the body. */
  readonly share?: Share;
  /** Ms until the last byte has to be there. Default without end. */
  readonly withinMs?: number;
}

/** How many bytes of bodies are in memory at once, over all requests. */
export class InFlight {
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The part of one request: it grows as bytes come and is given back whole. */
  share(): Share {
    let held = 0;
    let over = false;
    return {
      take: (bytes) => {
        if (over || this.#bytes + bytes > this.#limit) return false;
        this.#bytes += bytes;
        held += bytes;
        return true;
      },
      release: () => {
        this.#bytes -= held;
        held = 0;
        over = true;
      },
    };
  }
}

interface Share {
  /** False, and nothing taken, where the limit of all would be passed, or once it is released. */
  take(bytes: number): boolean;
  /** Safe to call twice. */
  release(): void;
}

/**
 * The raw bytes of a request body, at most `limit` bytes. Throws HttpError TooLarge (413) as soon as the limit is passed,
 * without reading on, whether or not the request declared a length; Unavailable (503) where the share is used up; TooSlow (408).
 */
export async function readBounded(request: Request, limit: number, limits: ReadLimits = {}): Promise<Buffer> {
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (declared > limit) throw tooLarge(limit);
  if (limits.withinMs === undefined) return collect(request, limit, limits.share);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(tooSlow(limits.withinMs!)), limits.withinMs);
  const body = collect(request, limit, limits.share);
  body.catch(() => {}); // Whoever was too slow is answered already.
  try {
    return await Promise.race([body, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What a request body of at most `limit` bytes says as JSON. Throws what {@link readBounded} throws, and HttpError BadRequest (400) for what is no JSON
 * in UTF-8.
 */
export async function readJSON(request: Request, limit: number, limits: ReadLimits = {}): Promise<unknown> {
  const body = await readBounded(request, limit, limits);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new HttpError('BadRequest', 'NotJSON', 'The body is not JSON.', { cause });
  }
}

async function collect(request: Request, limit: number, share: Share | undefined): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    if (share?.take(chunk.byteLength) === false) throw tooMany();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function tooLarge(limit: number): HttpError {
  return new HttpError('TooLarge', 'BodyTooLarge', `The request body is larger than ${limit} bytes; send less.`);
}

function tooMany(): HttpError {
  const message = 'Too many request bodies are being read at once; send this one again later.';
  return new HttpError('Unavailable', 'BodiesInFlight', message, { retryAfterSeconds: 10 });
}

function tooSlow(ms: number): HttpError {
  return new HttpError('TooSlow', 'BodyTooSlow', `The request body did not arrive within ${ms} ms; send it faster.`);
}
