import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Issue } from '#crds';
import { runCLI } from '../cli.ts';
import { whyNot } from './prepare.ts';

const issue = (status: Partial<NonNullable<Issue['status']>>): Pick<Issue, 'metadata' | 'status'> => ({
  metadata: { name: 'fix-1' },
  status: { phase: 'AwaitingHuman', effectiveTier: 'T3', ...status },
});

for (const [title, status, said] of [
  ['T3 work that waits for a person may be prepared', {}, null],
  ['work below T3 is not prepared', { effectiveTier: 'T2' as const }, /is T2, not T3/],
  ['T3 work that waits for nobody is not prepared', { phase: 'Merging' as const }, /is Merging and waits for nobody/],
  ['T3 work is prepared once at a time', { assignedTo: 'dev-e' }, /dev-e prepares fix-1 already/],
] as const)
  test(`prepare: ${title}`, () => {
    const why = whyNot(issue(status));
    if (said === null) assert.equal(why, null);
    else assert.match(why ?? '', said);
  });

test('prepare: work that is not graded yet is not prepared', () => {
  assert.match(whyNot({ metadata: { name: 'fix-1' } }) ?? '', /not graded yet/);
});

test('prepare: a note that is too long is a wrong command line, before anything is asked of a cluster', async () => {
  const told: string[] = [];
  const write = process.stderr.write;
  process.stderr.write = ((text: string) => told.push(text) > 0) as typeof write;
  try {
    assert.equal(await runCLI(['prepare', 'fix-1', '--note', 'x'.repeat(1_025)]), 2);
  } finally {
    process.stderr.write = write;
  }
  assert.match(told.join(''), /The note has 1025 characters; make it at most 1024/);
});
