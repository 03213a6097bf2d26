import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue, type DomainEvent, type IssueState, release } from '#domain';
import { EventStore, ensureSubject } from '#lib/events';
import { type KubeClient, realClock } from '#lib/kube';
import { sha } from '../../../domain/testing/facts.ts';
import { Story } from '../../../domain/testing/story.ts';
import { FakeClient } from '../../../lib/kube/fake-client.ts';
import { cause, file, openLog, queueUp } from '../../store/store.int-kit.ts';
import { claimNext } from '../../store/take.ts';
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

test('what is written while it is compared is no difference', async (t) => {
  const world = await openLog(t);
  const { pool, log, leader } = world;
  const agent = { name: 'dev-e', uid: 'agent', concurrency: 1_000 };
  let over = false;
  t.after(() => {
    over = true;
  });
  let written = 0;
  const writing = (async () => {
    for (; !over; written += 1) {
      const subject = await file(world, `issue-${written}`);
      const { filedAt } = await log.load(subject);
      await queueUp(world, subject, ['agent'], { filedAt });
      await claimNext(log, agent, leader, cause);
      await log.append(subject, cause, (state) => release(state, 'CancelledByPerson', 'A test ended it.'));
    }
  })();
  const store = new EventStore({ db: pool, types: catalogue });
  const client = new FakeClient(realClock) as unknown as KubeClient;
  const found: number[] = [];
  while (found.length < 5 || written < 20) {
    const { differences, streams } = await replay({ pool, store, client, taskDeadlineMs: 1, pause: async () => {} });
    assert.deepEqual(differences, []);
    found.push(streams);
  }
  over = true;
  await writing;
  assert.ok(found.at(-1)! > found[0]!, 'it was written to meanwhile');
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
