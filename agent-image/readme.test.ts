import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseRigfile } from './rigfile/index.ts';
import { EXIT } from './task/outcome.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8');
const README = read('README.md');
const section = (title: string) => README.split(/^## /m).find((text) => text.startsWith(title)) ?? '';
const names = (text: string, pattern: RegExp) =>
  [...new Set([...text.matchAll(pattern)].map(([, name]) => name))].sort();

test('the README of the agent names every variable that its settings read, and no other', () => {
  const code = ['settings/settings.ts', 'settings/mounted.ts', 'sandbox/server/settings.ts', 'main.ts']
    .map(read)
    .concat(
      readFileSync(join(import.meta.dirname, '../lib/observe/logger.ts'), 'utf8'),
      'env.OTEL_EXPORTER_OTLP_ENDPOINT',
    );
  const seen = names(code.join('\n'), /(?:env\.|(?:text|url)\(')([A-Z][A-Z_]+)\b/g);
  const told = names(section('Environment').split('\n\nA command')[0] ?? '', /`([A-Z][A-Z_]+)`/g);
  assert.deepEqual(told, seen);
});

test('the README of the agent names every exit code', () => {
  const told = names(section('Exit codes'), /^\| (\d+) \|/gm);
  assert.deepEqual(told, Object.values(EXIT).map(String).sort());
});

test('the README of the agent names every folder of it, and no other', () => {
  const folders = globSync('*/', { cwd: import.meta.dirname, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const rows = section('Folders')
    .split('\n')
    .map((line) => line.split('|')[1] ?? '');
  assert.deepEqual(names(rows.join(), /`([a-z]+)\/`/g), folders.sort());
});

test('the example of .rig-agent.yaml is a valid one', () => {
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(README) ?? [];
  assert.equal(parseRigfile(yaml, 'a'.repeat(40)).testCommand, 'npm test');
});

test('the README of the agent names only test files that are there', () => {
  for (const file of names(section('Tests'), /`([\w./-]+\.test\.ts)`/g)) assert.ok(read(`${file}`).length > 0);
});
