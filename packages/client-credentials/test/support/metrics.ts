/** Metrics by name, as an operator reads them. */
import { Effect, Metric, MetricState } from "effect"

/** A series of a metric: its attributes and what it counted or measured. */
export interface Series {
  readonly kind: "counter" | "gauge" | "histogram"
  readonly unit: string | undefined
  /** The name without the unit. */
  readonly attributes: Readonly<Record<string, string>>
  /** The count of a counter. */
  readonly count: number | undefined
  /** The value of a gauge. */
  readonly value: number | undefined
  /** The upper bounds of a histogram. */
  readonly boundaries: ReadonlyArray<number> | undefined
}

export const seriesOf = (name: string): Effect.Effect<ReadonlyArray<Series>> =>
  Effect.map(
    Metric.snapshot,
    (all) =>
      all.filter(({ metricKey }) => metricKey.name === name).map(({ metricKey, metricState }) => {
        const { unit, ...attributes } = Object.fromEntries(metricKey.tags.map(({ key, value }) => [key, value]))
        const kind = MetricState.isCounterState(metricState)
          ? "counter"
          : MetricState.isGaugeState(metricState)
          ? "gauge"
          : "histogram"
        const count = MetricState.isCounterState(metricState) ? Number(metricState.count) : undefined
        const value = MetricState.isGaugeState(metricState) ? Number(metricState.value) : undefined
        const boundaries = MetricState.isHistogramState(metricState) ? metricState.buckets.map(([at]) => at) : undefined
        return { kind, unit, attributes, count, value, boundaries }
      })
  )

/** Returns the sum of a counter's series that have these attributes. */
export const countOf = (name: string, attributes: Readonly<Record<string, string>> = {}): Effect.Effect<number> =>
  Effect.map(
    seriesOf(name),
    (all) =>
      all.filter((one) => Object.entries(attributes).every(([key, value]) => one.attributes[key] === value))
        .reduce((sum, { count = 0 }) => sum + count, 0)
  )

/** Adds an attribute to all metrics of an effect. */
export const withAttribute = (name: string, value: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.tagMetrics(effect, name, value)
