/**
 * A collector that receives OTLP in JSON, and keeps it in memory.
 */
import * as Http from "node:http"

import { Effect, Schema } from "effect"

import { listen } from "./listen.js"

const Attribute = Schema.Struct({
  key: Schema.String,
  value: Schema.Record({ key: Schema.String, value: Schema.Unknown })
})

const Span = Schema.Struct({
  traceId: Schema.String,
  spanId: Schema.String,
  parentSpanId: Schema.optional(Schema.String),
  name: Schema.String,
  kind: Schema.Number,
  startTimeUnixNano: Schema.String,
  endTimeUnixNano: Schema.String,
  attributes: Schema.Array(Attribute),
  links: Schema.optional(Schema.Array(Schema.Struct({ traceId: Schema.String, spanId: Schema.String })))
})

const Metric = Schema.Struct({ name: Schema.String, unit: Schema.optional(Schema.String) })

export type Span = typeof Span.Type
export type Metric = typeof Metric.Type

const Traces = Schema.parseJson(Schema.Struct({
  resourceSpans: Schema.Array(Schema.Struct({
    scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Span) }))
  }))
}))

const Metrics = Schema.parseJson(Schema.Struct({
  resourceMetrics: Schema.Array(Schema.Struct({
    scopeMetrics: Schema.Array(Schema.Struct({ metrics: Schema.Array(Metric) }))
  }))
}))

export interface Collector {
  readonly url: string
  readonly spans: Effect.Effect<ReadonlyArray<Span>>
  readonly metrics: Effect.Effect<ReadonlyArray<Metric>>
  /** All received data, unchanged. */
  readonly received: Effect.Effect<ReadonlyArray<string>>
}

export const start = Effect.gen(function*() {
  const bodies: Array<{ readonly path: string; readonly text: string }> = []
  const http = Http.createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
      bodies.push({ path: request.url ?? "", text: Buffer.concat(chunks).toString() })
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
  })
  const url = yield* listen(http)
  const of = <A>(path: string, schema: Schema.Schema<A, string>) =>
    Effect.suspend(() =>
      Effect.forEach(bodies.filter((one) => one.path === path), ({ text }) => Schema.decode(schema)(text))
    ).pipe(Effect.orDie)

  const collector: Collector = {
    url,
    spans: Effect.map(
      of("/v1/traces", Traces),
      (all) =>
        all.flatMap(({ resourceSpans }) => resourceSpans).flatMap(({ scopeSpans }) => scopeSpans).flatMap((one) =>
          one.spans
        )
    ),
    metrics: Effect.map(
      of("/v1/metrics", Metrics),
      (all) =>
        all.flatMap(({ resourceMetrics }) => resourceMetrics).flatMap(({ scopeMetrics }) => scopeMetrics).flatMap((
          one
        ) => one.metrics)
    ),
    received: Effect.sync(() => bodies.map(({ text }) => text))
  }
  return collector
})
