import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { programs, stories } from '../testing/producers.ts';
import { catalogue, type EventType } from './catalogue.ts';

const ROOT = join(import.meta.dirname, '..', '..');

for (const type of Object.keys(catalogue) as EventType[]) {
  const story = stories[type];
  const program = programs[type];
  test(`${type} is produced by ${story ? 'the rules' : (program ?? 'something real')}`, () => {
    assert.ok(
      story || program,
      `nothing produces ${type}: give it a story in domain/testing/producers.ts, or name the program`,
    );
    if (story) assert.ok(story().types().includes(type), `the story of ${type} tells ${story().types().join(', ')}`);
    if (program) assert.match(readFileSync(join(ROOT, program), 'utf8'), new RegExp(`type: '${type}'`));
  });
}

test('docs/events.md has a row for every event, and no other', () => {
  const rows = readFileSync(join(ROOT, 'docs', 'events.md'), 'utf8').matchAll(/^\| `([A-Z0-9_]+)` \|/gm);
  assert.deepEqual(
    [...rows].map(([, type]) => type),
    Object.keys(catalogue).sort(),
  );
});
