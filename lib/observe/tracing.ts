import type { Span as ApiSpan, Attributes, Tracer } from '@opentelemetry/api';
import { correlationId, correlationOf, parentSpanId, rootSpanId, underSpan } from './correlation.ts';
import { scrub } from './scrub.ts';

/** What a span is told while it lasts. Attributes pass {@link scrub}; what people or models wrote does not belong in them. */
export interface Span {
  set(attributes: Attributes): void;
  /** Marks it as failed although its work returned. */
  fail(type: string): void;
  /** It turned out that nothing was done: the span is not recorded. */
  discard(): void;
}

export interface SpanOptions {
  /** Default internal. */
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly attributes?: Attributes;
  /** Ms since the epoch; default now. */
  readonly startedAt?: number;
}

/** The OTLP endpoint variables; without one nothing is traced and nothing of the SDK is loaded. */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
const KINDS = { internal: 0, server: 1, client: 2, producer: 3, consumer: 4 } as const;
/** How long the end of a program may wait for its last spans to be sent. */
const PATIENCE_MS = 2_000;
const ERROR = 2;
const SAMPLED = 1;
const noSpan: Span = { set: () => {}, fail: () => {}, discard: () => {} };

interface Tracing {
  readonly tracer: Tracer;
  readonly api: typeof import('@opentelemetry/api');
  /** The next root span takes the ids of this correlation. */
  nextRoot: string | undefined;
}
let tracing: Tracing | undefined;

/** Whether spans are recorded. */
export function isTracing(): boolean {
  return tracing !== undefined;
}

/**
 * Sends spans by OTLP over HTTP where an endpoint is set (OTEL_EXPORTER_OTLP_ENDPOINT; headers, timeout and resource attributes by
 * OpenTelemetry's own variables). Resolves to what sends the rest and ends it; safe to call twice.
 */
export async function startTracing(
  service: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<() => Promise<void>> {
  if (tracing !== undefined || env.OTEL_SDK_DISABLED === 'true' || !ENDPOINTS.some((name) => env[name]))
    return async () => {};
  const [api, sdk, resources, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const random = new sdk.RandomIdGenerator();
  const take = (id: string | undefined) => (id === undefined ? undefined : rootSpanId(id));
  const provider = new sdk.TracerProvider({
    resource: resources
      .resourceFromAttributes({ 'service.name': service })
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    idGenerator: {
      generateTraceId: () => tracing?.nextRoot ?? random.generateTraceId(),
      generateSpanId: () => take(tracing?.nextRoot) ?? random.generateSpanId(),
    },
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter(), scheduledDelayMillis: 1_000 })],
  });
  tracing = { tracer: provider.getTracer('rig'), api, nextRoot: undefined };
  return async () => {
    tracing = undefined;
    // A collector that is away must not hold a program that wants to end.
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, PATIENCE_MS);
    await Promise.race([provider.shutdown().catch(() => {}), over.promise]);
    clearTimeout(timer);
  };
}

/** Runs `work` in a span of what the present scope is for. Where nothing is traced, or it is for nothing, only `work` is run. */
export async function traced<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const id = correlationId();
  if (tracing === undefined || id === undefined) return work(noSpan);
  const span = begin(tracing, id, parentSpanId()!, name, options);
  let kept = true;
  const discard = () => {
    kept = false;
  };
  try {
    return await underSpan(id, span.spanContext().spanId, () => work({ ...handle(span), discard }));
  } catch (error) {
    failed(span, error);
    throw error;
  } finally {
    if (kept) span.end();
  }
}

/** As {@link traced} for what ends elsewhere, as an answer that is still being read: the caller calls `end`, once. */
export function startSpan(name: string, options: SpanOptions): Omit<Span, 'discard'> & { end(error?: unknown): void } {
  const id = correlationId();
  if (tracing === undefined || id === undefined) return { ...noSpan, end: () => {} };
  const span = begin(tracing, id, parentSpanId()!, name, options);
  return {
    ...handle(span),
    end: (error) => {
      if (error !== undefined) failed(span, error);
      span.end();
    },
  };
}

/** Records the span that stands for the whole of a stream, from `startedAt` (ms since the epoch) until now. */
export function traceWhole(stream: string, name: string, options: SpanOptions): void {
  const id = correlationOf(stream);
  if (tracing === undefined || id === undefined) return;
  const { api, tracer } = tracing;
  tracing.nextRoot = id;
  const { startedAt, attributes } = options;
  tracer.startSpan(name, { root: true, ...start(startedAt), ...clean(attributes) }, api.ROOT_CONTEXT).end();
  tracing.nextRoot = undefined;
}

/** The W3C `traceparent` of the present work, for a header or an environment; undefined while it is for nothing. */
export function traceparent(): string | undefined {
  const id = correlationId();
  return id === undefined ? undefined : `00-${id}-${parentSpanId()}-${tracing === undefined ? '00' : '01'}`;
}

/** `{ traceparent }` to spread into the headers of a request to another program of the rig; empty while it is for nothing. */
export function traceHeaders(): { traceparent?: string } {
  const value = traceparent();
  return value === undefined ? {} : { traceparent: value };
}

/** Who is called, in the conventions of OpenTelemetry: host and port of an http(s) URL. */
export function serverAttributes(url: string): { 'server.address': string; 'server.port': number } {
  const { hostname, port, protocol } = new URL(url);
  return { 'server.address': hostname, 'server.port': Number(port) || (protocol === 'https:' ? 443 : 80) };
}

function begin({ api, tracer }: Tracing, traceId: string, spanId: string, name: string, options: SpanOptions): ApiSpan {
  const parent = { traceId, spanId, traceFlags: SAMPLED, isRemote: true };
  const { kind = 'internal', startedAt, attributes } = options;
  return tracer.startSpan(
    name,
    { kind: KINDS[kind], ...start(startedAt), ...clean(attributes) },
    api.trace.setSpanContext(api.ROOT_CONTEXT, parent),
  );
}

function handle(span: ApiSpan): Omit<Span, 'discard'> {
  return {
    set: (attributes) => void span.setAttributes(clean(attributes).attributes ?? {}),
    fail: (type) => void span.setStatus({ code: ERROR }).setAttribute('error.type', type),
  };
}

function failed(span: ApiSpan, error: unknown): void {
  const { name, message, code } = error as Partial<Error> & { code?: unknown };
  span.setAttribute('error.type', typeof code === 'string' ? code : (name ?? 'Error'));
  span.setStatus({ code: ERROR, message: String(scrub(message ?? String(error))).slice(0, 512) });
}

/** As a Date: the SDK takes a number from before the start of the process for one of performance.now(). */
function start(startedAt: number | undefined): { startTime?: Date } {
  return startedAt === undefined ? {} : { startTime: new Date(startedAt) };
}

function clean(attributes: Attributes | undefined): { attributes?: Attributes } {
  return attributes === undefined ? {} : { attributes: scrub(attributes) as Attributes };
}
