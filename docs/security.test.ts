import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const page = readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8');

/** The rows of the page’s table of attacks: what is tried, and the tests that try it as `file`: title. */
const attacks = page
  .split('\n')
  .filter((line) => /^\| .* \| .* \| `[^`]+\.ts`: /.test(line))
  .map((line) => {
    const [attack = '', , tests = ''] = line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''));
    const named = tests.split('<br>').map((one) => /^`([^`]+)`: (.*)$/.exec(one.trim()) ?? []);
    return { attack, tests: named.map(([, file = '', title = '']) => ({ file, title })) };
  });

/** Whether a test file has the title: "…" stands for what differs between cases; a case of a table may stand behind a colon. */
function hasTest(source: string, title: string): boolean {
  const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  if (new RegExp(title.split('…').map(escaped).join('[^\\n]*')).test(source)) return true;
  const parts = [...title.matchAll(/: /g)].map(({ index }) => index + 2);
  return parts.some((at) => hasTest(source, `${title.slice(0, at)}…`) && source.includes(title.slice(at)));
}

test('every attack that the page on security names has the test that it says', () => {
  assert.ok(attacks.length > 40, `${attacks.length} attacks are told`);
  for (const { attack, tests } of attacks) {
    for (const { file, title } of tests) {
      assert.ok(existsSync(join(ROOT, file)), `"${attack}": there is no ${file}`);
      assert.ok(hasTest(readFileSync(join(ROOT, file), 'utf8'), title), `"${attack}": ${file} has no test "${title}"`);
    }
  }
});

test('no attack of the page on security is told twice', () => {
  assert.equal(new Set(attacks.map(({ attack }) => attack)).size, attacks.length);
});
