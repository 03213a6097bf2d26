import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

type Scalar = string | number | boolean | null;
/** Equal to a value, one of a list, at or after (`gte`), before (`lt`), or an array field that contains a value (`has`). */
type Condition = Scalar | readonly Scalar[] | { gte: Scalar } | { lt: Scalar } | { has: Scalar } | undefined;
export type Where<R> = { [K in keyof R]?: Condition };
export interface Page<R> {
  readonly orderBy?: keyof R & string;
  readonly descending?: boolean;
  readonly limit?: number;
  readonly offset?: number;
}

export type Field<R> = keyof R & string;

/**
 * Rows of one kind: a JSON document each, with an index for every list of fields in `indexes`. Ids are never reused, and each table counts
 * from its own base, so that an id of one kind taken for another's finds nothing.
 */
export class Table<R extends { id: number }> {
  readonly #db: DatabaseSync;
  readonly #name: string;
  readonly #columns: ReadonlySet<string>;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, name: string, indexes: readonly (readonly Field<R>[])[], firstId: number) {
    this.#db = db;
    this.#name = name;
    this.#columns = new Set(['id', ...indexes.flat()]);
    const generated = [...this.#columns]
      .filter((field) => field !== 'id')
      .map((field) => `, "${field}" GENERATED ALWAYS AS (json_extract(data, '$.${field}')) VIRTUAL`);
    db.exec(
      `CREATE TABLE IF NOT EXISTS "${name}" (id INTEGER PRIMARY KEY AUTOINCREMENT, data TEXT NOT NULL${generated.join('')});
       INSERT INTO sqlite_sequence(name, seq) SELECT '${name}', ${firstId - 1}
         WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '${name}');`,
    );
    for (const fields of indexes) {
      const columns = fields.map((field) => `"${field}"`).join(', ');
      db.exec(`CREATE INDEX IF NOT EXISTS "${name}_${fields.join('_')}" ON "${name}"(${columns})`);
    }
  }

  insert(fields: Omit<R, 'id'>): R {
    const result = this.#prepare(`INSERT INTO "${this.#name}"(data) VALUES (?)`).run(JSON.stringify(fields));
    return { ...fields, id: Number(result.lastInsertRowid) } as R;
  }

  get(id: number): R | undefined {
    return decode<R>(this.#prepare(`SELECT id, data FROM "${this.#name}" WHERE id = ?`).get(id));
  }

  /** Merges `fields` into the row as it is now, so that callers with an older copy never write other fields back. */
  update(id: number, fields: Partial<Omit<R, 'id'>>): R {
    const current = this.get(id);
    if (current === undefined) throw new Error(`row ${id} of ${this.#name} does not exist`);
    const next = { ...current, ...fields, id };
    const { id: _, ...data } = next;
    this.#prepare(`UPDATE "${this.#name}" SET data = ? WHERE id = ?`).run(JSON.stringify(data), id);
    return next;
  }

  delete(id: number): void {
    this.#prepare(`DELETE FROM "${this.#name}" WHERE id = ?`).run(id);
  }

  /** Rows that meet every condition; by id ascending unless told otherwise; ties by id in the same direction. */
  find(where: Where<R> = {}, page: Page<R> = {}): R[] {
    const { sql, values } = whereClause(where, this.#reference);
    const direction = page.descending ? 'DESC' : 'ASC';
    const order = page.orderBy ? `${this.#reference(page.orderBy)} ${direction}, id ${direction}` : `id ${direction}`;
    const query = `SELECT id, data FROM "${this.#name}" ${sql} ORDER BY ${order} LIMIT ? OFFSET ?`;
    const rows = this.#prepare(query).all(...values, page.limit ?? -1, page.offset ?? 0);
    return rows.map((row) => decode<R>(row) as R);
  }

  first(where: Where<R>, page: Omit<Page<R>, 'limit'> = {}): R | undefined {
    return this.find(where, { ...page, limit: 1 })[0];
  }

  count(where: Where<R> = {}): number {
    const { sql, values } = whereClause(where, this.#reference);
    return (this.#prepare(`SELECT count(*) AS n FROM "${this.#name}" ${sql}`).get(...values) as { n: number }).n;
  }

  // An indexed field is named by its column: SQLite uses no index for the column's own expression.
  readonly #reference = (field: string): string =>
    this.#columns.has(field) ? `"${field}"` : `json_extract(data, '$.${field}')`;

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function decode<R>(row: unknown): R | undefined {
  if (row === undefined) return undefined;
  const { id, data } = row as { id: number; data: string };
  return { ...JSON.parse(data), id } as R;
}

const bind = (value: Scalar): SQLInputValue => (typeof value === 'boolean' ? Number(value) : value);

function whereClause<R>(
  where: Where<R>,
  reference: (field: string) => string,
): { sql: string; values: SQLInputValue[] } {
  const parts: string[] = [];
  const values: SQLInputValue[] = [];
  for (const [field, condition] of Object.entries(where) as [string, Condition][]) {
    if (condition === undefined) continue;
    const column = reference(field);
    if (condition === null || typeof condition !== 'object') {
      parts.push(`${column} IS ?`);
      values.push(bind(condition));
    } else if (Array.isArray(condition)) {
      parts.push(`${column} IN (${condition.map(() => '?').join(', ')})`);
      values.push(...condition.map(bind));
    } else if ('has' in condition) {
      parts.push(`EXISTS (SELECT 1 FROM json_each(data, '$.${field}') WHERE value = ?)`);
      values.push(bind(condition.has));
    } else if ('gte' in condition) {
      parts.push(`${column} >= ?`);
      values.push(bind(condition.gte));
    } else if ('lt' in condition) {
      parts.push(`${column} < ?`);
      values.push(bind(condition.lt));
    }
  }
  return { sql: parts.length > 0 ? `WHERE ${parts.join(' AND ')}` : '', values };
}
