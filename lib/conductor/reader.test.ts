import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConductorError, type EventView, followEvents, readEvents } from './index.ts';

const event = (cursor: string, version = 1): EventView => ({
  cursor,
  stream: 's',
  subject: { kind: 'Issue', namespace: 'n', name: 'i' },
  version,
  type: 'ISSUE_DONE',
  data: {},
  meta: {},
  at: '2030-01-01T00:00:00Z',
});
const block = (cursor: string, version = 1, id = cursor) =>
  `id: ${id}\nevent: ISSUE_DONE\ndata: ${JSON.stringify(event(cursor, version))}\n\n`;
const options = { url: 'http://conductor', token: 't', namespace: 'n', issue: 'i' };

test('pages are read to the end, past one that holds nothing of this namespace', async () => {
  const pages: Record<string, unknown> = {
    start: { events: [event('1.1')], after: '1.1' },
    '1.1': { events: [], after: '2.5' },
    '2.5': { events: [event('3.1')], after: '3.1' },
    '3.1': { events: [], after: '3.1' },
  };
  const fetch = (url: URL) => Response.json(pages[url.searchParams.get('after') ?? 'start']);
  const { events, after } = await readEvents({ ...options, fetch });
  assert.deepEqual(
    events.map(({ cursor }) => cursor),
    ['1.1', '3.1'],
  );
  assert.equal(after, '3.1');
});

test('a stream that breaks in the middle of an event is taken up behind the last whole one', async () => {
  const asked: (string | null)[] = [];
  const over = new AbortController();
  const bodies = [`: hello\n\n${block('1.1')}id: 2.1\nda`, block('2.1', 2)];
  const fetch = (url: URL) => {
    asked.push(url.searchParams.get('after'));
    return new Response(bodies.shift());
  };
  const seen: string[] = [];
  for await (const { cursor } of followEvents({ ...options, fetch }, { signal: over.signal, retryMs: 1 })) {
    seen.push(cursor);
    if (seen.length === 2) over.abort();
  }
  assert.deepEqual(seen, ['1.1', '2.1']);
  assert.deepEqual(asked, [null, '1.1']);
});

test('where the order of the log is not that of a stream, none is missed and none is told twice', async () => {
  const asked: (string | null)[] = [];
  const over = new AbortController();
  // Version 2 has the lower place: until its page is whole it can be resumed behind the page's beginning alone.
  const bodies = [block('6.10', 1, '3.9'), block('6.10', 1, '3.9') + block('4.12', 2, '6.10'), block('7.1', 3)];
  const fetch = (url: URL) => {
    asked.push(url.searchParams.get('after'));
    return new Response(bodies.shift());
  };
  const seen: number[] = [];
  for await (const { version } of followEvents(
    { ...options, fetch },
    { after: '3.9', signal: over.signal, retryMs: 1 },
  )) {
    seen.push(version);
    if (version === 3) over.abort();
  }
  assert.deepEqual(seen, [1, 2, 3]);
  assert.deepEqual(asked, ['3.9', '3.9', '6.10']);
});

test('aborting ends a stream on which nothing arrives, even when fetch does not', { timeout: 5_000 }, async () => {
  const over = new AbortController();
  const fetch = () => new Response(new ReadableStream({ start: () => setImmediate(() => over.abort()) }));
  for await (const _ of followEvents({ ...options, fetch }, { signal: over.signal })) assert.fail('nothing was sent');
});

test('a refused token ends the stream with the conductor’s own sentence', async () => {
  const fetch = () => Response.json({ reason: 'ReaderTokenInvalid', detail: 'No.' }, { status: 401 });
  const events = followEvents({ ...options, fetch }, { signal: new AbortController().signal });
  await assert.rejects(events.next(), (error) => error instanceof ConductorError && error.code === 'Unauthenticated');
});
