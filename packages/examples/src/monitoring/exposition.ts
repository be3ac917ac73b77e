/**
 * The metrics of this process in the format of Prometheus, under the names of one of two exporters:
 * OpenTelemetry's exporter for Prometheus, which omits units, and the translation of OTLP, which appends them.
 */
import { Metric, type MetricKey, MetricState } from "effect"

export type Naming = "exporter" | "otlp"

type Key = MetricKey.MetricKey.Untyped

const unitOf = ({ tags }: Key): string | undefined => tags.find(({ key }) => key === "unit")?.value

const underscored = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_]/g, "_")

/** In OTLP, a gauge without a unit is a ratio. */
const suffixOf = (key: Key, state: MetricState.MetricState.Untyped, naming: Naming): string => {
  if (naming === "exporter") return ""
  if (unitOf(key) === "s") return "_seconds"
  return MetricState.isGaugeState(state) && unitOf(key) === undefined ? "_ratio" : ""
}

const line = (name: string, labels: ReadonlyArray<readonly [string, string]>, value: number): string => {
  const shown = labels.map(([label, text]) =>
    `${underscored(label)}="${text.replaceAll(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`
  )
  return `${name}{${shown.join(",")}} ${value}`
}

const linesOf = ({ metricKey, metricState }: ReturnType<typeof Metric.unsafeSnapshot>[number], naming: Naming) => {
  const name = underscored(metricKey.name) + suffixOf(metricKey, metricState, naming)
  const labels = metricKey.tags.map(({ key, value }) => [key, value] as const)
  if (MetricState.isCounterState(metricState)) return [line(`${name}_total`, labels, Number(metricState.count))]
  if (MetricState.isGaugeState(metricState)) return [line(name, labels, Number(metricState.value))]
  if (!MetricState.isHistogramState(metricState)) return []
  const { buckets, count, sum } = metricState
  return [
    ...buckets.map(([most, value]) =>
      line(`${name}_bucket`, [...labels, ["le", most < Number.MAX_VALUE ? String(most) : "+Inf"]], value)
    ),
    line(`${name}_sum`, labels, sum),
    line(`${name}_count`, labels, count)
  ]
}

export const exposition = (naming: Naming): string =>
  Metric.unsafeSnapshot()
    .filter(({ metricKey }) => metricKey.name.startsWith("oauth."))
    .flatMap((pair) => [...linesOf(pair, naming), ""])
    .join("\n")
