import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { judgeEgress, plainTarget, tunnelTarget } from '#domain';
import { egressPresets } from '../domain/egress/presets.ts';
import { readSettings } from '../egress/settings.ts';

const page = readFileSync(join(import.meta.dirname, 'egress.md'), 'utf8');
const quoted = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

/** Cells of the table under the header that begins with `first`. */
function rowsOf(first: string): string[][] {
  const lines = page.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`| ${first} |`)) + 2;
  const to = lines.findIndex((line, at) => at >= from && !line.startsWith('|'));
  return lines.slice(from, to).map((line) => line.slice(2, -2).split(' | '));
}

test('each entry of the page lets through what the page says, and not what it says it does not', () => {
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const rows = rowsOf('entry').map(([entry = '', ...cells]) => [quoted(entry)[0]!, ...cells.map(quoted)] as const);
  assert.deepEqual(
    rows.map(([entry]) => entry),
    parse(yaml).spec.egress.allow,
  );
  for (const [entry, reached, not] of rows)
    for (const [targets, allowed] of [
      [reached, true],
      [not, false],
    ] as const)
      for (const text of targets as string[]) {
        const target = text.startsWith('http:') ? plainTarget(text) : tunnelTarget(text);
        assert.equal(judgeEgress([entry as string], target!).allowed, allowed, `${entry}: ${text}`);
      }
});

test('the presets of the page are those of the rules', () => {
  const told = rowsOf('preset').map(([preset = '', hosts = '']) => [quoted(preset)[0], quoted(hosts)]);
  assert.deepEqual(Object.fromEntries(told), egressPresets);
});

test('the settings of the page have the defaults of the program', () => {
  const env = { RIG_CONDUCTOR_URL: 'http://c', RIG_DATABASE_URL_FILE: import.meta.filename };
  const { allowRanges, denyRanges, connections, bytes, idleMs, connectMs, graceMs } = readSettings(env);
  const told = Object.fromEntries(
    rowsOf('variable').map(([name = '', value = '']) => [quoted(name)[0], quoted(value)[0]]),
  );
  assert.deepEqual(told, {
    RIG_EGRESS_ALLOW_RANGES: allowRanges[0],
    RIG_EGRESS_DENY_RANGES: denyRanges[0],
    RIG_EGRESS_MAX_CONNECTIONS: String(connections),
    RIG_EGRESS_MAX_MEGABYTES: String(bytes / 1_048_576),
    RIG_EGRESS_IDLE_SECONDS: String(idleMs / 1_000),
    RIG_EGRESS_CONNECT_SECONDS: String(connectMs / 1_000),
    RIG_EGRESS_GRACE_SECONDS: String(graceMs / 1_000),
  });
});
