import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinFacts } from './history.ts';

const NONE = '0'.repeat(40);
const SOME = '1'.repeat(40);
const raw = (...fields: string[]) => `${fields.join('\0')}\0`;

test('a modified file has both modes and its lines', () => {
  assert.deepEqual(joinFacts(raw(`:100644 100755 ${SOME} ${SOME} M`, 'a b.sh'), '3\t1\ta b.sh\0'), [
    {
      path: 'a b.sh',
      previousPath: null,
      status: 'modified',
      oldMode: '100644',
      newMode: '100755',
      added: 3,
      deleted: 1,
    },
  ]);
});

test('a renamed file keeps both names, finds its lines under the new one, and the next file follows', () => {
  const files = joinFacts(
    raw(`:100644 100644 ${SOME} ${SOME} R081`, 'old.ts', 'new.ts', `:100644 100644 ${SOME} ${SOME} M`, 'z.ts'),
    raw('2\t0\t', 'old.ts', 'new.ts', '7\t1\tz.ts'),
  );
  assert.deepEqual(
    files.map(({ status, previousPath, path, added }) => [status, previousPath, path, added]),
    [
      ['renamed', 'old.ts', 'new.ts', 2],
      ['modified', null, 'z.ts', 7],
    ],
  );
});

test('an added file has no old mode, a deleted one no new mode, a binary no lines', () => {
  const files = joinFacts(
    raw(`:000000 160000 ${NONE} ${SOME} A`, 'lib', `:100644 000000 ${SOME} ${NONE} D`, 'logo.png'),
    '1\t0\tlib\0-\t-\tlogo.png\0',
  );
  assert.deepEqual(
    files.map(({ oldMode, newMode, added }) => [oldMode, newMode, added]),
    [
      [null, '160000', 1],
      ['100644', null, null],
    ],
  );
});

test('a status that git may learn later is an error, not a guess', () => {
  assert.throws(() => joinFacts(raw(`:100644 100644 ${SOME} ${SOME} X`, 'a'), ''), /X of a/);
});
