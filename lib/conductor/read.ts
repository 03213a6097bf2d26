import { ConductorError, refusal } from './error.ts';
import type { ReaderOptions } from './reader.ts';

/** What a question of a reader is about: a place below its namespace, and what of it. */
export interface Asked {
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Asks the conductor as a reader does. Throws ConductorError; `Unavailable` may be tried again. */
export async function read(
  reader: ReaderOptions,
  { path, query = {}, accept = 'application/json', signal }: Asked,
): Promise<Response> {
  const { url, token, namespace, fetch: send = fetch } = reader;
  const target = new URL(`/v1/namespaces/${encodeURIComponent(namespace)}/${path}`, url);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) target.searchParams.set(name, value);
  const what = `GET ${target.pathname}`;
  const headers = { accept, authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await send(target, { headers, signal: signal ?? null });
  } catch (cause) {
    throw new ConductorError('Unavailable', `${what}: the conductor at ${url} does not answer`, { cause });
  }
  if (response.ok) return response;
  throw refusal(what, response.status, await response.json().catch(() => undefined));
}
