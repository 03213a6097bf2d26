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
 * Reads a listing to its end, to `limit`, or until `isOld` says that the rest is older than asked. A 304 for `etag` is
 * `notModified`. `parse` answers null for an item that does not belong.
 */
export async function list<T>(
  client: Client,
  pages: Pages,
  options: ListOptions,
  parse: (item: Untrusted) => T | null,
  isOld: (item: T) => boolean = () => false,
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

function conditional(etag: string | undefined): Record<string, string> {
  return etag === undefined ? {} : { 'if-none-match': etag };
}

async function collect<T>(
  pages: AsyncIterable<Page>,
  limit: number,
  parse: (item: Untrusted) => T | null,
  isOld: (item: T) => boolean,
): Promise<{ items: T[]; etag: string | null; complete: boolean }> {
  const items: T[] = [];
  let etag: string | null | undefined;
  for await (const page of pages) {
    etag ??= lineOrNull(page.headers.etag, 256);
    for (const raw of objects(page.data)) {
      const item = parse(raw);
      if (item === null) continue;
      if (isOld(item)) return { items, etag, complete: true };
      if (items.length === limit) return { items, etag, complete: false };
      items.push(item);
    }
  }
  return { items, etag: etag ?? null, complete: true };
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
