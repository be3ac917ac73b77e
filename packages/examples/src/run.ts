/**
 * Runs an example, as a process of its own, on embedded servers: `npm run example -- quickstart`.
 */
import { fileURLToPath } from "node:url"

import { Command } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"

import * as Embedded from "./embedded/environment.js"
import { Problem } from "./problem.js"

const examples = ["quickstart", "legacy-token", "two-apis", "tenants", "promise-service"]

const program = Effect.gen(function*() {
  const name = process.argv[2] ?? ""
  if (!examples.includes(name)) {
    return yield* new Problem({ message: `Expected the name of an example: ${examples.join(", ")}` })
  }
  const { environment, legacyEnvironment } = yield* Embedded.start
  const exitCode = yield* Command.make(process.execPath, fileURLToPath(new URL(`${name}.js`, import.meta.url))).pipe(
    Command.env(name === "legacy-token" ? legacyEnvironment : environment),
    Command.stdout("inherit"),
    Command.stderr("inherit"),
    Command.exitCode
  )
  process.exitCode = exitCode
}).pipe(
  Effect.scoped,
  Effect.tapError((error) => Console.error(error.message)),
  Effect.provide(Layer.mergeAll(NodeHttpClient.layerUndici, NodeContext.layer))
)

NodeRuntime.runMain(program, { disableErrorReporting: true })
