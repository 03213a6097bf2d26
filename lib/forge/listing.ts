import type { Client } from './client.ts';
import { ForgeError } from './error.ts';
import type { Listing, ListOptions } from './port.ts';
import { lineOrNull, objects, type Untrusted } from './read.ts';

export const PAGE = 100;
const DEFAULT_LIMIT = 10_000;
/** A search by marker reads at most this many items before it gives up, which is an error and never "not there". */
const SEARCH_LIMIT = 3_000;

interface Page {
  readonly data: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Answers the pages of one REST listing, in order. `headers` go with the first request. */
export type Pages = (
  octokit: Parameters<Parameters<Client['read']>[0]>[0],
  headers: Record<string, string>,
) => AsyncIterable<Page>;

/**
 * Reads a listing to its end, to `limit`, or until `isOld` says of an item, belonging or not, that it and the rest are older than asked. A 304 for `etag` is
 * `notModified`. `parse` answers null for an item that does not belong.
 */
export async function list<T>(
  client: Client,
  pages: Pages,
  options: Pick<ListOptions, 'etag' | 'limit'>,
  parse: (item: Untrusted) => T | null,
  isOld: (item: Untrusted) => boolean = () => false,
): Promise<Listing<T>> {
  const limit = options.limit ?? DEFAULT_LIMIT;
  return client.read(async (octokit) => {
    try {
      const read = await collect(pages(octokit, conditional(options.etag)), limit, parse, isOld);
      return { notModified: false, ...read };
    } catch (error) {
      if ((error as { status?: unknown }).status === 304) return { notModified: true };
      throw error;
    }
  });
}

/** The header that makes a read free where nothing changed since `etag`. */
export function conditional(etag: string | undefined): Record<string, string> {
  return etag === undefined ? {} : { 'if-none-match': etag };
}

async function collect<T>(
  pages: AsyncIterable<Page>,
  limit: number,
  parse: (item: Untrusted) => T | null,
  isOld: (item: Untrusted) => boolean,
): Promise<{ items: T[]; etag: string | null; complete: boolean }> {
  const items: T[] = [];
  let etag: string | null | undefined;
  for await (const page of pages) {
    etag ??= lineOrNull(page.headers.etag, 256);
    for (const raw of objects(page.data)) {
      if (isOld(raw)) return { items, etag, complete: true };
      const item = parse(raw);
      if (item === null) continue;
      if (items.length === limit) return { items, etag, complete: false };
      items.push(item);
    }
  }
  return { items, etag: etag ?? null, complete: true };
}

/** Whether an item's last update was before `since`; without it, none is. */
export function updatedBefore(since: string | undefined): (item: Untrusted) => boolean {
  const oldest = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
  return (item) => Date.parse(String(item.updated_at)) < oldest;
}

/** The first item of a listing for which `parse` answers something, null at its end. Unavailable where it is too long to say. */
export async function search<T>(client: Client, pages: Pages, parse: (item: Untrusted) => T | null): Promise<T | null> {
  return client.read(async (octokit) => {
    let seen = 0;
    for await (const page of pages(octokit, {})) {
      for (const raw of objects(page.data)) {
        const found = parse(raw);
        if (found !== null) return found;
        if (++seen > SEARCH_LIMIT)
          throw new ForgeError(
            'Unavailable',
            `More than ${SEARCH_LIMIT} items to search; nothing can be said of the rest.`,
          );
      }
    }
    return null;
  });
}
