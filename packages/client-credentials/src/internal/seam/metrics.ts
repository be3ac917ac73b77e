/**
 * Metrics of `internal/token`, as metrics of Effect, so that every exporter of those exports them too.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as Option from "effect/Option"

import * as metrics from "../token/metrics.js"

export * from "../token/metrics.js"

/** Adds the attributes, and the unit, which the exporters of `@effect/opentelemetry` read from a tag. */
const tagged = <Attribute extends string, Type, Out>(
  metric: Metric.Metric<Type, number, Out>,
  of: metrics.Description<Attribute>,
  values: metrics.Attributes<Attribute>
): Metric.Metric<Type, number, Out> =>
  metrics.valuesOf(of, values).reduce(
    (one, [name, value]) => Metric.tagged(one, name, value),
    of.unit === undefined ? metric : Metric.tagged(metric, "unit", of.unit)
  )

const counter = <Attribute extends string>(
  of: metrics.Counter<Attribute>,
  values: metrics.Attributes<Attribute>
) => tagged(Metric.counter(of.name, { description: of.description, incremental: true }), of, values)

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
): Effect.Effect<void> =>
  Effect.suspend(() =>
    Metric.update(tagged(Metric.gauge(of.name, { description: of.description }), of, attributes), value)
  )

// One object for each histogram: the registry compares boundaries by identity, and other ones are another series.
const knownBoundaries = /*#__PURE__*/ new WeakMap<object, MetricBoundaries.MetricBoundaries>()

const boundariesOf = (of: { readonly boundaries: ReadonlyArray<number> }): MetricBoundaries.MetricBoundaries => {
  const boundaries = knownBoundaries.get(of) ?? MetricBoundaries.fromIterable(of.boundaries)
  knownBoundaries.set(of, boundaries)
  return boundaries
}

/** Adds an observation to a histogram. */
export const record = <Attribute extends string>(
  of: metrics.Histogram<Attribute>,
  value: number,
  attributes: metrics.Attributes<Attribute> = {}
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const histogram = Metric.histogram(of.name, boundariesOf(of), of.description)
    return Metric.update(tagged(histogram, of, attributes), value)
  })

const hits = /*#__PURE__*/ counter(metrics.cacheOutcomes, { "oauth.cache.outcome": "hit" })

/** Counts a cached token that was served. Synchronous, because it is on the path of every call. */
export const unsafeCountHit = (): void => {
  const fiber = Option.getOrUndefined(Fiber.getCurrentFiber())
  hits.unsafeUpdate(1, fiber?.getFiberRef(FiberRef.currentMetricLabels) ?? [])
}
