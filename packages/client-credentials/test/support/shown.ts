/**
 * What an effect shows anywhere: to loggers, to OpenTelemetry, to the console, on the output streams, in its result, in its
 * error, in rejections that nobody handles.
 */
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader
} from "@opentelemetry/sdk-metrics"
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Cause, Effect, Exit, Layer, Logger, LogLevel, Metric, type Scope } from "effect"

import { printed } from "./printed.js"

/** Listens in place of what is there, until the scope closes. */
const overheard = <K extends string>(
  object: { [key in K]: (...values: Array<never>) => unknown },
  method: K,
  heard: (values: ReadonlyArray<unknown>) => void
) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const original = object[method]
      object[method] = (...values: ReadonlyArray<unknown>) => {
        heard(values)
        return true
      }
      return original
    }),
    (original) =>
      Effect.sync(() => {
        object[method] = original
      })
  )

const loggers = [Logger.stringLogger, Logger.logfmtLogger, Logger.jsonLogger, Logger.structuredLogger]

export const shownBy = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<string> =>
  Effect.gen(function*() {
    const shown: Array<string> = []
    const hear = (values: ReadonlyArray<unknown>) =>
      void shown.push(...values.map(printed), values.map(String).join(" "))
    for (const method of ["debug", "info", "log", "warn", "error", "trace"] as const) {
      yield* overheard(console, method, hear)
    }
    yield* overheard(process.stdout, "write", hear)
    yield* overheard(process.stderr, "write", hear)
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const rejected = (reason: unknown) => hear([reason])
        process.on("unhandledRejection", rejected)
        return rejected
      }),
      (rejected) => Effect.sync(() => process.off("unhandledRejection", rejected))
    )

    const spans = new InMemorySpanExporter()
    const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 })
    const telemetry = NodeSdk.layer(() => ({
      resource: { serviceName: "leaks" },
      spanProcessor: new SimpleSpanProcessor(spans),
      metricReader: reader
    }))
    const logged = loggers.map((one) => Logger.add(Logger.make((entry) => shown.push(printed(one.log(entry))))))

    const exit = yield* effect.pipe(
      Effect.scoped,
      Effect.tapErrorCause((cause) => Effect.logError("it failed", cause)),
      Effect.exit,
      Effect.tap((exit) => Effect.log("it ended", exit)),
      Effect.withSpan("it"),
      Effect.tap(() =>
        Effect.promise(async () => {
          hear(
            spans.getFinishedSpans().map(({ attributes, events, links, name, status }) => ({
              attributes,
              events,
              links,
              name,
              status
            }))
          )
          hear([(await reader.collect()).resourceMetrics])
        })
      ),
      Logger.withMinimumLogLevel(LogLevel.All),
      Effect.provide(Layer.mergeAll(telemetry, ...logged))
    )
    // Rejections are told of when the microtasks have ended.
    yield* Effect.async<void>((resume) => {
      setImmediate(() => resume(Effect.void))
    })
    hear([exit, Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit.value, yield* Metric.snapshot])
    if (Exit.isFailure(exit)) shown.push(Cause.pretty(exit.cause))
    return shown.join("\n")
  }).pipe(Effect.scoped)
