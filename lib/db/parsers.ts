import pg from 'pg';
import { DbError } from './errors.ts';

const INT8 = 20;
const XID8 = 5069;

/**
 * How columns become values, per connection and not for the whole process: `bigint` is a number (beyond 2^53 an `OutOfRange`
 * error, never a rounded value), `xid8` a BigInt, everything else as `pg` does it.
 */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (format !== 'binary' && oid === INT8) return parseInt8;
    if (format !== 'binary' && oid === XID8) return BigInt;
    return pg.types.getTypeParser(oid, format as 'text');
  }) as typeof pg.types.getTypeParser,
};

function parseInt8(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new DbError(
    'OutOfRange',
    `The database returned the number ${text}, which is too large to be exact: select it as text.`,
  );
}
