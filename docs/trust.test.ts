import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { reasons } from '#crds';

const page = readFileSync(join(import.meta.dirname, 'trust.md'), 'utf8');

test('every reason that the page on trust explains is one that an issue can have', () => {
  const named = [...page.matchAll(/^\| ((?:`[A-Za-z]+`(?:, )?)+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([A-Za-z]+)`/g)].map(([, reason = '']) => reason),
  );
  assert.ok(named.length > 3);
  for (const reason of named) assert.ok(reason in reasons, reason);
});
