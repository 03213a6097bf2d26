import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const IMPORT = /^(?:import|export)\s(?!type\s)[^;]*?from '([^']+)';|^import '([^']+)';/gm;
/** Types are written `typeof import('…')` and load nothing. */
const LATER = /(?<!typeof )\bimport\('([^']+)'\)/g;

/** Every file and package that `entry` loads, types left out: at its start alone, or whenever. */
function loads(entry: string, when: 'start' | 'ever' = 'ever'): Set<string> {
  const found = new Set<string>();
  const todo = [entry];
  for (let file = todo.pop(); file !== undefined; file = todo.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [, from, bare] of [...text.matchAll(IMPORT), ...(when === 'ever' ? text.matchAll(LATER) : [])]) {
      const name = (from ?? bare) as string;
      if (name.startsWith('.')) todo.push(relative(ROOT, join(ROOT, dirname(file), name)));
      else if (name.startsWith('#lib/')) todo.push(`${name.slice(1)}/index.ts`);
      else todo.push(name);
    }
  }
  return found;
}

const matching = (files: Set<string>, pattern: RegExp) => [...files].filter((file) => pattern.test(file));

test('the runtime loads nothing that runs a command or touches a worktree', () => {
  const files = loads('agent-image/main.ts');
  assert.ok(files.has('agent-image/origin/origin.ts') && files.has('agent-image/sandbox/client/client.ts'));
  assert.deepEqual(matching(files, /^agent-image\/(exec|sandbox\/server)\//), []);
  const starting = matching(files, /^agent-image\//).filter((file) =>
    /from 'node:child_process'/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  assert.deepEqual(starting.sort(), ['agent-image/git/git.ts', 'agent-image/git/stream.ts']);
});

test('before it asks the conductor the runtime loads nothing of the work, and no SDK', () => {
  const files = loads('agent-image/main.ts', 'start');
  assert.ok(files.has('agent-image/session/session.ts') && files.has('lib/llm/model.ts'));
  assert.deepEqual(matching(files, /^agent-image\/(origin|sandbox|guard|tools|prompt|rigfile)\//), []);
  assert.deepEqual(matching(files, /^(@anthropic-ai\/.*|jose|yaml|unbash)$/), []);
});

test('the sandbox loads nothing that knows a credential, the conductor, a model or the guard', () => {
  const files = loads('agent-image/sandbox/main.ts');
  assert.ok(files.has('agent-image/exec/command.ts'));
  assert.deepEqual(matching(files, /^agent-image\/(session|origin|egress|guard|loop|task|tools|prompt)\//), []);
  assert.deepEqual(matching(files, /^lib\/(conductor|llm)\/|^@anthropic-ai|^jose/), []);
});
