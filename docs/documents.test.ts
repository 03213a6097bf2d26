import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { catalogue } from '#domain';
import { openapi } from '../operator/api/openapi.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const TASK = '/v1/namespaces/{ns}/tasks/{name}';

test('every link between documents leads to a file', () => {
  for (const file of globSync('docs/**/*.md', { cwd: ROOT })) {
    for (const [, target = ''] of read(file).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g))
      assert.ok(existsSync(join(ROOT, dirname(file), target)), `${file} links to ${target}`);
  }
});

test('every path that the architecture names is there', () => {
  const named = [
    ...read('docs/architecture.md').matchAll(
      /`((?:domain|operator|lib|config|local|agent-image|crds|test)\/[\w./-]+)`/g,
    ),
  ];
  assert.ok(named.length > 20);
  for (const [, path = ''] of named) assert.ok(existsSync(join(ROOT, path)), path);
});

test('every event that the architecture names is in the catalogue', () => {
  const named = [...read('docs/architecture.md').matchAll(/\b[A-Z]{2,}(?:_[A-Z]+)+\b|\bMERGED\b/g)].map(
    ([word]) => word,
  );
  const others = new Set(['RIG_LOG_LEVEL']);
  const events = named.filter((word) => !others.has(word));
  assert.ok(events.length > 20);
  for (const event of events) assert.ok(event in catalogue, event);
});

test('the page of the conductor API names every route that is served, and no other', () => {
  const { paths } = openapi() as { paths: Record<string, Record<string, unknown>> };
  const served = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const isGit = (route: string) => route.includes(`${TASK}/git/`);
  const told = [...read('docs/conductor-api.md').matchAll(/^(?:\| )?`(GET|POST) ([^`?\s]+)[^`]*`/gm)].map(
    ([, method, path = '']) => `${method} ${path.startsWith('…') ? TASK + path.slice(1) : path}`,
  );
  // The document itself is no path of the document.
  assert.deepEqual(
    told.filter((route) => route !== 'GET /openapi.json').sort(),
    served.filter((route) => !isGit(route)).sort(),
  );
  assert.ok(read('docs/conductor-api.md').includes('`…/tasks/{name}/git`'));
});

test('every decision has its number, its parts, and at most 60 lines', () => {
  const files = globSync('docs/adr/*.md', { cwd: ROOT }).sort();
  const numbers = files.map((file) => /\/(\d{4})-[a-z0-9-]+\.md$/.exec(file)?.[1]);
  assert.deepEqual(
    numbers,
    files.map((_, index) => String(index + 1).padStart(4, '0')),
  );
  for (const [index, file] of files.entries()) {
    const text = read(file);
    assert.ok(text.startsWith(`# ${numbers[index]} `), `${file} begins with its number`);
    for (const part of ['## Context', '## Decision', '## Consequences'])
      assert.ok(text.includes(part), `${file}: ${part}`);
    assert.ok(text.split('\n').length <= 61, `${file} is longer than 60 lines`);
  }
});
