import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { signature } from '../webhooks/index.ts';
import { assertDelivery } from './validate.ts';

export interface Received {
  readonly event: string;
  readonly action: string | undefined;
  readonly guid: string;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: tests read into payloads of sixty shapes
  readonly payload: any;
}

export const SECRET = 'a webhook secret of the tests';

/** A webhook receiver that checks each delivery's signature and shape; what does not fit fails the next {@link Listener.next}. */
export class Listener {
  readonly received: Received[] = [];
  readonly problems: unknown[] = [];
  /** Answers to give instead of 202, each once. */
  readonly answers: number[] = [];
  /** How many deliveries the forge still has to send; given by whoever owns the forge. */
  pending: () => Promise<number> = async () => 0;
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = this.answers.shift() ?? 202;
      if (answer < 300) this.#take(request.headers, Buffer.concat(chunks).toString());
      response.writeHead(answer).end();
    });
  });
  #waiters: (() => void)[] = [];

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hooks`;
  }

  /** The first delivery from `since` on that fits, once it is there; rejects after ten seconds with what came instead. */
  async next(event: string, action?: string, since = 0): Promise<Received> {
    const deadline = AbortSignal.timeout(10_000);
    for (;;) {
      assert.deepEqual(this.problems, []);
      const found = this.received.slice(since).find((each) => each.event === event && each.action === action);
      if (found !== undefined) return found;
      if (deadline.aborted) assert.fail(`no ${event} ${action ?? ''} came, but: ${this.names(since).join(', ')}`);
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  /** Resolves when nothing more is to come: every delivery the forge has queued was taken. */
  async settled(): Promise<void> {
    while ((await this.pending()) > 0) await setTimeout(5);
    assert.deepEqual(this.problems, []);
  }

  names(since = 0): string[] {
    return this.received.slice(since).map(({ event, action }) => (action === undefined ? event : `${event}.${action}`));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #take(headers: IncomingHttpHeaders, body: string): void {
    const payload = JSON.parse(body) as { action?: string };
    const event = String(headers['x-github-event']);
    try {
      assert.equal(headers['x-hub-signature-256'], signature(SECRET, body));
      assertDelivery(event, payload as Record<string, unknown>);
    } catch (error) {
      this.problems.push(error);
    }
    const guid = String(headers['x-github-delivery']);
    this.received.push({ event, action: payload.action, guid, headers, payload });
    for (const wake of this.#waiters.splice(0)) wake();
  }
}
