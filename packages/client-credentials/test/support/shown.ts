/**
 * Records the output of an effect: loggers, OpenTelemetry, the console, the output streams, its result, its error,
 * unhandled rejections, files, the arguments of processes, the environment, globals.
 */
import childProcess from "node:child_process"
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { inspect } from "node:util"

import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader
} from "@opentelemetry/sdk-metrics"
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Cause, Effect, Exit, Layer, Logger, LogLevel, Metric, type Scope } from "effect"

import { printed } from "./printed.js"
import * as spans from "./spans.js"

/** Replaces a method by a recorder until the scope closes. */
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

/**
 * Records the calls of methods, which still run, until the scope closes. Named imports of built-in modules are
 * included.
 */
const passedOn = (object: object, methods: ReadonlyArray<string>, heard: (values: ReadonlyArray<unknown>) => void) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const originals = methods.map((method) => {
        const original: unknown = Reflect.get(object, method)
        if (typeof original !== "function") throw new TypeError(`There is no ${method}`)
        Reflect.set(object, method, function(this: unknown, ...values: ReadonlyArray<unknown>): unknown {
          heard(values)
          return Reflect.apply(original, this, values)
        })
        return [method, original] as const
      })
      syncBuiltinESMExports()
      return originals
    }),
    (originals) =>
      Effect.sync(() => {
        for (const [method, original] of originals) Reflect.set(object, method, original)
        syncBuiltinESMExports()
      })
  )

const writing = ["appendFile", "appendFileSync", "write", "writeFile", "writeFileSync", "writeSync"]
const starting = ["exec", "execFile", "execFileSync", "execSync", "fork", "spawn", "spawnSync"]

/** Captures the state that other code of the process, or a list of processes, can read. */
const surroundings = () => {
  const before = new Set(Object.getOwnPropertyNames(globalThis))
  const environment = { ...process.env }
  const { title } = process
  return {
    now: (): ReadonlyArray<unknown> => [
      process.title,
      process.argv,
      // Only the changes, since a failure prints them.
      Object.entries(process.env).filter(([name, value]) => environment[name] !== value),
      Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name)).map((name) => [
        name,
        Reflect.get(globalThis, name)
      ])
    ],
    restore: () => {
      process.title = title
      for (const name of Object.keys(process.env)) {
        if (environment[name] === undefined) Reflect.deleteProperty(process.env, name)
      }
      Object.assign(process.env, environment)
    }
  }
}

/**
 * Records the exits of spans in addition to the current tracer, which may keep them: without their custom inspection.
 */
const withExits =
  (heard: (text: string) => void) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Effect.tracer, (tracer) =>
      effect.pipe(spans.tracedBy(
        spans.listening(tracer, (exit) => heard(inspect(exit, { depth: 12, showHidden: true, customInspect: false })))
      )))

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

    yield* passedOn(fs, writing, hear)
    yield* passedOn(fs.promises, ["appendFile", "writeFile"], hear)
    yield* passedOn(childProcess, starting, hear)
    const around = yield* Effect.acquireRelease(Effect.sync(surroundings), ({ restore }) => Effect.sync(restore))

    const exported = new InMemorySpanExporter()
    const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 })
    const telemetry = NodeSdk.layer(() => ({
      resource: { serviceName: "leaks" },
      spanProcessor: new SimpleSpanProcessor(exported),
      metricReader: reader
    }))
    const logged = loggers.map((one) => Logger.add(Logger.make((entry) => shown.push(printed(one.log(entry))))))

    const exit = yield* effect.pipe(
      Effect.scoped,
      Effect.tapErrorCause((cause) => Effect.logError("it failed", cause)),
      Effect.exit,
      Effect.tap((exit) => Effect.log("it ended", exit)),
      Effect.withSpan("it"),
      withExits((text) => void shown.push(text)),
      Effect.tap(() =>
        Effect.promise(async () => {
          hear(
            exported.getFinishedSpans().map(({ attributes, events, links, name, status }) => ({
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
    // Rejections are reported after the microtasks.
    yield* Effect.async<void>((resume) => {
      setImmediate(() => resume(Effect.void))
    })
    hear(around.now())
    hear([exit, Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit.value, yield* Metric.snapshot])
    if (Exit.isFailure(exit)) shown.push(Cause.pretty(exit.cause))
    // Values behind getters can be reached too.
    shown.push(inspect(exit, { depth: Infinity, showHidden: true, getters: true }))
    return shown.join("\n")
  }).pipe(Effect.scoped)
