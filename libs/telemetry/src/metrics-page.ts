import { type MetricDefinition, metricDefinitions } from './metric-definitions.ts';

const preamble = `# Metrics

<!-- Generated from libs/telemetry/src by its test: npm test -- libs/telemetry -u -->

Every service answers \`GET /metrics\` on its metrics port in Prometheus's text format. All series have the label
\`service\`; the other labels take only the values given here. Counters and histograms start at 0 for all of them.
A gauge is absent until there is something to measure: a method without momentum rollouts has no entropy of role
\`momentum\`, an iteration without signal no loss.

Counters are of the process: a learner that replays its journal counts the replayed iterations again.

Beside these, each service exports its process's: \`process_resident_memory_bytes\` (engine threads included),
\`process_cpu_seconds_total\`, \`process_start_time_seconds\` (a restart changes it), \`nodejs_eventloop_lag_seconds\`
and the others of prom-client. The use of GPUs is the business of their own exporter (NVIDIA's is dcgm-exporter).

[tracing.md](tracing.md) has traces and logs. [deploy/prometheus/rules.yml](../deploy/prometheus/rules.yml) has the alerts,
[deploy/grafana/dashboard.json](../deploy/grafana/dashboard.json) the dashboard. Where one Prometheus watches several
runs, let its scrape configuration add a label \`run\` or \`namespace\`: the rules keep both.
`;

/** The page of all metrics, `docs/metrics.md`. */
export function metricsPage(): string {
  const definitions: readonly MetricDefinition[] = Object.values(metricDefinitions);
  const sources = [...new Set(definitions.map(({ services }) => services.join(', ')))];
  const sections = sources.map((source) => {
    const rows = definitions.filter(({ services }) => services.join(', ') === source).map(row);
    return [
      `## From ${source}\n`,
      '| metric | type | labels | meaning |',
      '| --- | --- | --- | --- |',
      ...rows,
      '',
    ].join('\n');
  });
  return [preamble, ...sections].join('\n');
}

function row({ name, kind, labels, help }: MetricDefinition): string {
  const sets = Object.entries(labels).map(
    ([label, values]) => `\`${label}\`: ${values.map((value) => `\`${value}\``).join(', ')}`,
  );
  return `| \`${name}\` | ${kind} | ${sets.join('; ')} | ${help} |`;
}
