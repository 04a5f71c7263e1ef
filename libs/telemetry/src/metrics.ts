import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import {
  type LabelSets,
  type MetricDefinition,
  type MetricName,
  metricDefinitions,
} from './metric-definitions.ts';

export type { Registry } from 'prom-client';

type Definitions = typeof metricDefinitions;

/** A value for each label, out of its closed set. */
type Labels<L extends LabelSets> = { readonly [K in keyof L]: L[K][number] };

/** Arguments before a value: none for a metric without labels. */
type LabelArguments<L extends LabelSets> = keyof L extends never ? [] : [labels: Labels<L>];

/** What a service may do with a metric: only label values of the table type-check. */
type Instrument<D> =
  D extends MetricDefinition<infer K, infer L>
    ? K extends 'counter'
      ? { inc(...values: [...LabelArguments<L>, value?: number]): void }
      : K extends 'gauge'
        ? { set(...values: [...LabelArguments<L>, value: number]): void }
        : { observe(...values: [...LabelArguments<L>, value: number]): void }
    : never;

export type Metrics<N extends MetricName> = { readonly [K in N]: Instrument<Definitions[K]> };

/**
 * Registers the metrics that a service has a value for, so that it exports no gauge it never sets.
 *
 * Counters and histograms start at 0 for all their labels: a rate over what has not happened yet is 0, not
 * absent. `own` narrows labels that have one value in this service.
 *
 * @example createMetrics(registry, ['rollouts'], { role: 'policy' }).rollouts.inc({ role: 'policy' })
 */
export function createMetrics<const N extends MetricName>(
  registry: Registry,
  names: readonly N[],
  own: Readonly<Record<string, string>> = {},
): Metrics<N> {
  const entries = names.map((name) => [name, instrument(metricDefinitions[name], registry, own)]);
  return Object.fromEntries(entries) as Metrics<N>;
}

function instrument(
  { kind, name, help, labels, buckets }: MetricDefinition,
  registry: Registry,
  own: Readonly<Record<string, string>>,
): Counter | Gauge | Histogram {
  const options = { name, help, labelNames: Object.keys(labels), registers: [registry] };
  if (kind === 'gauge') return new Gauge(options);
  const combinations = combinationsOf(labels, own);
  if (kind === 'counter') {
    const counter = new Counter(options);
    for (const values of combinations) counter.inc(values, 0);
    return counter;
  }
  const histogram = new Histogram({ ...options, buckets: [...buckets] });
  for (const values of combinations) histogram.zero(values);
  return histogram;
}

/** Every combination of label values; one without labels where there are none. */
function combinationsOf(
  labels: LabelSets,
  own: Readonly<Record<string, string>>,
): Record<string, string>[] {
  let combinations: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    const possible = own[label] === undefined ? values : [own[label]];
    combinations = combinations.flatMap((each) =>
      possible.map((value) => ({ ...each, [label]: value })),
    );
  }
  return combinations;
}

/** A registry with the default metrics of the process (memory, CPU, event loop lag, garbage collection). */
export function createRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}
