import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noIssue } from '#domain';
import { silentLogger } from '#lib/observe';
import type { Conductor } from '../issues/context.ts';
import { UntoldPulls } from './untold.ts';

const HEAD = 'a'.repeat(40);
const NOW = Date.parse('2026-03-01T12:00:00Z');
const BEFORE = '2026-03-01T11:59:30.000Z';

const made = (number: number) => ({
  id: `issue-${number}`,
  namespace: 'tenant-a',
  name: `n${number}`,
  key: `pull-request/issue-${number}/rig/n${number}/1/${HEAD}`,
  branch: `rig/n${number}/1`,
  outcome: { number, url: `https://forge.example/${number}` },
  at: `2026-03-01 10:00:${String(number).padStart(2, '0')}.000001+00`,
});

/** Looks that find these, one after another; `stalled` is an issue whose log cannot be read. */
function looks(found: readonly (readonly ReturnType<typeof made>[])[], stalled?: string) {
  const spans: string[][] = [];
  const told: object[] = [];
  const query = async (_: string, [from, before]: [string, Date]) => {
    spans.push([from, before.toISOString()]);
    return { rows: found[spans.length - 1] ?? [] };
  };
  const append = async ({ id }: { id: string }, _: object, decide: (state: object) => readonly { data: object }[]) => {
    if (id === stalled) throw new Error('its log is of a newer release');
    told.push(...decide({ ...noIssue, spec: {} }).map(({ data }) => data));
  };
  const log = { pool: { query }, append } as unknown as Conductor['log'];
  return { untold: new UntoldPulls({ log, now: () => NOW }, silentLogger), spans, told };
}

test('the first look begins with all there ever was, and the next where the last one ended', async () => {
  const { untold, spans, told } = looks([[made(1)]]);
  await untold.tell();
  await untold.tell();
  assert.deepEqual(spans, [
    ['-infinity', BEFORE],
    [BEFORE, BEFORE],
  ]);
  const { branch, outcome } = made(1);
  assert.deepEqual(told, [{ ...outcome, headSHA: HEAD, branch, stale: true }]);
});

test('a log that cannot be read hides no other, and is looked at again', async () => {
  const { untold, spans, told } = looks([[made(1), made(2), made(3)]], 'issue-2');
  await untold.tell();
  assert.deepEqual(
    told.map((data) => 'number' in data && data.number),
    [1, 3],
  );
  await untold.tell();
  assert.equal(spans[1]![0], made(2).at);
});

test('behind fifty the next look goes on, and comes back to one that failed once all were looked at', async () => {
  const many = Array.from({ length: 50 }, (_, index) => made(index + 1));
  const { untold, spans } = looks([many, [made(51)]], 'issue-7');
  for (let look = 0; look < 3; look += 1) await untold.tell();
  assert.deepEqual(
    spans.map(([from]) => from),
    ['-infinity', made(50).at, made(7).at],
  );
});
