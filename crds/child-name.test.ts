import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { childName } from './child-name.ts';

const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const part = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.stringMatching(/^[a-z0-9]{1,30}(-[a-z0-9]{1,10}){0,3}$/),
  fc.nat(),
);
const parts = fc.array(part, { minLength: 1, maxLength: 5 });
const maxLength = fc.integer({ min: 12, max: 63 });

test('short clean parts are joined by dashes', () => {
  assert.equal(childName(['minimist-42', 'implement', 1, 2]), 'minimist-42-implement-1-2');
});

test('a name that is too long keeps its beginning and ends in a hash', () => {
  const name = childName(['a'.repeat(70), 'review', 1]);
  assert.match(name, /^a{52}-[a-z0-9]{10}$/);
});

test('the names of rounds stay apart where the cut takes the round away', () => {
  const names = [1, 2, 3].map((round) => childName(['a'.repeat(63), 'rework', 1, round]));
  assert.equal(new Set(names).size, 3);
});

test('characters a label cannot have are replaced and the name ends in a hash', () => {
  assert.match(childName(['Web.Site', 'review']), /^web-site-review-[a-z0-9]{10}$/);
  assert.notEqual(childName(['web.site']), childName(['web-site']));
});

test('parts without a usable character still give a name', () => {
  assert.match(childName(['ü', '/']), label);
});

test('a maxLength without room for the hash, or above a label, is refused', () => {
  assert.throws(() => childName(['a'], { maxLength: 11 }), RangeError);
  assert.throws(() => childName(['a'], { maxLength: 64 }), RangeError);
});

test('any parts give a DNS label within maxLength, the same one each time', () => {
  fc.assert(
    fc.property(parts, maxLength, (given, max) => {
      const name = childName(given, { maxLength: max });
      assert.match(name, label);
      assert.ok(name.length <= max);
      assert.equal(childName([...given], { maxLength: max }), name);
    }),
  );
});

test('different tasks of any issues get different names', () => {
  const issue = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,61}[a-z0-9]$/);
  const task = fc.tuple(issue, fc.constantFrom('implement', 'rework', 'review'), fc.nat(99), fc.nat(99));
  fc.assert(
    fc.property(fc.uniqueArray(task, { selector: (given) => given.join('/'), maxLength: 50 }), (tasks) => {
      assert.equal(new Set(tasks.map((given) => childName(given))).size, tasks.length);
    }),
  );
});
