/** One thing that is otherwise than its events say. */
export interface Difference {
  /** `claims`, `tasks`, `queue`, `events`, or the kind whose status differs. */
  readonly where: string;
  /** A row's key, or `namespace/name`. */
  readonly what: string;
  /** The column or field; `row` where one of the two is missing altogether. */
  readonly field: string;
  readonly live: unknown;
  readonly replayed: unknown;
}

export type Row = Readonly<Record<string, unknown>>;

/** Compares rows of one table, live and replayed, by key. Pure. */
export function diffRows(
  where: string,
  key: readonly string[],
  columns: readonly string[],
  live: readonly Row[],
  replayed: readonly Row[],
): Difference[] {
  const keyOf = (row: Row) => key.map((column) => String(row[column])).join('/');
  const other = new Map(replayed.map((row) => [keyOf(row), row]));
  const differences: Difference[] = [];
  for (const row of live) {
    const what = keyOf(row);
    const again = other.get(what);
    other.delete(what);
    if (again === undefined) differences.push({ where, what, field: 'row', live: row, replayed: null });
    else differences.push(...diffFields(where, what, columns, row, again));
  }
  for (const [what, row] of other) differences.push({ where, what, field: 'row', live: null, replayed: row });
  return differences;
}

/** Compares two objects field by field; what is undefined counts as null. Pure. */
export function diffFields(
  where: string,
  what: string,
  fields: readonly string[],
  live: Row,
  replayed: Row,
): Difference[] {
  return fields.flatMap((field) =>
    canonical(live[field]) === canonical(replayed[field])
      ? []
      : [{ where, what, field, live: live[field] ?? null, replayed: replayed[field] ?? null }],
  );
}

/** JSON with the keys of every object in order. */
export function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part) && !(part instanceof Date)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
