import { AsyncLocalStorage } from 'node:async_hooks';

/** What a piece of work is done for. Filled in as soon as it is known: who called, or which object it is, is learned on the way. */
interface Scope {
  correlationId: string | undefined;
  /** The span under which further ones belong; the issue's own where there is none. */
  spanId: string | undefined;
}

const scopes = new AsyncLocalStorage<Scope>();
const HEX_32 = /^[0-9a-f]{32}$/;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/;

/**
 * The correlation id of a stream: its UUID without hyphens. Everything that happens for one Issue, in whatever program, has this id,
 * and it is the W3C trace id as well. Undefined for what is no UUID.
 */
export function correlationOf(stream: string | null | undefined): string | undefined {
  const id = stream?.replaceAll('-', '').toLowerCase();
  return id !== undefined && HEX_32.test(id) && !/^0+$/.test(id) ? id : undefined;
}

/** The id of the span that stands for the whole of it: the same in every program, so that nobody has to be told. */
export function rootSpanId(correlationId: string): string {
  return correlationId.slice(16);
}

/** Runs `work`, a request or a reconcile, in a scope of its own: what is correlated in it ends with it. */
export function inScope<T>(work: () => T): T {
  return scopes.run({ correlationId: undefined, spanId: undefined }, work);
}

/** From here on the present scope is for this stream; without effect outside of any scope. */
export function correlate(stream: string | null | undefined): void {
  const scope = scopes.getStore();
  const id = correlationOf(stream);
  if (scope === undefined || id === undefined || scope.correlationId === id) return;
  scope.correlationId = id;
  scope.spanId = undefined;
}

/** Runs `work` for this stream, whatever the scope around it is for. */
export function withCorrelation<T>(stream: string | null | undefined, work: () => T): T {
  const id = correlationOf(stream);
  const around = scopes.getStore();
  if (id === undefined || around?.correlationId === id) return work();
  return scopes.run({ correlationId: id, spanId: undefined }, work);
}

/** Runs `work` under a span of the present correlation. */
export function underSpan<T>(correlationId: string, spanId: string, work: () => T): T {
  return scopes.run({ correlationId, spanId }, work);
}

/** What the present work is for; undefined while that is not known. */
export function correlationId(): string | undefined {
  return scopes.getStore()?.correlationId;
}

/** The span under which further ones belong, by default the issue's own. */
export function parentSpanId(): string | undefined {
  const scope = scopes.getStore();
  return scope?.correlationId === undefined ? undefined : (scope.spanId ?? rootSpanId(scope.correlationId));
}

/**
 * Goes on under the span that a caller names in a W3C `traceparent`, if it is of the correlation that was established otherwise (by a
 * task's token): a header alone correlates nothing.
 */
export function continueFrom(traceparent: string | undefined): void {
  const scope = scopes.getStore();
  const [, traceId, spanId] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (scope?.correlationId !== undefined && scope.correlationId === traceId) scope.spanId = spanId;
}

/** Runs `work` as the continuation of a `traceparent` that is trusted, as a program's own environment is. */
export function continuing<T>(traceparent: string | undefined, work: () => T): T {
  const [, traceId, spanId] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  return traceId === undefined || spanId === undefined ? inScope(work) : underSpan(traceId, spanId, work);
}
