import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue, type DomainEvent, type IssueState } from '#domain';
import { EventStore, ensureSubject } from '#lib/events';
import { type KubeClient, realClock } from '#lib/kube';
import { sha } from '../../../domain/testing/facts.ts';
import { Story } from '../../../domain/testing/story.ts';
import { FakeClient } from '../../../lib/kube/fake-client.ts';
import { cause, openLog } from '../../store/store.int-kit.ts';
import { replay } from './replay.ts';

/** Whole lives, as the rules tell them. */
const LIVES: Record<string, (story: Story) => void> = {
  merged: (story) => {
    deliver(story);
    story.verdict(true);
    story.run();
  },
  'sent back once': (story) => {
    deliver(story);
    story.verdict(false);
    story.run();
    story.push(sha('e'));
    story.pull({ head: { ...story.shown.head, sha: sha('e') }, checks: [] });
    story.finish();
    story.run();
  },
  'lost and tried again': (story) => {
    begin(story);
    story.task({ jobEnded: { message: 'the Job was deleted.', infrastructure: true } });
    story.run();
    story.later(3_600_000);
    story.run();
  },
  'edited at work': (story) => {
    begin(story);
    story.wish({ number: 7, title: 'Otherwise' }, 2);
    story.run();
  },
  stuck: (story) => {
    begin(story);
    story.report({ type: 'stuck', evidence: 'The same command ten times.' } as never);
    story.run();
  },
};

function begin(story: Story): void {
  story.wish({ number: 7 });
  story.run();
}

function deliver(story: Story): void {
  begin(story);
  story.deliver();
  story.finish();
  story.ci();
  story.run();
}

test('every life that the rules tell is replayed to the rows that were projected as it went', async (t) => {
  const { pool, log } = await openLog(t);
  const told: string[] = [];
  for (const [name, live] of Object.entries(LIVES)) {
    const story = new Story();
    live(story);
    const uid = `uid-${name}`;
    const { subject } = await ensureSubject(pool, { kind: 'Issue', namespace: `team-${told.length}`, name: 'i', uid });
    for (const { type, data } of story.events) {
      const event = renamed({ type, data } as DomainEvent, told.length);
      await log.append(subject, cause, (_: IssueState) => [event]);
    }
    told.push(name);
  }
  const store = new EventStore({ db: pool, types: catalogue });
  const client = new FakeClient(realClock) as unknown as KubeClient;
  const result = await replay({ pool, store, client, taskDeadlineMs: 1, pause: async () => {} });
  assert.deepEqual(result.differences, []);
  assert.equal(result.streams, told.length);
  const { rows } = await pool.query('SELECT count(DISTINCT ending)::int AS endings, count(*)::int AS tasks FROM tasks');
  assert.ok(rows[0].tasks >= 9 && rows[0].endings >= 3, JSON.stringify(rows[0]));
});

/** Claims of two stories have the same ids; the ones of a database do not. */
function renamed(event: DomainEvent, story: number): DomainEvent {
  const text = JSON.stringify(event.data, (key, value: unknown) =>
    key === 'claim'
      ? `00000000-0000-4000-8000-${String(story * 1_000 + Number(/\d+/.exec(String(value))?.[0] ?? 0)).padStart(12, '0')}`
      : value,
  );
  return { type: event.type, data: JSON.parse(text) } as DomainEvent;
}
