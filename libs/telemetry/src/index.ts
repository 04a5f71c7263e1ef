export { createLogger, type Logger, type LogLevel, type LogOptions } from './logger.ts';
export { metricDefinitions, serviceNames } from './metric-definitions.ts';
export { createMetrics, createRegistry, type Metrics, type Registry } from './metrics.ts';
export {
  type Probe,
  startTelemetryServer,
  type TelemetryServer,
  type TelemetryServerOptions,
} from './telemetry-server.ts';
export {
  openTracer,
  type PastSpan,
  quietTracer,
  type Span,
  type SpanAttributes,
  type SpanOptions,
  type Tracer,
} from './tracer.ts';
export { WorkScope } from './work-scope.ts';
