export {
  continueFrom,
  continuing,
  correlate,
  correlationId,
  correlationOf,
  inScope,
  withCorrelation,
} from './correlation.ts';
export { createLogger, type Logger, silentLogger } from './logger.ts';
export { type MetricName, metricCatalogue } from './metric-catalogue.ts';
export { type MetricDefinition, type MetricProgram, seriesBound } from './metric-types.ts';
export { createMetrics, type Metrics, type MetricsRegistry, noMetrics } from './metrics.ts';
export { scrub } from './scrub.ts';
export {
  isTracing,
  type Span,
  type SpanOptions,
  serverAttributes,
  startSpan,
  startTracing,
  traced,
  traceHeaders,
  traceparent,
  traceWhole,
} from './tracing.ts';
