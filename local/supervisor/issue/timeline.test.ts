import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { EventView } from '#lib/conductor';
import { Timeline } from './timeline.ts';

/** A conductor whose log is read at once and followed as far as `tell` lets it. */
class Conductor {
  log: EventView[] = [];
  refuses = false;
  #tail: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly #opened = Promise.withResolvers<void>();
  readonly reader = {
    url: 'http://127.0.0.1:1',
    token: 'token',
    namespace: 'tenant',
    fetch: (url: URL, init: RequestInit) => this.#answer(url, new Headers(init.headers)),
  };

  async tell(event: EventView): Promise<void> {
    await this.#opened.promise;
    this.#tail?.enqueue(new TextEncoder().encode(`id: ${event.cursor}\ndata: ${JSON.stringify(event)}\n\n`));
  }

  #answer(url: URL, headers: Headers): Response {
    if (headers.get('accept') === 'text/event-stream') return this.#stream();
    const [after, issue] = ['after', 'issue'].map((name) => url.searchParams.get(name));
    const events = this.log
      .filter(({ cursor }) => after === null || Number(cursor) > Number(after))
      .filter(({ subject }) => issue === null || subject.name === issue);
    return Response.json({ events, after: events.at(-1)?.cursor ?? after ?? '0' });
  }

  #stream(): Response {
    if (this.refuses)
      return Response.json(
        { type: 'about:blank', status: 403, title: 'Forbidden', reason: 'Forbidden', detail: 'No reader.' },
        { status: 403 },
      );
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#tail = controller;
        this.#opened.resolve();
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  }
}

function event(cursor: number, issue: string, version: number): EventView {
  return {
    cursor: String(cursor),
    stream: `issue-${issue}`,
    subject: { kind: 'issue', namespace: 'tenant', name: issue },
    version,
    type: 'ISSUE_EDITED',
    data: {},
    meta: {},
    at: '2026-01-01T00:00:00Z',
  };
}

async function timelineOf(conductor: Conductor) {
  const shown: string[] = [];
  const said: string[] = [];
  const timeline = await Timeline.start({
    reader: conductor.reader,
    show: ({ cursor }) => shown.push(cursor),
    onEnd: (sentence) => said.push(sentence),
  });
  return { timeline, shown, said };
}

test('what is in the log of an issue is waited for until it was shown, however late the timeline has it', async () => {
  const conductor = new Conductor();
  const { timeline, shown } = await timelineOf(conductor);
  const events = [event(1, 'a', 1), event(2, 'b', 1), event(3, 'a', 2), event(4, 'b', 2)];
  conductor.log = events;
  const all = timeline.showsAllOf('a').then(() => shown.slice());
  for (const one of events) {
    await conductor.tell(one);
    await turn();
  }
  assert.deepEqual((await all).slice(0, 3), ['1', '2', '3']);
  await timeline.stop();
});

test('what happened before the timeline began is not waited for', async () => {
  const conductor = new Conductor();
  conductor.log = [event(1, 'a', 1)];
  const { timeline, shown } = await timelineOf(conductor);
  await timeline.showsAllOf('a');
  assert.deepEqual(shown, []);
  await timeline.stop();
});

test('a timeline that ended says so and is not waited for', async () => {
  const conductor = new Conductor();
  conductor.refuses = true;
  const { timeline, said } = await timelineOf(conductor);
  conductor.log = [event(1, 'a', 1)];
  await timeline.showsAllOf('a');
  assert.match(said.join('\n'), /^The timeline ended: .*No reader/);
  await timeline.stop();
});
