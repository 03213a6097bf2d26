import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DomainEvent, evolve, type IssueState, noIssue, type StoredEvent } from '#domain';
import { stories } from '../../domain/testing/producers.ts';
import { sampleData, sampleStream } from '../../domain/testing/samples.ts';
import { leaveQueue } from './project.ts';

const subject = { id: 'one', namespace: 'team', name: 'one' };

/** Whether an issue in this state may be in the queue, as far as its log tells. */
function mayWait({ spec, work, ending, awaiting, merged }: IssueState): boolean {
  return spec !== null && work === null && ending === null && awaiting === null && merged === null;
}

async function leaves(event: DomainEvent): Promise<boolean> {
  let asked = false;
  const query = async () => {
    asked = true;
    return { rows: [] };
  };
  await leaveQueue({ query, afterCommit: () => {} } as never, subject, [event]);
  return asked;
}

/** Types of the events after which an issue may wait no longer, and which yet leave its row where it is. */
async function kept(events: readonly StoredEvent[]): Promise<string[]> {
  const found: string[] = [];
  let state = noIssue;
  for (const event of events) {
    const next = evolve(state, event);
    if (mayWait(state) && !mayWait(next) && !(await leaves(event))) found.push(event.type);
    state = next;
  }
  return found;
}

test('whatever ends that an issue may be claimed takes it out of the queue, in every story of the catalogue', async () => {
  for (const tell of Object.values(stories)) assert.deepEqual(await kept(tell().events), []);
});

test('whatever ends that an issue may be claimed takes it out of the queue, in any order of events', async () => {
  await fc.assert(
    fc.asyncProperty(sampleData('ISSUE_FILED'), sampleStream(12), async (data, events) => {
      const filed = { type: 'ISSUE_FILED', data, version: 1, at: 0 } as unknown as StoredEvent;
      assert.deepEqual(await kept([filed, ...events]), []);
    }),
  );
});

test('a merge takes an issue out of the queue that waits for its next attempt', async () => {
  const tell = stories.MERGED!;
  const merged = tell().events.find(({ type }) => type === 'MERGED')!;
  assert.equal(await leaves(merged), true);
});
