/** Metrics as an operator reads them: by name. In Effect 4, snapshots have no separate keys. */
import { Effect, Metric } from "effect"

/** Value of a metric for one set of attributes. */
export interface Series {
  readonly kind: "counter" | "gauge" | "histogram"
  readonly unit: string | undefined
  /** Without the unit. */
  readonly attributes: Readonly<Record<string, string>>
  /** The count of a counter. */
  readonly count: number | undefined
  /** The value of a gauge. */
  readonly value: number | undefined
  /** The upper bounds of a histogram. */
  readonly boundaries: ReadonlyArray<number> | undefined
}

export const seriesOf = (name: string): Effect.Effect<ReadonlyArray<Series>> =>
  Effect.map(Metric.snapshot, (all) =>
    all.filter(({ id }) => id === name).map((one) => {
      const { unit, ...attributes } = { ...one.attributes }
      const kind = one.type === "Counter" ? "counter" : one.type === "Gauge" ? "gauge" : "histogram"
      const count = one.type === "Counter" ? Number(one.state.count) : undefined
      const value = one.type === "Gauge" ? Number(one.state.value) : undefined
      const boundaries = one.type === "Histogram" ? one.state.buckets.map(([at]) => at) : undefined
      return { kind, unit, attributes, count, value, boundaries }
    }))

/** The sum of a counter's series that have these attributes. */
export const countOf = (name: string, attributes: Readonly<Record<string, string>> = {}): Effect.Effect<number> =>
  Effect.map(
    seriesOf(name),
    (all) =>
      all.filter((one) => Object.entries(attributes).every(([key, value]) => one.attributes[key] === value))
        .reduce((sum, { count = 0 }) => sum + count, 0)
  )

/** Adds an attribute to all metrics of an effect. */
export const withAttribute = (name: string, value: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.updateService(effect, Metric.CurrentMetricAttributes, (all) => ({ ...all, [name]: value }))
