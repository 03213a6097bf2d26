import { setTimeout } from 'node:timers/promises';
import type { Context } from '../context.ts';
import type { DeliveryRow, HookRow } from '../store/index.ts';
import { queueDelivery } from './emit.ts';
import { fateOf } from './faults.ts';
import { signature } from './sign.ts';

const TIMEOUT_MS = 10_000;
const MAX_RESPONSE_BYTES = 64 * 1024;

interface Outcome {
  readonly statusCode: number;
  readonly responseHeaders: Record<string, string>;
  readonly responseBody: string;
}

const NOWHERE: Outcome = { statusCode: 0, responseHeaders: {}, responseBody: '' };

/**
 * Sends queued deliveries: per hook one at a time, in the order they were queued, so that a listener sees a repository's history in order;
 * a failed one is queued again under its GUID after each of `retrySeconds` (none: never, as on GitHub) and does not hold up the others. At least once: a delivery that
 * was under way at a crash is sent again.
 */
export class Sender {
  readonly #ctx: Context;
  readonly #retrySeconds: readonly number[];
  readonly #busy = new Map<number, Promise<void>>();
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(ctx: Context, retrySeconds: readonly number[]) {
    this.#ctx = ctx;
    this.#retrySeconds = retrySeconds;
  }

  /** Starts whatever is due and plans to come back for the rest. Cheap; safe to call at any time. */
  wake(): void {
    if (this.#stop.signal.aborted) return;
    clearTimeout(this.#timer);
    let next = Number.POSITIVE_INFINITY;
    for (const hook of this.#ctx.store.hooks.find()) {
      if (this.#busy.has(hook.id)) continue;
      if (this.#due(hook) !== undefined) this.#start(hook);
      else next = Math.min(next, this.#earliest(hook));
    }
    if (next !== Number.POSITIVE_INFINITY) {
      this.#timer = globalThis.setTimeout(() => this.wake(), Math.max(10, next - this.#ctx.clock()));
    }
  }

  /** Cuts what is under way (it is sent again at the next start) and waits for it to end. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stop.abort();
    await Promise.all(this.#busy.values());
  }

  #due(hook: HookRow): DeliveryRow | undefined {
    return this.#ctx.store.deliveries.first({ pendingHookId: hook.id, dueAt: { lt: this.#ctx.clock() + 1 } });
  }

  #earliest(hook: HookRow): number {
    const first = this.#ctx.store.deliveries.first({ pendingHookId: hook.id }, { orderBy: 'dueAt' });
    return first?.dueAt ?? Number.POSITIVE_INFINITY;
  }

  #start(hook: HookRow): void {
    const run = this.#drain(hook).finally(() => {
      this.#busy.delete(hook.id);
      this.wake();
    });
    this.#busy.set(hook.id, run);
  }

  async #drain(hook: HookRow): Promise<void> {
    for (let next = this.#due(hook); next !== undefined; next = this.#due(hook)) {
      const current = this.#ctx.store.hooks.get(hook.id);
      if (current === undefined) return;
      await this.#send(current, next);
      if (this.#stop.signal.aborted) return;
    }
  }

  async #send(hook: HookRow, delivery: DeliveryRow): Promise<void> {
    const started = this.#ctx.clock();
    const body = hook.contentType === 'json' ? delivery.payload : `payload=${encodeURIComponent(delivery.payload)}`;
    const requestHeaders = headersFor(hook, delivery, body);
    const fate = fateOf(this.#ctx.store, delivery);
    if (fate.delayMs > 0) await setTimeout(fate.delayMs, undefined, { signal: this.#stop.signal }).catch(() => {});
    const outcome = fate.drop ? NOWHERE : await this.#post(hook.url, requestHeaders, body);
    if (this.#stop.signal.aborted && outcome.statusCode === 0) return;
    const { store } = this.#ctx;
    store.transaction(() => {
      store.deliveries.update(delivery.id, {
        ...outcome,
        requestHeaders,
        pendingHookId: null,
        deliveredAt: new Date(started).toISOString(),
        durationSeconds: (this.#ctx.clock() - started) / 1000,
      });
      if (store.hooks.get(hook.id) === undefined) return;
      store.hooks.update(hook.id, { lastStatusCode: outcome.statusCode });
      if (fate.duplicate && !fate.drop) queueDelivery(this.#ctx, hook, delivery, { guid: delivery.guid });
      this.#retry(hook, delivery, outcome.statusCode);
    });
  }

  async #post(url: string, headers: Record<string, string>, body: string): Promise<Outcome> {
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.#stop.signal]);
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
      const responseBody = await readSome(response);
      return { statusCode: response.status, responseHeaders: Object.fromEntries(response.headers), responseBody };
    } catch (error) {
      this.#ctx.logger.debug({ err: error }, 'webhook delivery failed');
      return NOWHERE;
    }
  }

  #retry(hook: HookRow, delivery: DeliveryRow, statusCode: number): void {
    const failed = statusCode === 0 || statusCode === 429 || statusCode >= 500;
    const retries = this.#ctx.store.webhookFaults.first({})?.retrySeconds ?? this.#retrySeconds;
    const wait = retries[delivery.attempt];
    if (!failed || wait === undefined) return;
    const again = { guid: delivery.guid, attempt: delivery.attempt + 1, dueAt: this.#ctx.clock() + wait * 1000 };
    queueDelivery(this.#ctx, hook, delivery, again);
  }
}

function headersFor(hook: HookRow, delivery: DeliveryRow, body: string): Record<string, string> {
  return {
    accept: '*/*',
    'content-type': hook.contentType === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
    'user-agent': 'GitHub-Hookshot/rig',
    'X-GitHub-Delivery': delivery.guid,
    'X-GitHub-Event': delivery.event,
    'X-GitHub-Hook-ID': String(hook.id),
    'X-GitHub-Hook-Installation-Target-ID': String(hook.appId ?? hook.repoId),
    'X-GitHub-Hook-Installation-Target-Type': hook.appId === undefined ? 'repository' : 'integration',
    ...(hook.secret === null ? {} : { 'X-Hub-Signature-256': signature(hook.secret, body) }),
  };
}

async function readSome(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length >= MAX_RESPONSE_BYTES) break;
  }
  return text.slice(0, MAX_RESPONSE_BYTES);
}
