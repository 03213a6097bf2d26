import type { Call } from './call.ts';

export interface Answer {
  readonly status: number;
  /** JSON unless it is bytes; absent for 204. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const created = (body: unknown): Answer => ({ status: 201, body });
export const noContent: Answer = { status: 204 };

/** One page of `total` items with GitHub's Link header. `fetch` gets the page's bounds. */
export function paged<T>(call: Call, total: number, fetch: (limit: number, offset: number) => readonly T[]): Answer {
  const { page, perPage } = call.page;
  const link = linkHeader(call.url, page, Math.max(1, Math.ceil(total / perPage)));
  return { status: 200, body: fetch(perPage, (page - 1) * perPage), headers: link === '' ? {} : { link } };
}

/** {@link paged} over a list that is in memory already. */
export function pagedList<T>(call: Call, items: readonly T[]): Answer {
  return paged(call, items.length, (limit, offset) => items.slice(offset, offset + limit));
}

/** Replaces the body of a page, for lists that GitHub wraps in an object. */
export function wrapped(answer: Answer, wrap: (items: unknown) => unknown): Answer {
  return { ...answer, body: wrap(answer.body) };
}

function linkHeader(url: string, page: number, last: number): string {
  const at = (number: number) => {
    const target = new URL(url);
    target.searchParams.set('page', String(number));
    return target.href;
  };
  const links: [string, number][] = [];
  if (page > 1) links.push(['prev', Math.min(page - 1, last)]);
  if (page < last) links.push(['next', page + 1], ['last', last]);
  if (page > 1) links.push(['first', 1]);
  return links.map(([rel, number]) => `<${at(number)}>; rel="${rel}"`).join(', ');
}
