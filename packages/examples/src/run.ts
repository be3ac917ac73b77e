/**
 * Runs an example as a separate process, on embedded servers: `npm run example -- quickstart`. The traces of `observed`
 * are printed, and drawn if a file name follows: `npm run example -- observed trace.svg`.
 */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

import { FileSystem } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"

import * as Collector from "./embedded/collector.js"
import * as Embedded from "./embedded/environment.js"
import { Problem } from "./problem.js"
import * as Waterfall from "./waterfall.js"

const examples = ["quickstart", "legacy-token", "two-apis", "tenants", "promise-service", "observed"]

const show = (collector: Collector.Collector, file: string | undefined) =>
  Effect.gen(function*() {
    const waterfalls = Waterfall.waterfalls(yield* collector.spans).filter(({ title }) => title.includes("call"))
    yield* Console.log(Waterfall.text(waterfalls))
    if (file !== undefined) {
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(file, Waterfall.svg(waterfalls))
    }
  })

/** Runs a program of this folder; succeeds with its exit code. */
const start = (name: string, environment: Readonly<Record<string, string>>) =>
  Effect.async<number>((resume) => {
    const child = spawn(process.execPath, [fileURLToPath(new URL(`${name}.js`, import.meta.url))], {
      env: { ...process.env, ...environment },
      stdio: "inherit"
    })
    child.once("exit", (code) => resume(Effect.succeed(code ?? 1)))
    return Effect.sync(() => child.kill())
  })

const program = Effect.gen(function*() {
  const [, , name = "", file] = process.argv
  if (!examples.includes(name)) {
    return yield* new Problem({ message: `Expected the name of an example: ${examples.join(", ")}` })
  }
  const { environment, legacyEnvironment } = yield* Embedded.start
  const collector = yield* Collector.start
  const exitCode = yield* start(name, {
    ...(name === "legacy-token" ? legacyEnvironment : environment),
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url
  })
  if (name === "observed") yield* show(collector, file)
  process.exitCode = exitCode
}).pipe(
  Effect.scoped,
  Effect.tapError((error) => Console.error(error.message)),
  Effect.provide(Layer.mergeAll(NodeHttpClient.layerUndici, NodeContext.layer))
)

NodeRuntime.runMain(program, { disableErrorReporting: true })
