import { GraphQLError } from 'graphql';
import type { Args } from './nodes.ts';

const MAX_PAGE = 100;

/**
 * One page of a list as a GraphQL connection. Cursors are positions. Errors as GitHub's: neither `first` nor `last`, or more than 100.
 */
export function connect<T, N>(items: readonly T[], args: Args, node: (item: T) => N) {
  const first = limit(args, 'first');
  const last = limit(args, 'last');
  if (first === undefined && last === undefined) {
    throw refused(
      'MISSING_PAGINATION_BOUNDARIES',
      'You must provide a `first` or `last` value to properly paginate the connection.',
    );
  }
  const from = args.after === undefined || args.after === null ? 0 : position(args.after) + 1;
  const to = args.before === undefined || args.before === null ? items.length : position(args.before);
  let start = Math.min(from, items.length);
  let end = Math.max(start, Math.min(to, items.length));
  if (first !== undefined) end = Math.min(end, start + first);
  if (last !== undefined) start = Math.max(start, end - last);
  const edges = items.slice(start, end).map((item, index) => ({ cursor: cursorOf(start + index), node: node(item) }));
  return {
    totalCount: items.length,
    nodes: edges.map((edge) => edge.node),
    edges,
    pageInfo: {
      hasNextPage: end < items.length,
      hasPreviousPage: start > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/** An error in GitHub's shape, with its `type`. */
export function refused(type: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}

function limit(args: Args, name: 'first' | 'last'): number | undefined {
  const value = args[name];
  if (typeof value !== 'number') return undefined;
  if (value < 0) throw refused('BAD_USER_INPUT', `\`${name}\` cannot be negative.`);
  if (value > MAX_PAGE) {
    const message = `Requesting ${value} records on the connection exceeds the \`${name}\` limit of ${MAX_PAGE} records.`;
    throw refused('EXCESSIVE_PAGINATION', message);
  }
  return value;
}

const cursorOf = (index: number) => Buffer.from(`cursor:${index}`).toString('base64');

function position(cursor: unknown): number {
  const index = /^cursor:(\d+)$/.exec(Buffer.from(String(cursor), 'base64').toString())?.[1];
  if (index === undefined)
    throw refused('INVALID_CURSOR_ARGUMENTS', `\`${cursor}\` does not appear to be a valid cursor.`);
  return Number(index);
}
