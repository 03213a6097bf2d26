import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JUDGES, judgesOf } from './judges.ts';
import { indexListed, type Listed } from './listed.ts';

/** Each list read by itself, each of its paths as one expression. */
function naive(lists: readonly (readonly Listed[])[]): (path: string) => number[] {
  const asked = lists.map((list) =>
    list.map((one) => {
      const path = typeof one === 'string' ? one.replace(/\/$/, '/.*') : one.join('/');
      return new RegExp(path.startsWith('/') ? `^${path.slice(1)}$` : `^(?:.*/)?${path}$`, 'i');
    }),
  );
  return (path) => asked.flatMap((list, at) => (list.some((regexp) => regexp.test(path)) ? [at] : []));
}

const part = fc.constantFrom(...'a b \\.a a(?:b|c)? [^/]*b (?!b)[^/]+ a\\.b [^/]+\\.b'.split(' '));
const listed: fc.Arbitrary<Listed> = fc.oneof(
  fc.tuple(fc.constantFrom('', '/'), part, fc.constantFrom('', '/')).map((parts) => parts.join('')),
  fc.tuple(
    fc.tuple(fc.constantFrom('', '/'), part).map((parts) => parts.join('')),
    fc.constantFrom('a', 'a\\.b', '.*', '.*\\.b', '(?:a|b/.*)', '(?!a/).*', '[ab]c?', 'b/a'),
  ),
);
const name = fc.constantFrom(...'a b c A .a ab ac a.b .b xb'.split(' '));
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));

test('lists of paths name what each of their paths names by itself, over random lists', () => {
  fc.assert(
    fc.property(fc.array(fc.array(listed, { maxLength: 4 }), { maxLength: 4 }), fc.array(path), (lists, paths) => {
      const [ours, theirs] = [indexListed(lists), naive(lists)];
      for (const one of paths) assert.deepEqual(ours(one), theirs(one), one);
    }),
    { numRuns: 3_000 },
  );
});

test('the judges of a path are those that name it by themselves, over paths of their own words', () => {
  const theirs = naive(JUDGES.map(({ paths }) => paths));
  const written = JUDGES.flatMap(({ paths }) => paths.flat()).join(' ');
  const words = [...new Set(written.replace(/\\/g, '').match(/\.?[a-z0-9-]+(?:\.[a-z0-9]+)?/g))];
  const word = fc.constantFrom(...words, 'src', 'x', '.json', '.yaml', '.md', '.js', '.patch', '-', 'A');
  const segment = fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(''));
  const some = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  let judged = 0;
  fc.assert(
    fc.property(some, (one) => {
      const names = judgesOf(one).map(({ name }) => name);
      judged += names.length === 0 ? 0 : 1;
      assert.deepEqual(
        names,
        theirs(one).map((at) => JUDGES[at]!.name),
        one,
      );
    }),
    { numRuns: 20_000 },
  );
  assert.ok(judged > 500, `${judged}`);
});

test('a path that has a folder many times is asked for an ending below it in time that grows as the path does', () => {
  const named = indexListed([[['(?:a|b)', '.*\\.(?:c|d)']]]);
  /** CPU of asking about paths of that many folders, in ms. */
  const cost = (folders: number) => {
    const path = `${'a/.x/'.repeat(folders)}x`;
    const begun = process.cpuUsage();
    for (let times = 0; times < 4; times += 1) assert.deepEqual(named(path), []);
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / 1_000;
  };
  const median = (folders: number) => Array.from({ length: 5 }, () => cost(folders)).sort((a, b) => a - b)[2]!;
  median(500);
  assert.ok(median(8_000) < 48 * (median(500) + 0.2), 'sixteen times the path takes more than 48 times as long');
});
