export { createLogger, type Logger, type LogLevel, type LogOptions } from './logger.ts';
export { metricDefinitions, serviceNames } from './metric-definitions.ts';
export { createMetrics, createRegistry, type Metrics, type Registry } from './metrics.ts';
export {
  type Probe,
  startTelemetryServer,
  type TelemetryServer,
  type TelemetryServerOptions,
} from './telemetry-server.ts';
