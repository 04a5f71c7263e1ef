export { createLogger, type Logger, type LogLevel, type LogOptions } from './logger.ts';
export {
  createMetrics,
  createRegistry,
  type MetricName,
  type Metrics,
  metricDefinitions,
  type Registry,
} from './metrics.ts';
export {
  type Probe,
  startTelemetryServer,
  type TelemetryServer,
  type TelemetryServerOptions,
} from './telemetry-server.ts';
