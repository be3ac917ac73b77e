/** Metrics as an operator reads them: by name. */
import { Effect, Metric, MetricState } from "effect"

/** The sum of a counter's series that have these attributes. */
export const countOf = (name: string, attributes: Readonly<Record<string, string>> = {}): Effect.Effect<number> =>
  Effect.map(Metric.snapshot, (all) => {
    let sum = 0
    for (const { metricKey, metricState } of all) {
      const isWanted = metricKey.name === name &&
        Object.entries(attributes).every(([key, value]) =>
          metricKey.tags.some((tag) => tag.key === key && tag.value === value)
        )
      if (isWanted && MetricState.isCounterState(metricState)) sum += Number(metricState.count)
    }
    return sum
  })
