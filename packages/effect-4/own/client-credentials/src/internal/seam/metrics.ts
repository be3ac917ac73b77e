/**
 * Metrics of `internal/token`, as metrics of Effect, so that every exporter of those exports them too.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"

import * as metrics from "../token/metrics.js"

export * from "../token/metrics.js"

/** Returns the options of a metric. The exporters of `@effect/opentelemetry` read its unit from an attribute. */
const optionsOf = <Attribute extends string>(
  of: metrics.Description<Attribute>,
  values: metrics.Attributes<Attribute>
) => ({
  description: of.description,
  attributes: {
    ...(of.unit === undefined ? {} : { unit: of.unit }),
    ...Object.fromEntries(metrics.valuesOf(of, values))
  }
})

const counter = <Attribute extends string>(
  of: metrics.Counter<Attribute>,
  values: metrics.Attributes<Attribute>
) => Metric.counter(of.name, { ...optionsOf(of, values), incremental: true })

/** Adds to a counter. */
export const count = <Attribute extends string>(
  of: metrics.Counter<Attribute>,
  attributes: metrics.Attributes<Attribute> = {},
  by = 1
): Effect.Effect<void> => Effect.suspend(() => Metric.update(counter(of, attributes), by))

/** Sets a gauge. */
export const set = <Attribute extends string>(
  of: metrics.Gauge<Attribute>,
  value: number,
  attributes: metrics.Attributes<Attribute> = {}
): Effect.Effect<void> => Effect.suspend(() => Metric.update(Metric.gauge(of.name, optionsOf(of, attributes)), value))

/** Adds an observation to a histogram. */
export const record = <Attribute extends string>(
  of: metrics.Histogram<Attribute>,
  value: number,
  attributes: metrics.Attributes<Attribute> = {}
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { boundaries } = of
    return Metric.update(Metric.histogram(of.name, { ...optionsOf(of, attributes), boundaries }), value)
  })

const hits = /*#__PURE__*/ counter(metrics.cacheOutcomes, { "oauth.cache.outcome": "hit" })

/** Counts a cached token that was served. Synchronous, because it is on the path of every call. */
export const unsafeCountHit = (): void => hits.updateUnsafe(1, Fiber.getCurrent()?.context ?? Context.empty())
