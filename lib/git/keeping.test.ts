import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decideKeeping, isCleaningDue, NO_NOTES, type Notes, noteAsked } from './keeping.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse('2026-03-02T00:00:00Z');
const REFS = ['refs/heads/main', 'refs/heads/rig/1/1', 'refs/heads/rig/2/1'] as const;

const moves = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('ask' as const), ref: fc.constantFrom(...REFS) }),
    fc.record({ do: fc.constant('look' as const), named: fc.boolean() }),
    fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 60 }) }),
  ),
  { maxLength: 80 },
);

test('whatever is asked for and named when, a ref goes after its week, the base branch never, and the copy after its day', () => {
  fc.assert(
    fc.property(moves, (all) => {
      let now = START;
      let notes: Notes = NO_NOTES;
      const there = new Set<string>();
      // The model: moments, as they were.
      const askedAt = new Map<string, number>();
      let unnamedSince: number | null = null;
      for (const move of all)
        if (move.do === 'wait') now += move.hours * HOUR;
        else if (move.do === 'ask') {
          notes = noteAsked(notes, [move.ref], now);
          there.add(move.ref);
          askedAt.set(move.ref, now);
          unnamedSince = null;
        } else {
          const needed = move.named ? { refs: [REFS[0]], commits: [] } : null;
          unnamedSince = move.named ? null : (unnamedSince ?? now);
          const keeping = decideKeeping(notes, [...there], needed, now);
          const gone: boolean = unnamedSince !== null && now - unnamedSince >= DAY;
          assert.equal(keeping.kept, !gone);
          if (!keeping.kept) {
            [notes, unnamedSince] = [NO_NOTES, null];
            there.clear();
            continue;
          }
          for (const ref of there) {
            const idle = now - askedAt.get(ref)!;
            const goes = keeping.letGo.includes(ref);
            assert.ok(!goes || (move.named && ref !== REFS[0] && idle >= 7 * DAY - HOUR), `${ref} went after ${idle}`);
            assert.ok(goes || !move.named || ref === REFS[0] || idle < 7 * DAY, `${ref} stays after ${idle}`);
          }
          for (const ref of keeping.letGo) there.delete(ref);
          notes = keeping.notes;
        }
    }),
  );
});

test('a ref that nobody is known to have asked for has its week from when it is first seen', () => {
  const needed = { refs: [], commits: [] };
  const first = decideKeeping(NO_NOTES, ['refs/heads/a'], needed, START);
  assert.deepEqual(first, { kept: true, notes: { ...NO_NOTES, asked: { 'refs/heads/a': START } }, letGo: [] });
  const later = decideKeeping(first.notes, ['refs/heads/a'], needed, START + 7 * DAY);
  assert.deepEqual(later, { kept: true, notes: { ...NO_NOTES, pending: true }, letGo: ['refs/heads/a'] });
});

test('times that a clock wrote which was ahead count as now', () => {
  const ahead: Notes = { ...NO_NOTES, asked: { 'refs/heads/a': START + 300 * DAY }, unnamed: START + 300 * DAY };
  const unnamed = decideKeeping(ahead, [], null, START);
  assert.deepEqual(unnamed, { kept: true, notes: { ...ahead, unnamed: START }, letGo: [] });
  const named = decideKeeping(ahead, ['refs/heads/a'], { refs: [], commits: [] }, START);
  assert.deepEqual(named, { kept: true, notes: { ...NO_NOTES, asked: { 'refs/heads/a': START } }, letGo: [] });
  const few = { loose: 0, packs: 1 };
  assert.equal(isCleaningDue({ ...NO_NOTES, cleaned: START + 300 * DAY, pending: true }, few, START), true);
});

test('objects are let go once a day at most, where refs went, and where there are many of them or of their packs', () => {
  const due = (notes: Partial<Notes>, loose: number, packs: number) =>
    isCleaningDue({ ...NO_NOTES, ...notes }, { loose, packs }, START);
  assert.deepEqual(
    [due({}, 2_000, 20), due({}, 2_001, 1), due({}, 0, 21), due({ pending: true }, 0, 1)],
    [false, true, true, true],
  );
  const cleaned = START - DAY + 1;
  assert.deepEqual(
    [due({ cleaned, pending: true }, 9_999, 99), due({ cleaned: cleaned - 1, pending: true }, 0, 1)],
    [false, true],
  );
});
